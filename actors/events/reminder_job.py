"""Publishes reminders of events that are due, as domain events.

    reminder due -> claimed by one instance -> outbox -> notification

Claiming and publishing are one transaction: a reminder is not lost if the process is killed, and not
published twice. Due times are compared by the database; this process only measures intervals.
"""

import asyncio
import logging
import random
from collections.abc import Callable
from typing import Final

import msgspec

from actors.runtime.task_pool import TaskPool
from storage.contracts.event_reminders import ReminderStore
from storage.errors import StorageError

_log = logging.getLogger(__name__)
INTERVAL_S: Final = 5.0
JITTER: Final = 0.3
"""Fraction by which the interval varies, so that instances that started together do not stay together."""
BATCH_ROWS: Final = 500
BATCHES_PER_TURN: Final = 20


class ReminderStatistics(msgspec.Struct, frozen=True):
    """Reminders that this instance published, and how long the oldest due one waited at the last turn."""

    published: int
    overdue_s: float


class ReminderJob:
    """Runs on every instance; instances share the work."""

    def __init__(
        self, store: ReminderStore, on_published: Callable[[], None], interval_s: float = INTERVAL_S
    ) -> None:
        self._store = store
        self._on_published = on_published
        self._interval_s = interval_s
        self._tasks = TaskPool("event reminders")
        self._published = 0
        self._overdue_s = 0.0

    def start(self) -> None:
        self._tasks.spawn(self._run_periodically())

    async def close(self) -> None:
        await self._tasks.cancel()

    def statistics(self) -> ReminderStatistics:
        return ReminderStatistics(self._published, self._overdue_s)

    async def run(self) -> int:
        """Move and publish reminders, in a bounded number of batches. Returns how many were published.

        Raises:
            StorageError: what was published before stays published.
        """
        for _ in range(BATCHES_PER_TURN):
            if await self._store.move(BATCH_ROWS) is None:
                break
        total = 0
        for _ in range(BATCHES_PER_TURN):
            published = await self._store.publish_due(BATCH_ROWS)
            total += published
            self._published += published
            if published:
                self._on_published()
            if published < BATCH_ROWS:
                break
        self._overdue_s = await self._store.overdue_s()
        return total

    async def _run_periodically(self) -> None:
        while True:
            try:
                await self.run()
            except StorageError:
                _log.warning("reminders of events could not be published")
            factor = random.uniform(1 - JITTER, 1 + JITTER)  # noqa: S311 - spreads load, guards nothing
            await asyncio.sleep(self._interval_s * factor)
