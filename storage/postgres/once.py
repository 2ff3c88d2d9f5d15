"""Idempotency keys, in the transaction of what they guard. Never makes anything itself."""

from collections.abc import Awaitable, Callable

from storage.errors import Conflict
from storage.postgres.pool import PostgresPool, Transaction
from storage.postgres.statement import load_statement
from storage.records.once import Once

HOUSE = "house"
CONFLICT = "idempotency_keys"


class PostgresOnce:
    """Whatever is made under a key is made once; later, and beside it, the first result is answered."""

    def __init__(self, pool: PostgresPool) -> None:
        self._pool = pool
        self._claim = load_statement(HOUSE, "once_claim")
        self._get = load_statement(HOUSE, "once_get")
        self._keep = load_statement(HOUSE, "once_keep")
        self._prune = load_statement(HOUSE, "once_prune")

    async def make(self, once: Once | None, work: Callable[[Transaction], Awaitable[str]]) -> str:
        """Do the work in a transaction, unless its key was used: then answer what was made first.

        Raises:
            Conflict: `idempotency_keys`: the key was used for something else.
        """
        async with self._pool.transaction() as transaction:
            if once is None:
                return await work(transaction)
            if await transaction.row(self._claim, once.key, once.digest) is None:
                row = await transaction.row(self._get, once.key)
                if row is None or row["digest"] != once.digest:
                    raise Conflict(CONFLICT)
                return str(row["result"])
            made = await work(transaction)
            await transaction.row(self._keep, once.key, made)
            return made

    async def prune(self, older_than_s: float) -> int:
        """Forget old keys; answers how many."""
        return len(await self._pool.write(self._prune, older_than_s))
