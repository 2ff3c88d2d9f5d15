"""A bounded stock of connections to one database: the one that was used last goes out first.

    take      --> an idle one --> below the bound: a new one --> else a place in the line
    give back --> the first of the line --> else idle; dropped where it is not certain how it stands

Our own rather than the driver's pool, which gives each use a proxy, a task and a timer: that costs more than
a short statement does (docs/decisions/0017). It never runs a statement.
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
    """`connect` makes one. Whoever takes one gives it back, with the error where there was one."""

    __slots__ = ("_all", "_closed", "_connect", "_connecting", "_drained", "_idle", "_max_size", "_waiters")

    def __init__(self, connect: Callable[[], Awaitable[Connection]], max_size: int) -> None:
        self._connect = connect
        self._max_size = max_size
        self._all: set[Connection] = set()
        self._connecting = 0
        self._idle: list[Connection] = []
        self._waiters: deque[Waiter] = deque()
        self._closed = False
        self._drained = asyncio.Event()

    @property
    def size(self) -> int:
        return len(self._all)

    @property
    def idle(self) -> int:
        return len(self._idle)

    def try_acquire(self) -> Connection | None:
        """One that is idle, None where there is none."""
        while self._idle:
            connection = self._idle.pop()
            if not connection.is_closed():
                return connection
            self._all.discard(connection)
        return None

    async def acquire(self, timeout_s: float) -> Connection:
        """Raises `TimeoutError` when none is free in time, `Unavailable` once closed, and as `connect`."""
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
        """Never waits."""
        if (
            self._closed
            or connection.is_closed()
            or (error is not None and not _is_reusable(connection, error))
        ):
            self._drop(connection)
        elif not self._wake_one(connection):
            self._idle.append(connection)

    async def close(self) -> None:
        """Hand out no more, close what is idle, and wait for what is out."""
        self._closed = True
        while self._wake_one(None):
            """They learn that it is closed."""
        for connection in self._idle:
            self._all.discard(connection)
            await connection.close()
        self._idle.clear()
        if self._all or self._connecting:
            await self._drained.wait()

    def terminate(self) -> None:
        """Cut off whatever there is, also what is out."""
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
        """None: there may be room for a new one."""
        place: Waiter = asyncio.get_running_loop().create_future()
        self._waiters.append(place)
        try:
            return await place
        except asyncio.CancelledError:
            if place.done() and not place.cancelled():
                # Something was handed over in the same moment.
                connection = place.result()
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
        """There is one fewer: the first of the line may make another."""
        self._wake_one(None)
        if self._closed and not self._all and not self._connecting:
            self._drained.set()

    def _wake_one(self, connection: Connection | None) -> bool:
        while self._waiters:
            place = self._waiters.popleft()
            if not place.done():
                place.set_result(connection)
                return True
        return False


def _is_reusable(connection: Connection, error: BaseException) -> bool:
    """Whether nothing is under way or open on it. After a cancellation or a timeout nobody knows."""
    return (
        isinstance(error, Exception)
        and not isinstance(error, TimeoutError)
        and not is_connection_lost(error)
        and not connection.is_in_transaction()
    )
