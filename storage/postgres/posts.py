"""Posts in PostgreSQL. Triggers maintain the counts."""

from collections.abc import Mapping, Sequence
from operator import itemgetter

import asyncpg

from storage.contracts.idempotency import IdempotencyKey
from storage.contracts.paging import PageKey, to_microseconds
from storage.contracts.posts import (
    NewPostRecord,
    OriginalPost,
    PostKey,
    PostOwner,
    PostRecord,
)
from storage.errors import Missing
from storage.postgres.contents import PostgresContents
from storage.postgres.idempotency_keys import PostgresIdempotencyKeys
from storage.postgres.pool import PostgresPool, Transaction
from storage.postgres.statement import load_statement
from storage.postgres.user_rows import optional_id, to_user_card
from storage.postgres.user_writers import UserWriters
from storage.postgres.uuid_params import page_before, to_uuid, to_uuids
from storage.struct_values import StructValues

SERVICE = "posts"
DELETE_BATCH_ROWS = 500
DELETE_REPOSTS_ROWS = 100
"""Fewer, because each changes the same row of the original."""

CONVERTED_FIELDS = {
    "id",
    "author",
    "event_id",
    "mention_ids",
    "tags",
    "has_followed_tag",
    "is_repost",
    "original",
}
_values = StructValues(PostRecord, itemgetter, CONVERTED_FIELDS)
_ID, _AUTHOR, _EVENT_ID, _MENTION_IDS, _TAGS, _HAS_FOLLOWED_TAG, _IS_REPOST, _ORIGINAL = map(
    _values.index,
    ("id", "author", "event_id", "mention_ids", "tags", "has_followed_tag", "is_repost", "original"),
)


