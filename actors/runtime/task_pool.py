"""Errands: work that nobody waits for, begun in order, so many at once and so many in all.

    tell(work) -> waits for its turn -> runs; a failure is the work's own to tell

Whoever tells one goes on at once, whatever the errand turns out to cost. Never tries one again.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable

import msgspec

_log = logging.getLogger(__name__)

Work = Callable[[], Awaitable[None]]


class TaskPoolStatistics(msgspec.Struct, frozen=True):
    pending: int
    rejected: int
    failed: int


class TaskPool:
    """`name` stands in the log beside a failure."""

    __slots__ = ("_closed", "_failed", "_max_pending", "_name", "_rejected", "_slots", "_tasks")

    def __init__(self, name: str, max_pending: int, max_running: int) -> None:
        self._name = name
        self._max_pending = max_pending
        self._slots = asyncio.Semaphore(max_running)
        self._tasks: set[asyncio.Task[None]] = set()
        self._closed = False
        self._rejected = 0
        self._failed = 0

    def submit(self, work: Work) -> bool:
        """Do it some time soon; False where too many wait, or after the end has begun."""
        if self._closed or len(self._tasks) >= self._max_pending:
            self._rejected += 1
            return False
        task = asyncio.get_running_loop().create_task(self._run(work))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return True

    async def close(self, timeout_s: float) -> None:
        """Take nothing new, let what there is finish in that time, end the rest."""
        self._closed = True
        running = set(self._tasks)
        if running:
            _, late = await asyncio.wait(running, timeout=timeout_s)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)

    def statistics(self) -> TaskPoolStatistics:
        return TaskPoolStatistics(len(self._tasks), self._rejected, self._failed)

    async def _run(self, work: Work) -> None:
        async with self._slots:
            try:
                await work()
            except Exception as error:  # noqa: BLE001 - nobody else is there to hear of it
                self._failed += 1
                _log.warning("%s: an errand failed", self._name, exc_info=error)
