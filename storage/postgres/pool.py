"""Connections to one service's database: bounded in number, in time and in who may wait.

    rows / row / write --> a place among the users' --> a connection --> one statement
    check              --> a connection of its own, so that a full house does not look like a dead one

Connections keep no state between statements, so the driver's reset, dearer than a short statement, is
left out. Never lets a driver's exception out.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final

import asyncpg

from storage.errors import StorageError, Unavailable
from storage.postgres.failures import broken, passing, told
from storage.postgres.statement import Statement, load_statement

IDLE_IN_TRANSACTION_MS: Final = 10_000
CONNECT_TIMEOUT_S: Final = 5.0
DEADLOCK_ATTEMPTS: Final = 3


@dataclass(frozen=True, slots=True)
class PoolBounds:
    connections: int = 10
    waiting: int = 2000
    acquire_timeout_ms: int = 2000
    statement_timeout_ms: int = 5000


class Connection(asyncpg.Connection):
    """A connection without the reset query; an open transaction is still rolled back on release."""

    def get_reset_query(self) -> str:
        return ""


class Transaction:
    """Statements that happen together or not at all; only within `PostgresPool.transaction`."""

    __slots__ = ("_connection",)

    def __init__(self, connection: "asyncpg.pool.PoolConnectionProxy[asyncpg.Record]") -> None:
        self._connection = connection

    async def rows(self, statement: Statement, *values: object) -> list[asyncpg.Record]:
        return await self._connection.fetch(_signed(statement, values), *values)

    async def row(self, statement: Statement, *values: object) -> asyncpg.Record | None:
        return await self._connection.fetchrow(_signed(statement, values), *values)


class PostgresPool:
    """Raises `Conflict` for a constraint, `Unavailable` for everything that may be tried again."""

    def __init__(self, url: str, bounds: PoolBounds | None = None) -> None:
        self._bounds = bounds or PoolBounds()
        self._url = url
        self._waiting = 0
        self._pool: asyncpg.Pool[asyncpg.Record] | None = None
        self._aside: asyncpg.Pool[asyncpg.Record] | None = None
        self._health_check = load_statement("house", "health_check")
        self._health_read = load_statement("house", "health_read")

    async def open(self) -> None:
        try:
            with told():
                self._pool = await self._create(self._bounds.connections)
                self._aside = await self._create(1)
        except BaseException:
            await self.close()
            raise

    async def close(self) -> None:
        """Wait shortly for what runs, then cut it off."""
        for pool in (self._pool, self._aside):
            if pool is not None:
                try:
                    async with asyncio.timeout(self._bounds.statement_timeout_ms / 1000):
                        await pool.close()
                except (TimeoutError, OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
                    pool.terminate()
        self._pool = self._aside = None

    async def rows(self, statement: Statement, *values: object) -> list[asyncpg.Record]:
        """Read. A lost connection is tried again, so the statement must not write.

        After a restart of the server each connection of the pool may turn out to be dead, one by one.
        """
        text = _signed(statement, values)
        attempts = self._bounds.connections + 1
        while True:
            attempts -= 1
            reached = False
            try:
                async with self._connection(self._pool) as connection:
                    reached = True
                    return await connection.fetch(text, *values)
            except Exception as error:
                if attempts == 0 or not reached or not passing(error):
                    with told():
                        raise

    async def row(self, statement: Statement, *values: object) -> asyncpg.Record | None:
        """Read one row, as `rows` does."""
        rows = await self.rows(statement, *values)
        return rows[0] if rows else None

    async def write(self, statement: Statement, *values: object) -> list[asyncpg.Record]:
        """Write, in a transaction of its own; never twice. After `Unavailable` it may have happened.

        What lost a deadlock was rolled back as a whole, so it is tried again.
        """
        text = _signed(statement, values)
        attempts = DEADLOCK_ATTEMPTS
        while True:
            attempts -= 1
            try:
                async with self._connection(self._pool) as connection:
                    return await connection.fetch(text, *values)
            except Exception as error:
                if attempts == 0 or not isinstance(error, asyncpg.DeadlockDetectedError):
                    with told():
                        raise

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Transaction]:
        """Several statements in one transaction, committed durably when the block ends well."""
        with told():
            async with self._connection(self._pool) as connection, connection.transaction():
                yield Transaction(connection)

    async def check(self) -> None:
        """Write a row and read it back. Raises `Unavailable` or `StorageError` when that does not work."""
        with told():
            async with self._connection(self._aside) as connection:
                written = await connection.fetchval(self._health_check.text)
                read = await connection.fetchval(self._health_read.text)
        if read is None or read < written:
            raise StorageError("What was written was not read back.")

    def statistics(self) -> "PoolStatistics":
        pool = self._pool
        return PoolStatistics(
            connections=pool.get_size() if pool else 0,
            idle=pool.get_idle_size() if pool else 0,
            waiting=self._waiting,
        )

    @asynccontextmanager
    async def _connection(
        self, pool: "asyncpg.Pool[asyncpg.Record] | None"
    ) -> AsyncIterator["asyncpg.pool.PoolConnectionProxy[asyncpg.Record]"]:
        if pool is None:
            raise Unavailable("The pool is closed.")
        if self._waiting >= self._bounds.waiting:
            raise Unavailable("Too many wait for a connection.")
        self._waiting += 1
        try:
            connection = await pool.acquire(timeout=self._bounds.acquire_timeout_ms / 1000)
        finally:
            self._waiting -= 1
        try:
            yield connection
        except BaseException as error:
            # The reset query would have found this out; without it a dead connection would come back.
            if broken(error):
                with contextlib.suppress(asyncpg.InterfaceError):
                    connection.terminate()
            raise
        finally:
            await pool.release(connection)

    async def _create(self, connections: int) -> "asyncpg.Pool[asyncpg.Record]":
        timeout_s = self._bounds.statement_timeout_ms / 1000
        settings: dict[str, str] = {
            "application_name": "convene",
            "synchronous_commit": "on",
            "timezone": "UTC",
            "jit": "off",
            "statement_timeout": str(self._bounds.statement_timeout_ms),
            "idle_in_transaction_session_timeout": str(IDLE_IN_TRANSACTION_MS),
        }
        options: dict[str, Any] = {"connection_class": Connection, "server_settings": settings}
        # The server's own limit comes first; the client's is for a server that no longer answers.
        return await asyncpg.create_pool(
            self._url,
            min_size=1,
            max_size=connections,
            timeout=CONNECT_TIMEOUT_S,
            command_timeout=timeout_s + 1,
            **options,
        )


@dataclass(frozen=True, slots=True)
class PoolStatistics:
    connections: int
    idle: int
    waiting: int


def _signed(statement: Statement, values: Sequence[object]) -> str:
    if len(values) != len(statement.parameters):
        raise TypeError(f"{statement.name} takes {statement.parameters}, {len(values)} values were given.")
    return statement.text
