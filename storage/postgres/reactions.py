"""Comments and likes in PostgreSQL. The foreign key says whether there is such a post."""

from collections.abc import Sequence

import asyncpg

from storage.contracts.social import PageKey
from storage.errors import Conflict, Missing
from storage.postgres.card_rows import card_of
from storage.postgres.identity import after as page_after
from storage.postgres.identity import before as page_before
from storage.postgres.identity import id_of, ids_of
from storage.postgres.once import PostgresOnce
from storage.postgres.pool import PostgresPool, Transaction
from storage.postgres.statement import load_statement
from storage.records.once import Once
from storage.records.posts import CommentRecord, LikeRecord

SERVICE = "posts"
NO_SUCH_POST = {"post_likes_post_id_fkey", "comments_post_id_fkey", "NotNullViolationError"}


class PostgresReactions:
    """A `ReactionStore`."""

    def __init__(self, pool: PostgresPool, once: PostgresOnce) -> None:
        self._pool = pool
        self._once = once
        self._like = load_statement(SERVICE, "like_insert")
        self._unlike = load_statement(SERVICE, "like_delete")
        self._likes = load_statement(SERVICE, "like_page")
        self._comment = load_statement(SERVICE, "comment_insert")
        self._get_comment = load_statement(SERVICE, "comment_get")
        self._comments = load_statement(SERVICE, "comment_page")
        self._delete_comment = load_statement(SERVICE, "comment_delete")

    async def like(self, post_id: str, user_id: str) -> bool:
        try:
            return bool(await self._pool.write(self._like, id_of(post_id), id_of(user_id)))
        except Conflict as conflict:
            raise _missing(conflict) from None

    async def unlike(self, post_id: str, user_id: str) -> bool:
        return bool(await self._pool.write(self._unlike, id_of(post_id), id_of(user_id)))

    async def likes(
        self, post_id: str, before: PageKey | None, hidden: Sequence[str], limit: int
    ) -> list[LikeRecord]:
        rows = await self._pool.rows(self._likes, id_of(post_id), *page_before(before), ids_of(hidden), limit)
        return [
            LikeRecord(str(row["id"]), row["created_at"], card_of(row, str(row["user_id"]))) for row in rows
        ]

    async def comment(self, post_id: str, author_id: str, content: str, once: Once | None) -> str:
        async def make(transaction: Transaction) -> str:
            rows = await transaction.rows(self._comment, id_of(post_id), id_of(author_id), content)
            return str(rows[0]["id"])

        try:
            return await self._once.make(once, make)
        except Conflict as conflict:
            raise _missing(conflict) from None

    async def find_comment(self, comment_id: str) -> CommentRecord | None:
        row = await self._pool.row(self._get_comment, id_of(comment_id))
        return _comment_of(row, str(row["post_author_id"])) if row else None

    async def comments(
        self, post_id: str, after: PageKey | None, hidden: Sequence[str], limit: int
    ) -> list[CommentRecord]:
        rows = await self._pool.rows(
            self._comments, id_of(post_id), *page_after(after), ids_of(hidden), limit
        )
        return [_comment_of(row, None) for row in rows]

    async def delete_comment(self, comment_id: str) -> bool:
        return bool(await self._pool.write(self._delete_comment, id_of(comment_id)))


def _missing(conflict: Conflict) -> Missing | Conflict:
    return Missing() if conflict.constraint in NO_SUCH_POST else conflict


def _comment_of(row: asyncpg.Record, post_author_id: str | None) -> CommentRecord:
    return CommentRecord(
        id=str(row["id"]),
        post_id=str(row["post_id"]),
        author=card_of(row, str(row["author_id"])),
        content=row["content"],
        created_at=row["created_at"],
        post_author_id=post_author_id,
    )
