"""One service's database: its pool, outbox, cursors, idempotency keys and locks."""

import logging
from dataclasses import dataclass

from storage.postgres.cursors import PostgresCursors
from storage.postgres.idempotency_keys import PostgresIdempotencyKeys
from storage.postgres.locks import PostgresLocks
from storage.postgres.migrations import migrate
from storage.postgres.outbox import PostgresOutbox
from storage.postgres.pool import PoolLimits, PostgresPool
from storage.postgres.statement import load_statement

_log = logging.getLogger("convene")


@dataclass(frozen=True, slots=True)
class Database:
    pool: PostgresPool
    outbox: PostgresOutbox
    cursors: PostgresCursors
    idempotency_keys: PostgresIdempotencyKeys
    locks: PostgresLocks

    @classmethod
    async def open(cls, url: str, service: str, bounds: PoolLimits) -> "Database":
        """Migrate the database and connect. Raises `Unavailable` and `InvalidMigration`."""
        await migrate(url, service)
        pool = PostgresPool(url, bounds, f"postgres {service}")
        await pool.open()
        if await pool.row(load_statement("common", "roles", "role_is_superuser")):
            _log.warning(
                "the PostgreSQL role of a service is a superuser; see `run.py migrate --admin-url`",
                extra={"service": service},
            )
        return cls(
            pool=pool,
            outbox=PostgresOutbox(pool),
            cursors=PostgresCursors(pool),
            idempotency_keys=PostgresIdempotencyKeys(pool),
            locks=PostgresLocks(url, f"postgres {service}"),
        )
