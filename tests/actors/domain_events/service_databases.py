"""Databases of services, opened for one test and closed after it."""

import contextlib
from collections.abc import AsyncIterator

from storage.postgres.database import Database
from storage.postgres.pool import PoolLimits
from tests.conftest import FreshDatabase

TIMEOUT_MS = 30_000
"""Long: the machine may be busy with other tests."""


@contextlib.asynccontextmanager
async def open_database(url: str, service: str) -> AsyncIterator[Database]:
    """Open a database as an instance does."""
    database = await Database.open(
        url,
        service,
        PoolLimits(max_connections=4, acquire_timeout_ms=TIMEOUT_MS, statement_timeout_ms=TIMEOUT_MS),
    )
    try:
        yield database
    finally:
        await database.locks.release_all()
        await database.pool.close()


@contextlib.asynccontextmanager
async def open_databases(fresh_database: FreshDatabase, *services: str) -> AsyncIterator[dict[str, Database]]:
    """Open an empty database for each service, by name."""
    async with contextlib.AsyncExitStack() as stack:
        yield {
            service: await stack.enter_async_context(open_database(fresh_database(service), service))
            for service in services
        }
