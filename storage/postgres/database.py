"""One service's database, opened: brought up to date, with its connections, feed, cursors, keys and locks.

It holds; the stores of the service are made from it. Never shared by two services.
"""

from dataclasses import dataclass

from storage.postgres.cursors import PostgresCursors
from storage.postgres.idempotency_keys import PostgresIdempotencyKeys
from storage.postgres.locks import PostgresLocks
from storage.postgres.migrations import migrate
from storage.postgres.outbox import PostgresOutbox
from storage.postgres.pool import PoolLimits, PostgresPool


@dataclass(frozen=True, slots=True)
class Database:
    pool: PostgresPool
    outbox: PostgresOutbox
    cursors: PostgresCursors
    idempotency_keys: PostgresIdempotencyKeys
    locks: PostgresLocks

    @classmethod
    async def open(cls, url: str, service: str, bounds: PoolLimits) -> "Database":
        """Migrate and connect. Raises `Unavailable`."""
        await migrate(url, service)
        pool = PostgresPool(url, bounds)
        await pool.open()
        return cls(
            pool=pool,
            outbox=PostgresOutbox(pool),
            cursors=PostgresCursors(pool),
            idempotency_keys=PostgresIdempotencyKeys(pool),
            locks=PostgresLocks(url),
        )
