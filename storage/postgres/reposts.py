"""Reposts in PostgreSQL. They are rows of `posts`."""

from collections.abc import Sequence

from storage.contracts.idempotency import IdempotencyKey
from storage.errors import Missing
from storage.postgres.idempotency_keys import PostgresIdempotencyKeys
from storage.postgres.pool import PostgresPool, Transaction
from storage.postgres.statement import load_statement
from storage.postgres.uuid_params import to_uuid, to_uuids

SERVICE = "posts"


class PostgresReposts:
    """Implements `storage.contracts.posts.RepostStore`."""

    def __init__(self, pool: PostgresPool, idempotency_keys: PostgresIdempotencyKeys) -> None:
        self._pool = pool
        self._idempotency_keys = idempotency_keys
        self._insert = load_statement(SERVICE, "reposts", "repost_insert")
        self._get = load_statement(SERVICE, "reposts", "repost_get")
        self._delete = load_statement(SERVICE, "reposts", "repost_delete")
        self._filter = load_statement(SERVICE, "reposts", "repost_filter")

    async def repost(self, post_id: str, user_id: str, idempotency_key: IdempotencyKey | None) -> str:
        async def insert(transaction: Transaction) -> str:
            values = (to_uuid(post_id), to_uuid(user_id))
            rows = await transaction.rows(self._insert, *values) or await transaction.rows(self._get, *values)
            if not rows:
                raise Missing
            return str(rows[0]["id"])

        return await self._idempotency_keys.run_once(idempotency_key, insert)

    async def remove(self, post_id: str, user_id: str) -> bool:
        return bool(await self._pool.write(self._delete, to_uuid(post_id), to_uuid(user_id)))

    async def reposts_among(self, ids: Sequence[str]) -> set[str]:
        if not ids:
            return set()
        return {str(row["id"]) for row in await self._pool.rows(self._filter, to_uuids(ids))}
