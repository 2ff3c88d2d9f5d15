"""Statements on one service's database, with bounded connections, waiters and times.

    rows / row / write --> the pool of connections --> one statement
    search             --> a few separate connections with a short statement timeout
    check              --> a separate connection, so that a busy pool does not look like a dead database

Statements leave no session state, so connections are not reset between uses. Driver exceptions are mapped.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final

import asyncpg

from storage.errors import QueryTimeout, StorageError, Unavailable
from storage.outages import get_outage
from storage.postgres.connection_pool import Connection, ConnectionPool
from storage.postgres.error_mapping import is_retryable_read, map_errors
from storage.postgres.statement import Statement, load_statement
from storage.store_calls import PoolStatistics, get_call_histogram

IDLE_IN_TRANSACTION_MS: Final = 10_000
CONNECT_TIMEOUT_S: Final = 5.0
DEADLOCK_ATTEMPTS: Final = 3


@dataclass(frozen=True, slots=True)
class PoolLimits:
    """`max_waiting` bounds the statements and searches that wait for a connection, together."""

    max_connections: int = 10
    max_waiting: int = 2000
    acquire_timeout_ms: int = 2000
    statement_timeout_ms: int = 5000
    search_connections: int = 3
    search_timeout_ms: int = 1000


class Transaction:
    """Runs statements atomically; obtained from `PostgresPool.transaction`."""

    __slots__ = ("_connection",)

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def rows(self, statement: Statement, *values: object) -> list[asyncpg.Record]:
        return await self._connection.fetch(_checked_text(statement, values), *values)

    async def row(self, statement: Statement, *values: object) -> asyncpg.Record | None:
        return await self._connection.fetchrow(_checked_text(statement, values), *values)


class RowCursor:
    """The rows of a statement; obtained from `PostgresPool.cursor`."""

    __slots__ = ("_cursor",)

    def __init__(self, cursor: "asyncpg.cursor.Cursor[asyncpg.Record]") -> None:
        self._cursor = cursor

    async def rows(self, count: int) -> list[asyncpg.Record]:
        """Return the next rows, at most `count`; none at the end."""
        return await self._cursor.fetch(count)


class PostgresPool:
    """Runs statements.

    Raises:
        Conflict: a constraint rejected the statement.
        QueryTimeout: it took longer than the statement timeout.
        Unavailable: another temporary failure, or no connection in time.
        StorageError: any other failure.
    """

    def __init__(self, url: str, limits: PoolLimits | None = None, store: str = "postgres") -> None:
        """Create a closed pool. Failures are logged as those of `store`."""
        self._limits = limits or PoolLimits()
        self._outage = get_outage(store)
        self._store = store
        self._call_seconds = get_call_histogram(store)
        self._url = url
        self._waiting = 0
        self._pool: ConnectionPool | None = None
        self._search_pool: ConnectionPool | None = None
        self._health_pool: ConnectionPool | None = None
        self._insert_health_row = load_statement("common", "health", "health_row_insert")
        self._delete_health_row = load_statement("common", "health", "health_row_delete")

    async def open(self) -> None:
        """Connect once. Raises `Unavailable`."""
        try:
            with map_errors(self._outage):
                self._pool = ConnectionPool(self._connect, self._limits.max_connections)
                self._search_pool = ConnectionPool(self._connect_for_search, self._limits.search_connections)
                self._health_pool = ConnectionPool(self._connect, 1)
                self._pool.release(await self._pool.acquire(CONNECT_TIMEOUT_S))
        except BaseException:
            await self.close()
            raise

    async def close(self) -> None:
        """Wait for running statements of each pool up to the statement timeout, then terminate them."""
        for pool in (self._pool, self._search_pool, self._health_pool):
            if pool is not None:
                try:
                    async with asyncio.timeout(self._limits.statement_timeout_ms / 1000):
                        await pool.close()
                except (TimeoutError, OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
                    pool.terminate()
        self._pool = self._search_pool = self._health_pool = None

    async def rows(self, statement: Statement, *values: object) -> list[asyncpg.Record]:
        """Read rows. Retries after a lost connection or a rollback, so the statement must not write.

        It retries once per pooled connection, because all of them may be dead after a server restart.
        """
        attempts = self._limits.max_connections + 1
        return await self._fetch(self._pool, statement, values, attempts, is_retryable_read)

    async def search(self, statement: Statement, *values: object) -> list[asyncpg.Record]:
        """Read rows like `rows`, for statements whose cost depends on what the client asks for.

        Runs on separate connections, so that other statements need not wait for it, and is planned for its
        values. Raises `QueryTimeout` if it runs, or waits for a connection, for too long.
        """
        attempts = self._limits.search_connections + 1
        return await self._fetch(self._search_pool, statement, values, attempts, is_retryable_read)

    async def row(self, statement: Statement, *values: object) -> asyncpg.Record | None:
        """Read one row, like `rows`."""
        rows = await self.rows(statement, *values)
        return rows[0] if rows else None

    async def write(self, statement: Statement, *values: object) -> list[asyncpg.Record]:
        """Write in a single-statement transaction. After `Unavailable` it may have taken effect.

        Retried only after a deadlock, because the server has then rolled it back completely.
        """
        return await self._fetch(self._pool, statement, values, DEADLOCK_ATTEMPTS, _is_deadlock)

    async def write_until_none(self, statement: Statement, *values: object) -> None:
        """Repeat a write until it returns no row.

        For what may be more rows than a statement can change in its time: each changes a limited number.
        """
        while await self.write(statement, *values):
            pass

    async def write_until_few(self, statement: Statement, *values: object, limit: int) -> int:
        """Repeat a write, with `limit` as the last parameter, until it returns fewer rows.

        Returns how many in all. `write_until_none` needs one more write.
        """
        count = 0
        while True:
            changed = len(await self.write(statement, *values, limit))
            count += changed
            if changed < limit:
                return count

    async def _fetch(
        self,
        wanted_pool: ConnectionPool | None,
        statement: Statement,
        values: Sequence[object],
        attempts: int,
        is_retryable: Callable[[BaseException], bool],
    ) -> list[asyncpg.Record]:
        text = _checked_text(statement, values)
        while True:
            attempts -= 1
            pool, connection = await self._acquire(wanted_pool)
            started = time.perf_counter()
            try:
                result = await connection.fetch(text, *values)
            except BaseException as error:
                self._call_seconds.observe(time.perf_counter() - started)
                pool.release(connection, error)
                if attempts == 0 or not is_retryable(error):
                    with map_errors(self._outage):
                        raise
            else:
                self._call_seconds.observe(time.perf_counter() - started)
                pool.release(connection)
                self._outage.succeeded()
                return result

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Transaction]:
        """Run several statements in one transaction; it commits durably if the block does not raise.

        Not retried. After `Unavailable` it may have taken effect.
        """
        with map_errors(self._outage):
            pool, connection = await self._acquire(self._pool)
            started = time.perf_counter()
            try:
                async with connection.transaction():
                    yield Transaction(connection)
            except BaseException as error:
                pool.release(connection, error)
                raise
            finally:
                self._call_seconds.observe(time.perf_counter() - started)
            pool.release(connection)
            self._outage.succeeded()

    @asynccontextmanager
    async def cursor(self, statement: Statement, *values: object) -> AsyncIterator[RowCursor]:
        """Read a statement's rows in parts, in one snapshot. Holds a connection until the block ends.

        Raises `Unavailable` if the caller pauses between reads for `IDLE_IN_TRANSACTION_MS`.
        """
        text = _checked_text(statement, values)
        with map_errors(self._outage):
            pool, connection = await self._acquire(self._pool)
            try:
                async with connection.transaction(isolation="repeatable_read", readonly=True):
                    yield RowCursor(await connection.cursor(text, *values))
            except BaseException as error:
                pool.release(connection, error)
                raise
            pool.release(connection)
            self._outage.succeeded()

    async def check(self) -> None:
        """Insert a row into a new page and delete it, durably. Raises `Unavailable` or `StorageError`."""
        with map_errors(self._outage):
            if self._health_pool is None:
                raise Unavailable("The pool is closed.")
            connection = await self._health_pool.acquire(self._limits.acquire_timeout_ms / 1000)
            try:
                async with connection.transaction():
                    row_id = await connection.fetchval(self._insert_health_row.text)
                    deleted = await connection.fetchval(self._delete_health_row.text, row_id)
            except BaseException as error:
                self._health_pool.release(connection, error)
                raise
            self._health_pool.release(connection)
            self._outage.succeeded()
        if deleted != row_id:
            raise StorageError("The health check row was not found after writing it.")

    def statistics(self) -> list[PoolStatistics]:
        """Return what the pools of statements and of searches do."""
        pools = (
            ("statements", self._pool, self._limits.max_connections),
            ("searches", self._search_pool, self._limits.search_connections),
        )
        return [
            PoolStatistics(
                store=self._store,
                pool=name,
                connections=pool.size,
                in_use=pool.size - pool.idle,
                connections_max=max_size,
                waiting=pool.waiting,
                waits=pool.waits,
            )
            for name, pool, max_size in pools
            if pool is not None
        ]

    async def _acquire(self, pool: ConnectionPool | None) -> tuple[ConnectionPool, Connection]:
        """Return a connection and the pool to release it to. Raises `Unavailable`."""
        if pool is None:
            raise Unavailable("The pool is closed.")
        connection = pool.try_acquire()
        if connection is not None:
            return pool, connection
        if self._waiting >= self._limits.max_waiting:
            self._outage.failed("too many waiting statements")
            raise Unavailable("Too many statements are waiting for a connection.")
        self._waiting += 1
        try:
            with map_errors(self._outage):
                return pool, await pool.acquire(self._limits.acquire_timeout_ms / 1000)
        except Unavailable:
            if pool is self._search_pool and pool.size:
                raise QueryTimeout("Too many searches run at the same time.") from None
            raise
        finally:
            self._waiting -= 1

    async def _connect(self) -> Connection:
        return await self._open_connection(self._limits.statement_timeout_ms, {})

    async def _connect_for_search(self) -> Connection:
        # A plan for any values would not know whether they match a few rows or most of them.
        return await self._open_connection(
            self._limits.search_timeout_ms, {"plan_cache_mode": "force_custom_plan"}
        )

    async def _open_connection(self, statement_timeout_ms: int, settings: dict[str, str]) -> Connection:
        settings = {
            "application_name": "convene",
            "synchronous_commit": "on",
            "timezone": "UTC",
            "jit": "off",
            "statement_timeout": str(statement_timeout_ms),
            "idle_in_transaction_session_timeout": str(IDLE_IN_TRANSACTION_MS),
            **settings,
        }
        # The server's limit applies first; the client's is for a server that no longer replies.
        timeout_s = statement_timeout_ms / 1000 + 1
        return await asyncpg.connect(
            self._url, timeout=CONNECT_TIMEOUT_S, command_timeout=timeout_s, server_settings=settings
        )


def _is_deadlock(error: BaseException) -> bool:
    return isinstance(error, asyncpg.DeadlockDetectedError)


def _checked_text(statement: Statement, values: Sequence[object]) -> str:
    if len(values) != len(statement.parameters):
        raise TypeError(f"{statement.name} takes {statement.parameters} but {len(values)} values were given.")
    return statement.text
