"""Bookmarks of posts in PostgreSQL."""

from collections.abc import Sequence

from storage.contracts.paging import PageKey
from storage.contracts.posts import BookmarkRecord
from storage.errors import Conflict, Missing
from storage.postgres.pool import PostgresPool
from storage.postgres.statement import load_statement
from storage.postgres.uuid_params import page_before, to_uuid, to_uuids

SERVICE = "posts"
MISSING_POST_CONSTRAINTS = {"bookmarks_post_id_fkey", "NotNullViolationError"}


class PostgresBookmarks:
    """Implements `storage.contracts.posts.BookmarkStore`."""

    def __init__(self, pool: PostgresPool) -> None:
        self._pool = pool
        self._insert = load_statement(SERVICE, "bookmarks", "bookmark_insert")
        self._count = load_statement(SERVICE, "bookmarks", "bookmark_count")
        self._delete = load_statement(SERVICE, "bookmarks", "bookmark_delete")
        self._page = load_statement(SERVICE, "bookmarks", "bookmark_page")

    async def add(self, post_id: str, user_id: str) -> bool:
        try:
            return bool(await self._pool.write(self._insert, to_uuid(post_id), to_uuid(user_id)))
        except Conflict as conflict:
            if conflict.constraint in MISSING_POST_CONSTRAINTS:
                raise Missing from None
            raise

    async def count_others(self, user_id: str, post_id: str, limit: int) -> int:
        row = await self._pool.row(self._count, to_uuid(user_id), to_uuid(post_id), limit)
        return int(row["bookmark_count"]) if row else 0

    async def remove(self, post_id: str, user_id: str) -> bool:
        return bool(await self._pool.write(self._delete, to_uuid(post_id), to_uuid(user_id)))

    async def page(
        self, user_id: str, before: PageKey | None, excluded_user_ids: Sequence[str], limit: int
    ) -> list[BookmarkRecord]:
        rows = await self._pool.rows(
            self._page, to_uuid(user_id), *page_before(before), to_uuids(excluded_user_ids), limit
        )
        return [
            BookmarkRecord(
                str(row["id"]),
                str(row["post_id"]),
                row["created_at"],
                str(row["author_id"]),
                row["visibility"],
            )
            for row in rows
        ]
