"""Comments and likes in PostgreSQL."""

from collections.abc import Sequence

import asyncpg

from storage.contracts.idempotency import IdempotencyKey
from storage.contracts.paging import PageKey
from storage.contracts.posts import NO_REFERENCES, MentionKey, PostOwner, TextReferences
from storage.contracts.reactions import CommentRecord, LikeRecord
from storage.errors import Conflict, Missing
from storage.postgres.idempotency_keys import PostgresIdempotencyKeys
from storage.postgres.pool import PostgresPool, Transaction
from storage.postgres.statement import load_statement
from storage.postgres.user_rows import to_user_card
from storage.postgres.uuid_params import page_after, page_before, to_uuid, to_uuids

SERVICE = "posts"
MISSING_CONSTRAINTS = {"post_likes_post_id_fkey", "comments_parent_id_fkey", "NotNullViolationError"}


class PostgresReactions:
    """Implements `storage.contracts.reactions.ReactionStore`."""

    def __init__(self, pool: PostgresPool, idempotency_keys: PostgresIdempotencyKeys) -> None:
        self._pool = pool
        self._idempotency_keys = idempotency_keys
        self._like = load_statement(SERVICE, "reactions", "like_insert")
        self._unlike = load_statement(SERVICE, "reactions", "like_delete")
        self._likes = load_statement(SERVICE, "reactions", "like_page")
        self._comment = load_statement(SERVICE, "reactions", "comment_insert")
        self._get_comment = load_statement(SERVICE, "reactions", "comment_get")
        self._comments = load_statement(SERVICE, "reactions", "comment_page")
        self._likes_among = load_statement(SERVICE, "reactions", "like_filter")
        self._comments_among = load_statement(SERVICE, "reactions", "comment_filter")
        self._mentions_among = load_statement(SERVICE, "reactions", "mention_filter")
        self._delete_comment = load_statement(SERVICE, "reactions", "comment_delete")

    async def like(self, post_id: str, user_id: str) -> bool:
        try:
            return bool(await self._pool.write(self._like, to_uuid(post_id), to_uuid(user_id)))
        except Conflict as conflict:
            raise _to_missing(conflict) from None

    async def unlike(self, post_id: str, user_id: str) -> bool:
        return bool(await self._pool.write(self._unlike, to_uuid(post_id), to_uuid(user_id)))

    async def likes(
        self, post_id: str, before: PageKey | None, excluded_user_ids: Sequence[str], limit: int
    ) -> list[LikeRecord]:
        rows = await self._pool.rows(
            self._likes, to_uuid(post_id), *page_before(before), to_uuids(excluded_user_ids), limit
        )
        return [
            LikeRecord(str(row["id"]), row["created_at"], to_user_card(row, str(row["user_id"])))
            for row in rows
        ]

    async def comment(
        self,
        post_id: str,
        author_id: str,
        content: str,
        idempotency_key: IdempotencyKey | None,
        references: TextReferences = NO_REFERENCES,
        parent_id: str | None = None,
    ) -> str:
        parent_uuid = None if parent_id is None else to_uuid(parent_id)
        if parent_id is not None and parent_uuid is None:
            raise Missing

        async def insert(transaction: Transaction) -> str:
            rows = await transaction.rows(
                self._comment,
                to_uuid(post_id),
                to_uuid(author_id),
                content,
                to_uuids(references.mention_ids),
                list(references.tags),
                parent_uuid,
            )
            if not rows:
                raise Missing
            return str(rows[0]["id"])

        try:
            return await self._idempotency_keys.run_once(idempotency_key, insert)
        except Conflict as conflict:
            raise _to_missing(conflict) from None

    async def find_comment(self, comment_id: str, viewer_id: str) -> CommentRecord | None:
        row = await self._pool.row(self._get_comment, to_uuid(comment_id), to_uuid(viewer_id))
        if row is None:
            return None
        return _to_comment(row, PostOwner(str(row["post_author_id"]), row["post_visibility"]))

    async def comments(
        self,
        post_id: str,
        after: PageKey | None,
        viewer_id: str,
        excluded_user_ids: Sequence[str],
        limit: int,
        *,
        with_hidden: bool = False,
    ) -> list[CommentRecord]:
        rows = await self._pool.rows(
            self._comments,
            to_uuid(post_id),
            *page_after(after),
            to_uuid(viewer_id),
            with_hidden,
            to_uuids(excluded_user_ids),
            limit,
        )
        return [_to_comment(row, None) for row in rows]

    async def delete_comment(self, comment_id: str, user_id: str) -> str | None:
        rows = await self._pool.write(self._delete_comment, to_uuid(comment_id), to_uuid(user_id))
        return str(rows[0]["post_id"]) if rows else None

    async def likes_among(self, pairs: Sequence[tuple[str, str]]) -> set[tuple[str, str]]:
        if not pairs:
            return set()
        post_ids, user_ids = zip(*pairs, strict=True)
        rows = await self._pool.rows(self._likes_among, to_uuids(post_ids), to_uuids(user_ids))
        return {(str(row["post_id"]), str(row["user_id"])) for row in rows}

    async def comments_among(self, ids: Sequence[str]) -> set[str]:
        if not ids:
            return set()
        return {str(row["id"]) for row in await self._pool.rows(self._comments_among, to_uuids(ids))}

    async def mentions_among(self, keys: Sequence[MentionKey]) -> set[MentionKey]:
        if not keys:
            return set()
        rows = await self._pool.rows(
            self._mentions_among,
            [to_uuid(key.post_id) for key in keys],
            [None if key.comment_id is None else to_uuid(key.comment_id) for key in keys],
            [to_uuid(key.user_id) for key in keys],
        )
        return {
            MentionKey(
                str(row["post_id"]),
                None if row["comment_id"] is None else str(row["comment_id"]),
                str(row["user_id"]),
            )
            for row in rows
        }


def _to_missing(conflict: Conflict) -> Missing | Conflict:
    return Missing() if conflict.constraint in MISSING_CONSTRAINTS else conflict


def _to_comment(row: asyncpg.Record, post_owner: PostOwner | None) -> CommentRecord:
    return CommentRecord(
        id=str(row["id"]),
        post_id=str(row["post_id"]),
        author=to_user_card(row, str(row["author_id"])),
        content=row["content"],
        created_at=row["created_at"],
        post_owner=post_owner,
        mention_ids=tuple(map(str, row["mention_ids"])),
        tags=tuple(row["tags"]),
        hidden_at=row["hidden_at"],
        parent_id=str(row["parent_id"]) if row["parent_id"] else None,
        parent_author_id=str(row["parent_author_id"]) if row["parent_author_id"] else None,
        like_count=row["like_count"],
        liked_by_me=row["liked_by_me"],
    )
