"""A bounded pool of connections to one database. The most recently used connection is reused first.

    acquire --> an idle connection --> below max_size: a new one --> else wait in FIFO order
    release --> the first waiter   --> else idle; dropped if its state is uncertain

Replaces the driver's pool, which creates a proxy, a task and a timer per use: that costs more than a short
statement (docs/decisions/0017).
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

import asyncpg

from storage.errors import Unavailable
from storage.postgres.error_mapping import is_connection_lost

if TYPE_CHECKING:
    Connection = asyncpg.Connection[asyncpg.Record]
else:
    Connection = asyncpg.Connection
Waiter = asyncio.Future[Connection | None]


class ConnectionPool:
    """Every acquired connection must be released, together with the error if its use failed."""

    __slots__ = (
        "_all", "_closed", "_connect", "_connecting", "_drained", "_idle", "_max_size", "_waiters", "waits",
    )  # fmt: skip

    def __init__(self, connect: Callable[[], Awaitable[Connection]], max_size: int) -> None:
        self._connect = connect
        self._max_size = max_size
        self._all: set[Connection] = set()
        self._connecting = 0
        self._idle: list[Connection] = []
        self._waiters: deque[Waiter] = deque()
        self.waits = 0
        """Times that a caller waited for a connection in use, since the start."""
        self._closed = False
        self._drained = asyncio.Event()

    @property
    def size(self) -> int:
        return len(self._all)

    @property
    def idle(self) -> int:
        return len(self._idle)

    @property
    def waiting(self) -> int:
        return len(self._waiters)

    def try_acquire(self) -> Connection | None:
        """Return an idle connection, or None."""
        while self._idle:
            connection = self._idle.pop()
            if not connection.is_closed():
                return connection
            self._all.discard(connection)
        return None

    async def acquire(self, timeout_s: float) -> Connection:
        """Return a connection: idle, new, or the next one released.

        Raises:
            TimeoutError: none became free within `timeout_s`.
            Unavailable: the pool is closed.
            Exception: an error of `connect`.
        """
        async with asyncio.timeout(timeout_s):
            while not self._closed:
                connection = self.try_acquire()
                if connection is None and len(self._all) + self._connecting < self._max_size:
                    return await self._open_connection()
                if connection is None:
                    connection = await self._wait_for_release()
                if connection is not None:
                    return connection
        raise Unavailable("The pool is closed.")

    def release(self, connection: Connection, error: BaseException | None = None) -> None:
        """Return a connection to the pool. After an error it is closed unless it is certainly idle."""
        if (
            self._closed
            or connection.is_closed()
            or (error is not None and not _is_reusable(connection, error))
        ):
            self._drop(connection)
        elif not self._wake_one(connection):
            self._idle.append(connection)

    async def close(self) -> None:
        """Refuse further use, close idle connections and wait for those in use."""
        self._closed = True
        # Waiters find the pool closed.
        while self._wake_one(None):
            pass
        idle, self._idle = self._idle, []
        for connection in idle:
            self._all.discard(connection)
            await connection.close()
        if self._all or self._connecting:
            await self._drained.wait()

    def terminate(self) -> None:
        """Close all connections at once, including those in use."""
        for connection in self._all:
            connection.terminate()
        self._all.clear()
        self._idle.clear()

    async def _open_connection(self) -> Connection:
        self._connecting += 1
        try:
            connection = await self._connect()
        except BaseException:
            self._connecting -= 1
            self._on_removed()
            raise
        self._connecting -= 1
        self._all.add(connection)
        return connection

    async def _wait_for_release(self) -> Connection | None:
        """Wait in FIFO order. None means that a connection was removed or the pool closed: check again."""
        waiter: Waiter = asyncio.get_running_loop().create_future()
        self._waiters.append(waiter)
        self.waits += 1
        try:
            return await waiter
        except asyncio.CancelledError:
            if waiter.done() and not waiter.cancelled():
                # A connection was handed over before the cancellation arrived: pass it on.
                connection = waiter.result()
                if connection is None:
                    self._on_removed()
                else:
                    self.release(connection)
            raise

    def _drop(self, connection: Connection) -> None:
        self._all.discard(connection)
        if not connection.is_closed():
            connection.terminate()
        self._on_removed()

    def _on_removed(self) -> None:
        """A connection was removed: let the first waiter open a new one."""
        self._wake_one(None)
        if self._closed and not self._all and not self._connecting:
            self._drained.set()

    def _wake_one(self, connection: Connection | None) -> bool:
        while self._waiters:
            waiter = self._waiters.popleft()
            if not waiter.done():
                waiter.set_result(connection)
                return True
        return False


def _is_reusable(connection: Connection, error: BaseException) -> bool:
    """Whether no statement or transaction is open. After a cancellation or timeout that is unknown."""
    return (
        isinstance(error, Exception)
        and not isinstance(error, TimeoutError)
        and not is_connection_lost(error)
        and not connection.is_in_transaction()
    )
