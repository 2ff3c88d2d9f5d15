"""Who gets the posts of an author and how, and post counts, in PostgreSQL; for feeds."""

from collections.abc import Mapping, Sequence

from storage.contracts.domain_events import CursorUpdate
from storage.contracts.social import FanOutState, Followees, PostsCount
from storage.postgres.cursors import PostgresCursors
from storage.postgres.pool import PostgresPool
from storage.postgres.statement import load_statement
from storage.postgres.user_writers import UserWriters
from storage.postgres.uuid_params import MIN_UUID, to_uuid, to_uuids

SERVICE = "social"
BATCH_ROWS = 5000
"""Rows that a statement changes where all have to: it has a time limit."""


class PostgresAudiences:
    """Implements `storage.contracts.social.AudienceStore`."""

    def __init__(self, pool: PostgresPool, cursors: PostgresCursors) -> None:
        self._pool = pool
        self._cursors = cursors
        self._followees = load_statement(SERVICE, "audiences", "followee_list")
        self._feed_authors = load_statement(SERVICE, "audiences", "feed_author_list")
        self._excluded_authors = load_statement(SERVICE, "audiences", "excluded_author_list")
        self._followers = load_statement(SERVICE, "audiences", "follower_list")
        self._fan_out_states = load_statement(SERVICE, "audiences", "fan_out_state_list")
        self._broadcast = load_statement(SERVICE, "audiences", "broadcast_set")
        self._mark_settled = load_statement(SERVICE, "audiences", "broadcast_mark_settled")
        self._user_writers = UserWriters(pool)
        self._set_posts_counts = load_statement(SERVICE, "audiences", "posts_count_upsert")
        self._reset_versions = load_statement(SERVICE, "audiences", "posts_count_reset_versions")

    async def followees(self, user_id: str) -> Followees:
        followees = Followees([], [])
        for row in await self._pool.rows(self._followees, to_uuid(user_id)):
            authors = followees.broadcast if row["broadcast"] else followees.fanned_out
            authors.append(str(row["following_id"]))
        return followees

    async def feed_authors(self, user_id: str) -> list[str]:
        rows = await self._pool.rows(self._feed_authors, to_uuid(user_id))
        return [str(row["following_id"]) for row in rows]

    async def excluded_authors(self, user_id: str) -> list[str]:
        rows = await self._pool.rows(self._excluded_authors, to_uuid(user_id))
        return [str(row["author_id"]) for row in rows]

    async def followers_after(self, user_id: str, after: str, limit: int) -> list[str]:
        rows = await self._pool.rows(self._followers, to_uuid(user_id), to_uuid(after) or MIN_UUID, limit)
        return [str(row["follower_id"]) for row in rows]

    async def fan_out_states(self, user_ids: Sequence[str]) -> Mapping[str, FanOutState]:
        rows = await self._pool.rows(self._fan_out_states, to_uuids(user_ids))
        return {str(row["user_id"]): FanOutState(*list(row.values())[1:]) for row in rows}

    async def set_broadcast(self, user_id: str) -> None:
        await self._pool.write(self._broadcast, to_uuid(user_id))

    async def mark_broadcast_settled(self, user_id: str) -> None:
        await self._pool.write(self._mark_settled, to_uuid(user_id))

    async def set_posts_counts(
        self, counts: Sequence[PostsCount], cursor_update: CursorUpdate | None
    ) -> None:
        latest: dict[str, PostsCount] = {}
        for count in sorted(counts, key=lambda count: count.source_event_id):
            latest[count.user_id] = count
        rows = list(latest.values())
        async with self._pool.transaction() as transaction:
            if rows:
                user_ids = to_uuids(row.user_id for row in rows)
                await self._user_writers.lock_in(transaction, user_ids)
                await transaction.rows(
                    self._set_posts_counts,
                    user_ids,
                    [row.posts_count for row in rows],
                    [row.source_event_id for row in rows],
                )
            await self._cursors.advance_in(transaction, cursor_update)

    async def reset_posts_count_versions(self) -> None:
        await self._pool.write_until_none(self._reset_versions, BATCH_ROWS)
