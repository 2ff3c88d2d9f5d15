"""Follows and blocks in PostgreSQL. Constraints and triggers enforce the rules and maintain the counts."""

from collections.abc import Mapping, Sequence

import asyncpg

from config.limits import FOLLOW_REQUESTS_RECEIVED, FOLLOW_REQUESTS_SENT, FOLLOWS_MAX
from storage.contracts.paging import PageKey
from storage.contracts.social import BlockRecord, FollowRecord, RelationRecord, SocialStats
from storage.postgres.pool import PostgresPool
from storage.postgres.statement import Statement, load_statement
from storage.postgres.user_rows import to_user_card
from storage.postgres.user_writers import UserWriters
from storage.postgres.uuid_params import MIN_UUID, page_before, to_uuid, to_uuids

SERVICE = "social"
DELETE_BATCH_ROWS = 1000


class PostgresSocial:
    """Implements `storage.contracts.social.SocialStore`."""

    def __init__(self, pool: PostgresPool) -> None:
        self._pool = pool
        self._follow = load_statement(SERVICE, "social", "follow_add")
        self._unfollow = load_statement(SERVICE, "social", "follow_remove")
        self._block = load_statement(SERVICE, "social", "block_insert")
        self._block_count = load_statement(SERVICE, "social", "block_count")
        self._unblock = load_statement(SERVICE, "social", "block_delete")
        self._blocks = load_statement(SERVICE, "social", "block_list")
        self._recent_blocks = load_statement(SERVICE, "social", "block_recent")
        self._block_page = load_statement(SERVICE, "social", "block_page")
        self._follows_among = load_statement(SERVICE, "social", "follow_filter")
        self._followers = load_statement(SERVICE, "social", "follower_page")
        self._following = load_statement(SERVICE, "social", "following_page")
        self._blocked_users = load_statement(SERVICE, "social", "blocked_page")
        self._relations = load_statement(SERVICE, "social", "relation_list")
        self._stats = load_statement(SERVICE, "social", "stats_get")
        self._followed_among = load_statement(SERVICE, "social", "followee_filter")
        self._feed_authors_among = load_statement(SERVICE, "social", "feed_author_filter")
        self._followers_among = load_statement(SERVICE, "social", "follower_filter")
        self._connected_among = load_statement(SERVICE, "social", "connection_list")
        self._user_writers = UserWriters(pool)
        self._delete_user_requests = load_statement(SERVICE, "social", "user_requests_delete")
        self._delete_user_follows = load_statement(SERVICE, "social", "user_follows_delete")
        self._delete_user_blocks = load_statement(SERVICE, "social", "user_blocks_delete")
        self._delete_user_data = load_statement(SERVICE, "social", "user_data_delete")
        self._stats_delete = load_statement(SERVICE, "social", "stats_delete")

    async def follow(self, follower_id: str, following_id: str) -> bool:
        rows = await self._pool.write(
            self._follow,
            to_uuid(follower_id),
            to_uuid(following_id),
            FOLLOWS_MAX,
            FOLLOW_REQUESTS_RECEIVED,
            FOLLOW_REQUESTS_SENT,
        )
        return bool(rows[0]["outcome"] == "followed")

    async def unfollow(self, follower_id: str, following_id: str) -> bool:
        rows = await self._pool.write(self._unfollow, to_uuid(follower_id), to_uuid(following_id))
        return bool(rows[0]["removed"])

    async def block(self, blocker_id: str, blocked_id: str) -> bool:
        return bool(await self._pool.write(self._block, to_uuid(blocker_id), to_uuid(blocked_id)))

    async def count_blocks_of_others(self, blocker_id: str, blocked_id: str, at_most: int) -> int:
        row = await self._pool.row(self._block_count, to_uuid(blocker_id), to_uuid(blocked_id), at_most)
        return row["block_count"] if row else 0

    async def unblock(self, blocker_id: str, blocked_id: str) -> bool:
        return bool(await self._pool.write(self._unblock, to_uuid(blocker_id), to_uuid(blocked_id)))

    async def recent_blocks(self, within_s: float, limit: int) -> list[tuple[str, str]]:
        rows = await self._pool.rows(self._recent_blocks, within_s, limit)
        return [(str(row["blocker_id"]), str(row["blocked_id"])) for row in rows]

    async def blocks(self, user_ids: Sequence[str]) -> Mapping[str, Sequence[str]]:
        blocks: dict[str, list[str]] = {}
        for row in await self._pool.rows(self._blocks, to_uuids(user_ids)):
            blocks.setdefault(str(row["user_id"]), []).append(str(row["other_id"]))
        return blocks

    async def page_blocks(self, after: tuple[str, str] | None, limit: int) -> list[tuple[str, str]]:
        blocker_id, blocked_id = after or ("", "")
        rows = await self._pool.rows(
            self._block_page, to_uuid(blocker_id) or MIN_UUID, to_uuid(blocked_id) or MIN_UUID, limit
        )
        return [(str(row["blocker_id"]), str(row["blocked_id"])) for row in rows]

    async def follows_among(self, pairs: Sequence[tuple[str, str]]) -> set[tuple[str, str]]:
        if not pairs:
            return set()
        rows = await self._pool.rows(
            self._follows_among,
            to_uuids([follower_id for follower_id, _ in pairs]),
            to_uuids([following_id for _, following_id in pairs]),
        )
        return {(str(row["follower_id"]), str(row["following_id"])) for row in rows}

    async def followers(
        self, user_id: str, before: PageKey | None, excluded_user_ids: Sequence[str], limit: int
    ) -> list[FollowRecord]:
        return await self._page(self._followers, user_id, before, excluded_user_ids, limit)

    async def following(
        self, user_id: str, before: PageKey | None, excluded_user_ids: Sequence[str], limit: int
    ) -> list[FollowRecord]:
        return await self._page(self._following, user_id, before, excluded_user_ids, limit)

    async def blocked_users(self, user_id: str, before: PageKey | None, limit: int) -> list[BlockRecord]:
        rows = await self._pool.rows(self._blocked_users, to_uuid(user_id), *page_before(before), limit)
        return [BlockRecord(to_user_card(row, str(row["user_id"])), row["created_at"]) for row in rows]

    async def relations(self, user_id: str, others: Sequence[str]) -> Mapping[str, RelationRecord]:
        rows = await self._pool.rows(self._relations, to_uuid(user_id), to_uuids(others))
        return {str(row["other_id"]): _to_relation(row) for row in rows}

    async def stats(self, user_id: str) -> SocialStats:
        row = await self._pool.row(self._stats, to_uuid(user_id))
        return SocialStats(*row.values()) if row else SocialStats()

    async def followed_among(self, user_id: str, others: Sequence[str]) -> set[str]:
        rows = await self._pool.rows(self._followed_among, to_uuid(user_id), to_uuids(others))
        return {str(row["following_id"]) for row in rows}

    async def feed_authors_among(self, user_id: str, others: Sequence[str]) -> set[str]:
        rows = await self._pool.rows(self._feed_authors_among, to_uuid(user_id), to_uuids(others))
        return {str(row["following_id"]) for row in rows}

    async def followers_among(self, user_id: str, others: Sequence[str]) -> set[str]:
        rows = await self._pool.rows(self._followers_among, to_uuid(user_id), to_uuids(others))
        return {str(row["follower_id"]) for row in rows}

    async def connected_among(self, user_id: str, others: Sequence[str]) -> set[str]:
        rows = await self._pool.rows(self._connected_among, to_uuid(user_id), to_uuids(others))
        return {str(row["other_id"]) for row in rows}

    async def remove_user(self, user_id: str) -> None:
        user_uuid = to_uuid(user_id)
        await self._user_writers.wait_for(user_uuid)
        await self._pool.write_until_none(self._delete_user_follows, user_uuid, DELETE_BATCH_ROWS)
        await self._pool.write_until_none(self._delete_user_blocks, user_uuid, DELETE_BATCH_ROWS)
        async with self._pool.transaction() as transaction:
            await transaction.rows(self._delete_user_requests, user_uuid)
            await transaction.row(self._delete_user_data, user_uuid)
            await transaction.row(self._stats_delete, user_uuid)

    async def _page(
        self,
        statement: Statement,
        user_id: str,
        before: PageKey | None,
        excluded_user_ids: Sequence[str],
        limit: int,
    ) -> list[FollowRecord]:
        rows = await self._pool.rows(
            statement, to_uuid(user_id), *page_before(before), to_uuids(excluded_user_ids), limit
        )
        return [_to_follow(row) for row in rows]


def _to_relation(row: asyncpg.Record) -> RelationRecord:
    return RelationRecord(
        following=row["following"],
        requested=row["requested"],
        followed_by=row["followed_by"],
        muted=row["muted"],
        blocking=row["blocking"],
        blocked_by=row["blocked_by"],
        stats=SocialStats(row["followers_count"], row["following_count"], row["posts_count"]),
    )


def _to_follow(row: asyncpg.Record) -> FollowRecord:
    return FollowRecord(str(row["id"]), row["created_at"], to_user_card(row, str(row["user_id"])))
