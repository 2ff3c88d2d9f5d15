"""A bounded pool of background tasks.

    submit(work) -> waits for a slot -> runs; an exception is counted and logged

`submit` does not wait. Failed work is not retried.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable

import msgspec

from storage.outages import failure_level

_log = logging.getLogger(__name__)

Work = Callable[[], Awaitable[None]]


class TaskPoolStatistics(msgspec.Struct, frozen=True):
    pending: int
    rejected: int
    failed: int


class TaskPool:
    """Runs at most `max_running` tasks at once, started in order; at most `max_pending` are accepted.

    `name` identifies the pool in log messages.
    """

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
        """Schedule `work`. Returns False if the pool is full or closed."""
        if self._closed or len(self._tasks) >= self._max_pending:
            self._rejected += 1
            return False
        task = asyncio.get_running_loop().create_task(self._run(work))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return True

    async def close(self, timeout_s: float) -> None:
        """Reject new work, wait up to `timeout_s` for running work, then cancel the rest."""
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
            except Exception as error:  # noqa: BLE001 - no caller waits for the result
                self._failed += 1
                _log.log(failure_level(error), "%s: background task failed", self._name, exc_info=error)
