"""Idempotency keys, stored in the transaction of the work that they protect."""

from collections.abc import Awaitable, Callable

from storage.contracts.idempotency import IdempotencyKey
from storage.errors import Conflict
from storage.postgres.pool import PostgresPool, Transaction
from storage.postgres.statement import load_statement

COMMON = "common"
KEY_CONFLICT = "idempotency_keys"
PRUNED_ROWS = 5000
"""Rows that a statement deletes: there may be very many, and it has a time limit."""


class PostgresIdempotencyKeys:
    """Runs work once per key; a repeated or concurrent call returns the first result."""

    def __init__(self, pool: PostgresPool) -> None:
        self._pool = pool
        self._claim = load_statement(COMMON, "idempotency_keys", "idempotency_key_claim")
        self._get = load_statement(COMMON, "idempotency_keys", "idempotency_key_get")
        self._complete = load_statement(COMMON, "idempotency_keys", "idempotency_key_complete")
        self._prune = load_statement(COMMON, "idempotency_keys", "idempotency_key_prune")

    async def run_once(
        self, idempotency_key: IdempotencyKey | None, work: Callable[[Transaction], Awaitable[str]]
    ) -> str:
        """Run `work` in a transaction, or return the first result if the key was used.

        Raises:
            Conflict: `idempotency_keys`: the key was used for another request.
        """
        async with self._pool.transaction() as transaction:
            if idempotency_key is None:
                return await work(transaction)
            if await transaction.row(self._claim, idempotency_key.key, idempotency_key.digest) is None:
                row = await transaction.row(self._get, idempotency_key.key)
                if row is None or row["digest"] != idempotency_key.digest:
                    raise Conflict(KEY_CONFLICT)
                return str(row["result"])
            result = await work(transaction)
            await transaction.row(self._complete, idempotency_key.key, result)
            return result

    async def prune(self, older_than_s: float) -> int:
        return await self._pool.write_until_few(self._prune, older_than_s, limit=PRUNED_ROWS)