class PostgresPosts:
    """Implements `storage.contracts.posts.PostStore` and `storage.contracts.feed.FeedPosts`."""

    def __init__(self, pool: PostgresPool, idempotency_keys: PostgresIdempotencyKeys) -> None:
        self._pool = pool
        self._idempotency_keys = idempotency_keys
        self._insert = load_statement(SERVICE, "posts", "post_insert")
        self._list_by_ids = load_statement(SERVICE, "posts", "post_list_by_ids")
        self._hidden = load_statement(SERVICE, "contents", "hidden_post_get")
        self._page_by_author = load_statement(SERVICE, "posts", "post_page_by_author")
        self._page_by_tag = load_statement(SERVICE, "posts", "post_page_by_tag")
        self._page_of_feed = load_statement(SERVICE, "posts", "post_page_of_feed")
        self._keys = load_statement(SERVICE, "posts", "post_keys_of_authors")
        self._owners = load_statement(SERVICE, "posts", "post_owner_list")
        self._delete = load_statement(SERVICE, "posts", "post_delete")
        self._contents = PostgresContents.for_posts(pool)
        self._page_public = load_statement(SERVICE, "posts", "post_page_public")
        self._user_writers = UserWriters(pool)
        self._delete_in_batches = (
            load_statement(SERVICE, "posts", "user_likes_delete"),
            load_statement(SERVICE, "posts", "user_comment_likes_delete"),
            load_statement(SERVICE, "posts", "user_replies_delete"),
            load_statement(SERVICE, "posts", "user_comments_delete"),
        )
        self._delete_user_data = load_statement(SERVICE, "posts", "user_data_delete")
        self._delete_reposts_of_post = load_statement(SERVICE, "reposts", "reposts_of_post_delete")
        self._delete_reposts_of_author = load_statement(SERVICE, "reposts", "reposts_of_author_delete")
        self._delete_user_posts = load_statement(SERVICE, "posts", "user_posts_delete")

    async def create(self, new: NewPostRecord, idempotency_key: IdempotencyKey | None) -> str:
        quote_of_uuid = None if new.quote_of_id is None else to_uuid(new.quote_of_id)
        if new.quote_of_id is not None and quote_of_uuid is None:
            raise Missing
        values = (
            to_uuid(new.author_id),
            new.content,
            to_uuid(new.event_id) if new.event_id else None,
            to_uuids(new.references.mention_ids),
            list(new.references.tags),
            list(new.references.tag_keys),
            new.visibility,
            quote_of_uuid,
        )
        if idempotency_key is None:
            return _created_id(await self._pool.write(self._insert, *values))

        async def insert(transaction: Transaction) -> str:
            return _created_id(await transaction.rows(self._insert, *values))

        return await self._idempotency_keys.run_once(idempotency_key, insert)

    async def find(self, ids: Sequence[str], viewer_id: str) -> list[PostRecord]:
        wanted = to_uuids(ids)
        if not wanted:
            return []
        return [_to_post(row) for row in await self._pool.rows(self._list_by_ids, wanted, to_uuid(viewer_id))]

    async def find_hidden(self, post_id: str, viewer_id: str) -> PostRecord | None:
        row = await self._pool.row(self._hidden, to_uuid(post_id), to_uuid(viewer_id))
        return _to_post(row) if row else None

    async def by_author(
        self,
        author_id: str,
        before: PageKey | None,
        viewer_id: str,
        visibilities: Sequence[str],
        limit: int,
        *,
        with_reposts: bool = True,
    ) -> list[PostRecord]:
        rows = await self._pool.rows(
            self._page_by_author,
            to_uuid(author_id),
            *page_before(before),
            to_uuid(viewer_id),
            list(visibilities),
            with_reposts,
            limit,
        )
        return [_to_post(row) for row in rows]

    async def by_tag(
        self,
        tag_key: str,
        before: PageKey | None,
        viewer_id: str,
        excluded_user_ids: Sequence[str],
        limit: int,
    ) -> list[PostRecord]:
        rows = await self._pool.rows(
            self._page_by_tag,
            tag_key,
            *page_before(before),
            to_uuid(viewer_id),
            to_uuids(excluded_user_ids),
            limit,
        )
        return [_to_post(row) for row in rows]

    async def newest(
        self,
        ids: Sequence[str],
        authors: Sequence[str],
        before: PageKey | None,
        viewer_id: str,
        excluded_user_ids: Sequence[str],
        limit: int,
    ) -> list[PostRecord]:
        rows = await self._pool.rows(
            self._page_of_feed,
            to_uuids(ids),
            to_uuids(authors),
            *page_before(before),
            to_uuid(viewer_id),
            to_uuids(excluded_user_ids),
            limit,
        )
        return [_to_post(row, has_followed_tag=row["has_followed_tag"]) for row in rows]

    async def newest_public(
        self, before: PageKey | None, viewer_id: str, excluded_user_ids: Sequence[str], limit: int
    ) -> list[PostRecord]:
        rows = await self._pool.rows(
            self._page_public, *page_before(before), to_uuid(viewer_id), to_uuids(excluded_user_ids), limit
        )
        return [_to_post(row) for row in rows]

    async def newest_keys(self, authors: Sequence[str], limit: int) -> list[PostKey]:
        rows = await self._pool.rows(self._keys, to_uuids(authors), limit)
        return [
            PostKey(to_microseconds(row["created_at"]), str(row["id"]), str(row["author_id"])) for row in rows
        ]

    async def owners(self, post_ids: Sequence[str]) -> Mapping[str, PostOwner]:
        wanted = to_uuids(post_ids)
        rows = await self._pool.rows(self._owners, wanted) if wanted else []
        return {
            str(row["id"]): PostOwner(str(row["author_id"]), row["visibility"], _to_original(row))
            for row in rows
        }

    async def delete(self, post_id: str, author_id: str) -> bool:
        values = (to_uuid(post_id), to_uuid(author_id))
        await self._pool.write_until_few(self._delete_reposts_of_post, *values, limit=DELETE_REPOSTS_ROWS)
        return bool(await self._pool.write(self._delete, *values))

    async def set_hidden(self, post_id: str, *, hidden: bool) -> bool:
        return await self._contents.set_hidden(post_id, hidden=hidden)

    async def remove_user(self, user_id: str) -> None:
        user_uuid = to_uuid(user_id)
        await self._user_writers.wait_for(user_uuid)
        for statement in self._delete_in_batches:
            await self._pool.write_until_none(statement, user_uuid, DELETE_BATCH_ROWS)
        await self._pool.write(self._delete_user_data, user_uuid)
        await self._pool.write_until_few(self._delete_reposts_of_author, user_uuid, limit=DELETE_REPOSTS_ROWS)
        await self._pool.write_until_none(self._delete_user_posts, user_uuid, DELETE_BATCH_ROWS)


def _created_id(rows: Sequence[asyncpg.Record]) -> str:
    """Return the id of the new post. Raises `Missing` if the post that it quotes is not there."""
    if not rows:
        raise Missing
    return str(rows[0]["id"])


def _to_post(row: asyncpg.Record, *, has_followed_tag: bool = False) -> PostRecord:
    """Convert a row. A column that the record has as a field of the same name is copied."""
    values = _values.read(row)
    values[_ID] = str(row["id"])
    values[_AUTHOR] = to_user_card(row, str(row["author_id"]))
    values[_EVENT_ID] = optional_id(row["event_id"])
    values[_MENTION_IDS] = tuple(map(str, row["mention_ids"]))
    values[_TAGS] = tuple(row["tags"])
    values[_HAS_FOLLOWED_TAG] = has_followed_tag
    values[_IS_REPOST] = row["repost_of_id"] is not None
    values[_ORIGINAL] = _to_original(row)
    return PostRecord(*values)


def _to_original(row: asyncpg.Record) -> OriginalPost | None:
    if row["original_id"] is None:
        return None
    return OriginalPost(str(row["original_id"]), str(row["original_author_id"]), row["original_visibility"])
