"""Likes of comments in PostgreSQL. Foreign keys detect a missing comment."""

from collections.abc import Sequence

from storage.contracts.paging import PageKey
from storage.contracts.reactions import LikeRecord
from storage.errors import Conflict, Missing
from storage.postgres.pool import PostgresPool
from storage.postgres.statement import load_statement
from storage.postgres.user_rows import to_user_card
from storage.postgres.uuid_params import page_before, to_uuid, to_uuids

SERVICE = "posts"
MISSING_COMMENT_CONSTRAINTS = {"comment_likes_comment_id_fkey", "NotNullViolationError"}


class PostgresCommentLikes:
    """Implements `storage.contracts.reactions.CommentLikeStore`."""

    def __init__(self, pool: PostgresPool) -> None:
        self._pool = pool
        self._insert = load_statement(SERVICE, "comment_likes", "comment_like_insert")
        self._delete = load_statement(SERVICE, "comment_likes", "comment_like_delete")
        self._page = load_statement(SERVICE, "comment_likes", "comment_like_page")
        self._filter = load_statement(SERVICE, "comment_likes", "comment_like_filter")

    async def like(self, comment_id: str, user_id: str) -> bool:
        try:
            return bool(await self._pool.write(self._insert, to_uuid(comment_id), to_uuid(user_id)))
        except Conflict as conflict:
            if conflict.constraint in MISSING_COMMENT_CONSTRAINTS:
                raise Missing from None
            raise

    async def unlike(self, comment_id: str, user_id: str) -> str | None:
        rows = await self._pool.write(self._delete, to_uuid(comment_id), to_uuid(user_id))
        return str(rows[0]["post_id"]) if rows else None

    async def likes(
        self, comment_id: str, before: PageKey | None, excluded_user_ids: Sequence[str], limit: int
    ) -> list[LikeRecord]:
        rows = await self._pool.rows(
            self._page, to_uuid(comment_id), *page_before(before), to_uuids(excluded_user_ids), limit
        )
        return [
            LikeRecord(str(row["id"]), row["created_at"], to_user_card(row, str(row["user_id"])))
            for row in rows
        ]

    async def likes_among(self, pairs: Sequence[tuple[str, str]]) -> set[tuple[str, str]]:
        if not pairs:
            return set()
        comment_ids, user_ids = zip(*pairs, strict=True)
        rows = await self._pool.rows(self._filter, to_uuids(comment_ids), to_uuids(user_ids))
        return {(str(row["comment_id"]), str(row["user_id"])) for row in rows}
