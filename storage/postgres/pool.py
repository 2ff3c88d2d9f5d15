"""Connections to one service's database: bounded in number, in time and in who may wait.

    rows / row / write --> a place among the users' --> a connection --> one statement
    check              --> a connection of its own, so that a full house does not look like a dead one

Connections keep no state between statements, so nothing is reset between two uses. Never lets a driver's
exception out.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final

import asyncpg

from storage.errors import StorageError, Unavailable
from storage.postgres.connection_pool import Connection, ConnectionPool
from storage.postgres.error_mapping import is_retryable_read, map_errors
from storage.postgres.statement import Statement, load_statement

IDLE_IN_TRANSACTION_MS: Final = 10_000
CONNECT_TIMEOUT_S: Final = 5.0
DEADLOCK_ATTEMPTS: Final = 3


@dataclass(frozen=True, slots=True)
class PoolLimits:
    max_connections: int = 10
    max_waiting: int = 2000
    acquire_timeout_ms: int = 2000
    statement_timeout_ms: int = 5000


class Transaction:
    """Statements that happen together or not at all; only within `PostgresPool.transaction`."""

    __slots__ = ("_connection",)

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def rows(self, statement: Statement, *values: object) -> list[asyncpg.Record]:
        return await self._connection.fetch(_checked_text(statement, values), *values)

    async def row(self, statement: Statement, *values: object) -> asyncpg.Record | None:
        return await self._connection.fetchrow(_checked_text(statement, values), *values)


class PostgresPool:
    """Raises `Conflict` for a constraint, `Unavailable` for everything that may be tried again."""

    def __init__(self, url: str, limits: PoolLimits | None = None) -> None:
        self._limits = limits or PoolLimits()
        self._url = url
        self._waiting = 0
        self._pool: ConnectionPool | None = None
        self._health_pool: ConnectionPool | None = None
        self._health_check = load_statement("common", "health_check")
        self._health_read = load_statement("common", "health_read")

    async def open(self) -> None:
        try:
            with map_errors():
                self._pool = ConnectionPool(self._connect, self._limits.max_connections)
                self._health_pool = ConnectionPool(self._connect, 1)
                self._pool.release(await self._pool.acquire(CONNECT_TIMEOUT_S))
        except BaseException:
            await self.close()
            raise

    async def close(self) -> None:
        """Wait shortly for what runs, then cut it off."""
        for stock in (self._pool, self._health_pool):
            if stock is not None:
                try:
                    async with asyncio.timeout(self._limits.statement_timeout_ms / 1000):
                        await stock.close()
                except (TimeoutError, OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
                    stock.terminate()
        self._pool = self._health_pool = None

    async def rows(self, statement: Statement, *values: object) -> list[asyncpg.Record]:
        """Read. A lost connection is tried again, so the statement must not write.

        After a restart of the server each connection of the pool may turn out to be dead, one by one.
        """
        text = _checked_text(statement, values)
        attempts = self._limits.max_connections + 1
        while True:
            attempts -= 1
            stock, connection = await self._acquire()
            try:
                found = await connection.fetch(text, *values)
            except BaseException as error:
                stock.release(connection, error)
                if attempts == 0 or not is_retryable_read(error):
                    with map_errors():
                        raise
            else:
                stock.release(connection)
                return found

    async def row(self, statement: Statement, *values: object) -> asyncpg.Record | None:
        """Read one row, as `rows` does."""
        rows = await self.rows(statement, *values)
        return rows[0] if rows else None

    async def write(self, statement: Statement, *values: object) -> list[asyncpg.Record]:
        """Write, in a transaction of its own; never twice. After `Unavailable` it may have happened.

        What lost a deadlock was rolled back as a whole, so it is tried again.
        """
        text = _checked_text(statement, values)
        attempts = DEADLOCK_ATTEMPTS
        while True:
            attempts -= 1
            stock, connection = await self._acquire()
            try:
                written = await connection.fetch(text, *values)
            except BaseException as error:
                stock.release(connection, error)
                if attempts == 0 or not isinstance(error, asyncpg.DeadlockDetectedError):
                    with map_errors():
                        raise
            else:
                stock.release(connection)
                return written

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Transaction]:
        """Several statements in one transaction, committed durably when the block ends well."""
        with map_errors():
            stock, connection = await self._acquire()
            try:
                async with connection.transaction():
                    yield Transaction(connection)
            except BaseException as error:
                stock.release(connection, error)
                raise
            stock.release(connection)

    async def check(self) -> None:
        """Write a row and read it back. Raises `Unavailable` or `StorageError` when that does not work."""
        with map_errors():
            if self._health_pool is None:
                raise Unavailable("The pool is closed.")
            connection = await self._health_pool.acquire(self._limits.acquire_timeout_ms / 1000)
            try:
                written = await connection.fetchval(self._health_check.text)
                read = await connection.fetchval(self._health_read.text)
            except BaseException as error:
                self._health_pool.release(connection, error)
                raise
            self._health_pool.release(connection)
        if read is None or read < written:
            raise StorageError("What was written was not read back.")

    def statistics(self) -> "PoolStatistics":
        stock = self._pool
        return PoolStatistics(
            connections=stock.size if stock else 0,
            idle=stock.idle if stock else 0,
            waiting=self._waiting,
        )

    async def _acquire(self) -> tuple[ConnectionPool, Connection]:
        """A connection, and where it is to be given back. Raises `Unavailable`."""
        stock = self._pool
        if stock is None:
            raise Unavailable("The pool is closed.")
        connection = stock.try_acquire()
        if connection is not None:
            return stock, connection
        if self._waiting >= self._limits.max_waiting:
            raise Unavailable("Too many wait for a connection.")
        self._waiting += 1
        try:
            with map_errors():
                return stock, await stock.acquire(self._limits.acquire_timeout_ms / 1000)
        finally:
            self._waiting -= 1

    async def _connect(self) -> Connection:
        timeout_s = self._limits.statement_timeout_ms / 1000
        settings: dict[str, str] = {
            "application_name": "convene",
            "synchronous_commit": "on",
            "timezone": "UTC",
            "jit": "off",
            "statement_timeout": str(self._limits.statement_timeout_ms),
            "idle_in_transaction_session_timeout": str(IDLE_IN_TRANSACTION_MS),
        }
        # The server's own limit comes first; the client's is for a server that no longer answers.
        return await asyncpg.connect(
            self._url, timeout=CONNECT_TIMEOUT_S, command_timeout=timeout_s + 1, server_settings=settings
        )


@dataclass(frozen=True, slots=True)
class PoolStatistics:
    connections: int
    idle: int
    waiting: int


def _checked_text(statement: Statement, values: Sequence[object]) -> str:
    if len(values) != len(statement.parameters):
        raise TypeError(f"{statement.name} takes {statement.parameters}, {len(values)} values were given.")
    return statement.text
