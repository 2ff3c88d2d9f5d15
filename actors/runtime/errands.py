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


class ErrandsStatistics(msgspec.Struct, frozen=True):
    waiting: int
    refused: int
    failed: int


class Errands:
    """`name` stands in the log beside a failure."""

    __slots__ = ("_closing", "_failed", "_name", "_places", "_refused", "_running", "_waiting_max")

    def __init__(self, name: str, waiting: int, at_once: int) -> None:
        self._name = name
        self._waiting_max = waiting
        self._places = asyncio.Semaphore(at_once)
        self._running: set[asyncio.Task[None]] = set()
        self._closing = False
        self._refused = 0
        self._failed = 0

    def tell(self, work: Work) -> bool:
        """Do it some time soon; False where too many wait, or after the end has begun."""
        if self._closing or len(self._running) >= self._waiting_max:
            self._refused += 1
            return False
        task = asyncio.get_running_loop().create_task(self._run(work))
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        return True

    async def close(self, within_s: float) -> None:
        """Take nothing new, let what there is finish in that time, end the rest."""
        self._closing = True
        running = set(self._running)
        if running:
            _, late = await asyncio.wait(running, timeout=within_s)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)

    def statistics(self) -> ErrandsStatistics:
        return ErrandsStatistics(len(self._running), self._refused, self._failed)

    async def _run(self, work: Work) -> None:
        async with self._places:
            try:
                await work()
            except Exception as error:  # noqa: BLE001 - nobody else is there to hear of it
                self._failed += 1
                _log.warning("%s: an errand failed", self._name, exc_info=error)
