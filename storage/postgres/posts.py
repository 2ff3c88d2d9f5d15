"""Posts in PostgreSQL. Counts are kept by triggers, never by a look before."""

from collections.abc import Sequence

import asyncpg

from storage.contracts.social import PageKey
from storage.postgres.card_rows import card_of
from storage.postgres.identity import before as page_before
from storage.postgres.identity import id_of, ids_of
from storage.postgres.once import PostgresOnce
from storage.postgres.pool import PostgresPool, Transaction
from storage.postgres.statement import load_statement
from storage.records.moments import microseconds
from storage.records.once import Once
from storage.records.posts import PostKey, PostRecord

SERVICE = "posts"
FORGOTTEN_AT_ONCE = 500


class PostgresPosts:
    """A `PostStore`, and its `FeedPosts`."""

    def __init__(self, pool: PostgresPool, once: PostgresOnce) -> None:
        self._pool = pool
        self._once = once
        self._insert = load_statement(SERVICE, "post_insert")
        self._list_by_ids = load_statement(SERVICE, "post_list_by_ids")
        self._page_by_author = load_statement(SERVICE, "post_page_by_author")
        self._page_of_feed = load_statement(SERVICE, "post_page_of_feed")
        self._keys = load_statement(SERVICE, "post_keys_of_authors")
        self._author = load_statement(SERVICE, "post_author")
        self._delete = load_statement(SERVICE, "post_delete")
        self._hide = load_statement(SERVICE, "post_hide")
        self._forget = load_statement(SERVICE, "user_forget")
        self._forget_posts = load_statement(SERVICE, "user_posts_delete")

    async def create(self, author_id: str, content: str, event_id: str | None, once: Once | None) -> str:
        values = (id_of(author_id), content, id_of(event_id) if event_id else None)
        if once is None:
            return str((await self._pool.write(self._insert, *values))[0]["id"])

        async def make(transaction: Transaction) -> str:
            return str((await transaction.rows(self._insert, *values))[0]["id"])

        return await self._once.make(once, make)

    async def find(self, ids: Sequence[str], viewer_id: str) -> list[PostRecord]:
        wanted = ids_of(ids)
        if not wanted:
            return []
        return [_post_of(row) for row in await self._pool.rows(self._list_by_ids, wanted, id_of(viewer_id))]

    async def by_author(
        self, author_id: str, before: PageKey | None, viewer_id: str, limit: int
    ) -> list[PostRecord]:
        rows = await self._pool.rows(
            self._page_by_author, id_of(author_id), *page_before(before), id_of(viewer_id), limit
        )
        return [_post_of(row) for row in rows]

    async def newest(
        self, ids: Sequence[str], authors: Sequence[str], before: PageKey | None, viewer_id: str, limit: int
    ) -> list[PostRecord]:
        rows = await self._pool.rows(
            self._page_of_feed, ids_of(ids), ids_of(authors), *page_before(before), id_of(viewer_id), limit
        )
        return [_post_of(row) for row in rows]

    async def keys(self, authors: Sequence[str], limit: int) -> list[PostKey]:
        rows = await self._pool.rows(self._keys, ids_of(authors), limit)
        return [
            PostKey(microseconds(row["created_at"]), str(row["id"]), str(row["author_id"])) for row in rows
        ]

    async def author(self, post_id: str) -> str | None:
        row = await self._pool.row(self._author, id_of(post_id))
        return str(row["author_id"]) if row else None

    async def delete(self, post_id: str, author_id: str) -> bool:
        return bool(await self._pool.write(self._delete, id_of(post_id), id_of(author_id)))

    async def hide(self, post_id: str, *, hidden: bool) -> bool:
        return bool(await self._pool.write(self._hide, id_of(post_id), hidden))

    async def forget(self, user_id: str) -> None:
        known = id_of(user_id)
        await self._pool.write(self._forget, known)
        while await self._pool.write(self._forget_posts, known, FORGOTTEN_AT_ONCE):
            pass


def _post_of(row: asyncpg.Record) -> PostRecord:
    return PostRecord(
        id=str(row["id"]),
        author=card_of(row, str(row["author_id"])),
        content=row["content"],
        event_id=str(row["event_id"]) if row["event_id"] else None,
        like_count=row["like_count"],
        comment_count=row["comment_count"],
        liked_by_me=row["liked_by_me"],
        created_at=row["created_at"],
    )
