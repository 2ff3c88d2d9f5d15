"""Background tasks of one component.

    submit(work)     -> waits for a slot -> runs, if the pool has room
    spawn(coroutine) -> runs at once, for a caller that bounds how many there are

Both return at once. Failed work is counted and logged, and not retried.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

import msgspec

from storage.outages import failure_level

_log = logging.getLogger(__name__)

Work = Callable[[], Awaitable[None]]


class TaskPoolStatistics(msgspec.Struct, frozen=True):
    """`pending` counts the tasks that wait or run."""

    pending: int
    rejected: int
    failed: int


class TaskPool:
    """Runs at most `max_running` submitted tasks at once, started in order.

    Rejects work while `max_pending` tasks wait or run. `name` identifies the pool in log messages. With the
    default bounds the pool is for `spawn` alone.
    """

    __slots__ = ("_closed", "_failed", "_max_pending", "_name", "_rejected", "_slots", "_tasks")

    def __init__(self, name: str, max_pending: int = 0, max_running: int = 1) -> None:
        self._name = name
        self._max_pending = max_pending
        self._slots = asyncio.Semaphore(max_running)
        self._tasks: set[asyncio.Task[None]] = set()
        self._closed = False
        self._rejected = 0
        self._failed = 0

    def __len__(self) -> int:
        """The tasks that wait or run."""
        return len(self._tasks)

    def submit(self, work: Work) -> bool:
        """Schedule `work`. Returns False if it is rejected: the pool is full or closed."""
        if self._closed or len(self._tasks) >= self._max_pending:
            self._rejected += 1
            return False
        self.spawn(self._run(work))
        return True

    def spawn(self, coroutine: Coroutine[Any, Any, None]) -> "asyncio.Task[None]":
        """Run a coroutine as a task that the pool keeps until it is done; also after `close`."""
        task = asyncio.get_running_loop().create_task(coroutine)
        self._tasks.add(task)
        task.add_done_callback(self._on_done)
        return task

    async def drain(self) -> None:
        """Wait until no task is left, those included that start meanwhile. The caller sets the deadline."""
        while self._tasks:
            await asyncio.wait(self._tasks)

    async def cancel(self) -> None:
        """Reject further work, cancel all tasks, and wait for their end."""
        await self.close(0)

    async def close(self, timeout_s: float) -> None:
        """Reject further work, wait up to `timeout_s` for the tasks there are, then cancel the rest.

        A task that is spawned meanwhile is neither waited for nor cancelled.
        """
        self._closed = True
        unfinished = set(self._tasks)
        if unfinished and timeout_s > 0:
            _, unfinished = await asyncio.wait(unfinished, timeout=timeout_s)
        for task in unfinished:
            task.cancel()
        await asyncio.gather(*unfinished, return_exceptions=True)

    def statistics(self) -> TaskPoolStatistics:
        return TaskPoolStatistics(len(self._tasks), self._rejected, self._failed)

    async def _run(self, work: Work) -> None:
        async with self._slots:
            await work()

    def _on_done(self, task: "asyncio.Task[None]") -> None:
        self._tasks.discard(task)
        if task.cancelled():
            return
        error = task.exception()
        if error is not None:
            self._failed += 1
            _log.log(failure_level(error), "%s: background task failed", self._name, exc_info=error)
