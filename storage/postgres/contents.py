"""Posts, comments and events as moderators see and hide them."""

import asyncpg

from storage.contracts.contents import ContentRecord
from storage.postgres.pool import PostgresPool
from storage.postgres.statement import Statement, load_statement
from storage.postgres.user_rows import optional_id
from storage.postgres.uuid_params import to_uuid


class PostgresContents:
    """Implements `storage.contracts.contents.ContentStore`."""

    def __init__(self, pool: PostgresPool, get: Statement, hide: Statement) -> None:
        self._pool = pool
        self._get = get
        self._hide = hide

    @classmethod
    def for_posts(cls, pool: PostgresPool) -> "PostgresContents":
        return cls(
            pool,
            load_statement("posts", "contents", "post_content_get"),
            load_statement("posts", "contents", "post_set_hidden"),
        )

    @classmethod
    def for_comments(cls, pool: PostgresPool) -> "PostgresContents":
        return cls(
            pool,
            load_statement("posts", "contents", "comment_content_get"),
            load_statement("posts", "contents", "comment_set_hidden"),
        )

    @classmethod
    def for_events(cls, pool: PostgresPool) -> "PostgresContents":
        return cls(
            pool,
            load_statement("events", "contents", "event_content_get"),
            load_statement("events", "contents", "event_set_hidden"),
        )

    async def find(self, content_id: str) -> ContentRecord | None:
        row = await self._pool.row(self._get, to_uuid(content_id))
        return _to_content(row) if row else None

    async def set_hidden(self, content_id: str, *, hidden: bool) -> bool:
        return bool(await self._pool.write(self._hide, to_uuid(content_id), hidden))


def _to_content(row: asyncpg.Record) -> ContentRecord:
    return ContentRecord(
        id=str(row["id"]),
        author_id=str(row["author_id"]),
        content=row["content"],
        created_at=row["created_at"],
        is_hidden=row["is_hidden"],
        container_id=optional_id(row["container_id"]),
    )
