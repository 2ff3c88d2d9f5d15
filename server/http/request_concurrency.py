"""Limit on the expensive requests that are handled at the same time; others wait in order of arrival.

Each loop tick continues every request whose store has replied. Without a limit, twenty searches of a few
milliseconds each make one tick that delays all messages, and as many statements occupy the stores.
"""

import asyncio
import contextlib
from collections import deque
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from typing import Final

import msgspec
from aiohttp import web

from server.http.rate_limiter import LIST_COST

_AT_ONCE: Final = contextlib.nullcontext()


class Waiter(msgspec.Struct, eq=False):
    cost: int
    admitted: asyncio.Future[None]


class RequestConcurrency:
    """Admits requests while the sum of their costs is at most `capacity`.

    Requests below `LIST_COST` never wait and do not count. One that costs more than `capacity` is admitted
    alone. The caller limits the time to wait.
    """

    __slots__ = ("_admitted", "_capacity", "_waiters")

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._admitted = 0
        self._waiters: deque[Waiter] = deque()

    @property
    def waiting(self) -> int:
        return len(self._waiters)

    def admit(self, cost: int) -> AbstractAsyncContextManager[None]:
        """Return a context that is entered when the request may be handled."""
        return _AT_ONCE if cost < LIST_COST else self._admit_expensive(min(cost, self._capacity))

    @contextlib.asynccontextmanager
    async def _admit_expensive(self, cost: int) -> AsyncIterator[None]:
        await self._acquire(cost)
        try:
            yield
        finally:
            self._release(cost)

    async def _acquire(self, cost: int) -> None:
        if not self._waiters and self._fits(cost):
            self._admitted += cost
            return
        waiter = Waiter(cost, asyncio.get_running_loop().create_future())
        self._waiters.append(waiter)
        try:
            await waiter.admitted
        except asyncio.CancelledError:
            if waiter.admitted.cancelled():
                with contextlib.suppress(ValueError):
                    self._waiters.remove(waiter)
                # It may have been the first and too large to be admitted; the next one may fit.
                self._wake()
            else:
                self._release(cost)
            raise

    def _release(self, cost: int) -> None:
        self._admitted -= cost
        self._wake()

    def _wake(self) -> None:
        while self._waiters:
            waiter = self._waiters[0]
            # Several may time out in one loop tick: those cancelled whose tasks have not run yet are dropped.
            if not waiter.admitted.cancelled():
                if not self._fits(waiter.cost):
                    return
                self._admitted += waiter.cost
                waiter.admitted.set_result(None)
            self._waiters.popleft()

    def _fits(self, cost: int) -> bool:
        return self._admitted + cost <= self._capacity


REQUEST_CONCURRENCY: Final = web.AppKey("request_concurrency", RequestConcurrency)
