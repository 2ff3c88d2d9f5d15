"""Locks across instances: PostgreSQL advisory locks, held by one dedicated connection.

The server releases them when the connection ends, so a dead instance holds none.
"""

import asyncio
import contextlib

import asyncpg

from storage.outages import get_outage
from storage.postgres.error_mapping import map_errors
from storage.postgres.pool import CONNECT_TIMEOUT_S
from storage.postgres.statement import load_statement

STATEMENT_TIMEOUT_S = 5.0


class PostgresLocks:
    """Implements `storage.contracts.locks.Locks`."""

    def __init__(self, url: str, store: str = "postgres") -> None:
        self._url = url
        self._outage = get_outage(store)
        self._try_lock = load_statement("common", "locks", "lock_try")
        self._connection: asyncpg.Connection[asyncpg.Record] | None = None
        self._held: set[str] = set()
        self._mutex = asyncio.Lock()

    async def try_acquire(self, name: str) -> bool:
        async with self._mutex:
            connection = await self._ensure_connected()
            if name in self._held:
                return True
            with map_errors(self._outage):
                if await connection.fetchval(self._try_lock.text, name):
                    self._held.add(name)
            return name in self._held

    async def release_all(self) -> None:
        async with self._mutex:
            connection, self._connection = self._connection, None
            self._held.clear()
            if connection is not None:
                with contextlib.suppress(OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
                    await connection.close(timeout=CONNECT_TIMEOUT_S)

    async def _ensure_connected(self) -> "asyncpg.Connection[asyncpg.Record]":
        if self._connection is None or self._connection.is_closed():
            self._held.clear()
            with map_errors(self._outage):
                self._connection = await asyncpg.connect(
                    self._url,
                    timeout=CONNECT_TIMEOUT_S,
                    command_timeout=STATEMENT_TIMEOUT_S,
                    server_settings={"application_name": "convene locks"},
                )
        return self._connection
