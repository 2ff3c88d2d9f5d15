"""Responses to requests with an idempotency key, in the database of the User service."""

from typing import Final

from storage.contracts.idempotency import IdempotencyKey, IdempotentResponse
from storage.postgres.pool import PostgresPool
from storage.postgres.statement import load_statement
from storage.postgres.uuid_params import to_uuid

SERVICE: Final = "users"


class PostgresIdempotentResponses:
    """Implements `storage.contracts.idempotency.IdempotentResponses`."""

    def __init__(self, pool: PostgresPool) -> None:
        self._pool = pool
        self._insert = load_statement(SERVICE, "idempotent_responses", "idempotent_response_insert")
        self._get = load_statement(SERVICE, "idempotent_responses", "idempotent_response_get")

    async def put(self, key: IdempotencyKey, user_id: str, response: IdempotentResponse) -> None:
        await self._pool.write(
            self._insert, key.key, to_uuid(user_id), key.digest, response.status, response.body
        )

    async def get(self, key: IdempotencyKey) -> IdempotentResponse | None:
        row = await self._pool.row(self._get, key.key, key.digest)
        return None if row is None else IdempotentResponse(row["status"], row["body"])
