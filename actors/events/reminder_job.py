"""Publishes reminders of events that are due, as domain events.

    reminder due -> claimed by one instance -> outbox -> notification

Claiming and publishing are one transaction: a reminder is not lost if the process is killed, and not
published twice. Due times are compared by the database; this process only measures intervals.
"""

from collections.abc import Callable
from typing import Final

import msgspec

from actors.runtime.periodic_job import PeriodicJob
from storage.contracts.event_reminders import ReminderStore

INTERVAL_S: Final = 5.0
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
        self._job = PeriodicJob("publishing of event reminders", self.run, interval_s)
        self._published = 0
        self._overdue_s = 0.0

    def start(self) -> None:
        self._job.start()

    async def close(self) -> None:
        await self._job.close()

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
