"""Follows and blocks in PostgreSQL. Counts and fences are the database's; nothing is looked up before."""

from collections.abc import Mapping, Sequence

import asyncpg

from storage.contracts.social import PageKey
from storage.postgres.card_rows import card_of
from storage.postgres.identity import before as page_before
from storage.postgres.identity import id_of, ids_of
from storage.postgres.pool import PostgresPool
from storage.postgres.statement import Statement, load_statement
from storage.records.social import FollowRecord, SocialStats

SERVICE = "social"


class PostgresSocial:
    """A `SocialStore`."""

    def __init__(self, pool: PostgresPool) -> None:
        self._pool = pool
        self._follow = load_statement(SERVICE, "follow_insert")
        self._unfollow = load_statement(SERVICE, "follow_delete")
        self._block = load_statement(SERVICE, "block_insert")
        self._unblock = load_statement(SERVICE, "block_delete")
        self._blocks = load_statement(SERVICE, "block_list")
        self._followers = load_statement(SERVICE, "follower_page")
        self._following = load_statement(SERVICE, "following_page")
        self._stats = load_statement(SERVICE, "stats_get")
        self._among = load_statement(SERVICE, "followee_check")
        self._acquainted = load_statement(SERVICE, "acquaintance_list")
        self._forget = load_statement(SERVICE, "user_forget")
        self._stats_delete = load_statement(SERVICE, "stats_delete")

    async def follow(self, follower_id: str, following_id: str) -> bool:
        return bool(await self._pool.write(self._follow, id_of(follower_id), id_of(following_id)))

    async def unfollow(self, follower_id: str, following_id: str) -> bool:
        return bool(await self._pool.write(self._unfollow, id_of(follower_id), id_of(following_id)))

    async def block(self, blocker_id: str, blocked_id: str) -> bool:
        return bool(await self._pool.write(self._block, id_of(blocker_id), id_of(blocked_id)))

    async def unblock(self, blocker_id: str, blocked_id: str) -> bool:
        return bool(await self._pool.write(self._unblock, id_of(blocker_id), id_of(blocked_id)))

    async def blocks(self, user_ids: Sequence[str]) -> Mapping[str, Sequence[str]]:
        found: dict[str, list[str]] = {}
        for row in await self._pool.rows(self._blocks, ids_of(user_ids)):
            found.setdefault(str(row["user_id"]), []).append(str(row["other_id"]))
        return found

    async def followers(
        self, user_id: str, before: PageKey | None, hidden: Sequence[str], limit: int
    ) -> list[FollowRecord]:
        return await self._page(self._followers, user_id, before, hidden, limit)

    async def following(
        self, user_id: str, before: PageKey | None, hidden: Sequence[str], limit: int
    ) -> list[FollowRecord]:
        return await self._page(self._following, user_id, before, hidden, limit)

    async def stats(self, user_id: str) -> SocialStats:
        row = await self._pool.row(self._stats, id_of(user_id))
        return SocialStats(*row.values()) if row else SocialStats()

    async def followed_among(self, user_id: str, others: Sequence[str]) -> set[str]:
        rows = await self._pool.rows(self._among, id_of(user_id), ids_of(others))
        return {str(row["following_id"]) for row in rows}

    async def acquainted(self, user_id: str, others: Sequence[str]) -> set[str]:
        rows = await self._pool.rows(self._acquainted, id_of(user_id), ids_of(others))
        return {str(row["other_id"]) for row in rows}

    async def forget(self, user_id: str) -> None:
        known = id_of(user_id)
        async with self._pool.transaction() as transaction:
            await transaction.row(self._forget, known)
            await transaction.row(self._stats_delete, known)

    async def _page(
        self,
        statement: Statement,
        user_id: str,
        before: PageKey | None,
        hidden: Sequence[str],
        limit: int,
    ) -> list[FollowRecord]:
        rows = await self._pool.rows(statement, id_of(user_id), *page_before(before), ids_of(hidden), limit)
        return [_follow_of(row) for row in rows]


def _follow_of(row: asyncpg.Record) -> FollowRecord:
    return FollowRecord(str(row["id"]), row["created_at"], card_of(row, str(row["user_id"])))
