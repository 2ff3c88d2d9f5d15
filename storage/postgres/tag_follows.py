"""Followed tags in PostgreSQL."""

from collections.abc import Sequence

import asyncpg

from storage.contracts.feed import TagFollowRecord
from storage.contracts.paging import PageKey
from storage.postgres.pool import PostgresPool
from storage.postgres.statement import load_statement
from storage.postgres.uuid_params import page_before, to_uuid

SERVICE = "posts"


class PostgresTagFollows:
    """Implements `storage.contracts.feed.TagFollowStore`."""

    def __init__(self, pool: PostgresPool) -> None:
        self._pool = pool
        self._insert = load_statement(SERVICE, "tag_follows", "tag_follow_insert")
        self._count = load_statement(SERVICE, "tag_follows", "tag_follow_count")
        self._delete = load_statement(SERVICE, "tag_follows", "tag_follow_delete")
        self._get = load_statement(SERVICE, "tag_follows", "tag_follow_get")
        self._page = load_statement(SERVICE, "tag_follows", "tag_follow_page")

    async def follow(self, user_id: str, tag_key: str, name: str) -> bool:
        return bool(await self._pool.write(self._insert, to_uuid(user_id), tag_key, name))

    async def count_others(self, user_id: str, tag_key: str) -> int:
        row = await self._pool.row(self._count, to_uuid(user_id), tag_key)
        return int(row["tag_count"]) if row else 0

    async def unfollow(self, user_id: str, tag_key: str) -> bool:
        return bool(await self._pool.write(self._delete, to_uuid(user_id), tag_key))

    async def get(self, user_id: str, tag_key: str) -> TagFollowRecord | None:
        row = await self._pool.row(self._get, to_uuid(user_id), tag_key)
        return _to_record(row) if row else None

    async def page(self, user_id: str, before: PageKey | None, limit: int) -> Sequence[TagFollowRecord]:
        rows = await self._pool.rows(self._page, to_uuid(user_id), *page_before(before), limit)
        return [_to_record(row) for row in rows]


def _to_record(row: asyncpg.Record) -> TagFollowRecord:
    return TagFollowRecord(str(row["id"]), row["name"], row["created_at"])
