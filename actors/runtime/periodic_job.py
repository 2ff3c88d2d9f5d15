"""Work that one component repeats until it is closed.

    start -> run -> wait for the interval, or `wake` -> run -> ...

A run that fails is logged, and does not end the job.
"""

import asyncio
import contextlib
import logging
import random
from collections.abc import Awaitable, Callable, Iterable
from typing import Final

from actors.runtime.task_pool import TaskPool
from storage.errors import StorageError
from storage.outages import failure_level

_log = logging.getLogger(__name__)
JITTER: Final = 0.3
"""Fraction of the interval by which it varies, so that instances that started together drift apart."""


async def run_all(works: Iterable[Callable[[], Awaitable[object]]]) -> None:
    """Await each work in turn, also after one raised `StorageError`; the first of these is raised at the end.

    For work on several stores: one that is away does not keep a job from the others.
    """
    first_error: StorageError | None = None
    for work in works:
        try:
            await work()
        except StorageError as error:
            first_error = first_error or error
    if first_error is not None:
        raise first_error


class PeriodicJob:
    """Awaits `run()` at once, or after the first interval if `waits_first`, and then after each interval.

    Runs do not overlap. The interval varies by `JITTER`. An exception of a run is logged with
    `name`: an outage of a store at the level of `failure_level`, others as errors with their traceback.
    """

    def __init__(
        self,
        name: str,
        run: Callable[[], Awaitable[object]],
        interval_s: float,
        *,
        waits_first: bool = False,
    ) -> None:
        self._name = name
        self._run = run
        self._interval_s = interval_s
        self._waits_first = waits_first
        self._wake_event = asyncio.Event()
        self._tasks = TaskPool(name)

    def start(self) -> None:
        self._tasks.spawn(self._repeat())

    def wake(self) -> None:
        """End the wait for the next run. During a run, run again as soon as it ends."""
        self._wake_event.set()

    async def close(self) -> None:
        """Cancel the run in progress, and make no further one."""
        await self._tasks.cancel()

    async def _repeat(self) -> None:
        if self._waits_first:
            await self._wait()
        while True:
            self._wake_event.clear()
            await self._run_once()
            await self._wait()

    async def _run_once(self) -> None:
        try:
            await self._run()
        except StorageError as error:
            _log.log(
                failure_level(error), "%s failed and will run again: %s", self._name, type(error).__name__
            )
        except Exception:  # noqa: BLE001 - one failed run must not end the job
            _log.exception("%s failed and will run again", self._name)

    async def _wait(self) -> None:
        factor = random.uniform(1 - JITTER, 1 + JITTER)  # noqa: S311 - spreads load, guards nothing
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._interval_s * factor):
                await self._wake_event.wait()
