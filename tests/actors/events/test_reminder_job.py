"""The job that publishes reminders: bounded turns, and going on after failures."""

from collections.abc import Sequence
from datetime import datetime

from actors.events.reminder_job import BATCH_ROWS, BATCHES_PER_TURN, ReminderJob
from storage.errors import Unavailable
from tests.until import until


class FakeReminders:
    """`due` reminders, and events that were moved."""

    def __init__(self, due: int = 0, moved: int = 0, failures: int = 0) -> None:
        self.due, self.moved, self.failures = due, moved, failures

    async def publish_due(self, limit: int) -> int:
        if self.failures:
            self.failures -= 1
            raise Unavailable
        published = min(limit, self.due)
        self.due -= published
        return published

    async def move(self, limit: int) -> int | None:
        if not self.moved:
            return None
        self.moved -= 1
        return limit

    async def overdue_s(self) -> float:
        return 7.0 if self.due else 0.0

    async def find_reminded(self, event_id: str, start: datetime, user_ids: Sequence[str]) -> list[str]:
        return list(user_ids)


async def test_turn_is_bounded() -> None:
    """The rest stays due for the next turn, and is reported as overdue."""
    store = FakeReminders(due=BATCH_ROWS * BATCHES_PER_TURN + 3, moved=BATCHES_PER_TURN + 2)
    wakes: list[None] = []
    job = ReminderJob(store, lambda: wakes.append(None))
    assert await job.run() == BATCH_ROWS * BATCHES_PER_TURN
    assert (store.due, store.moved, len(wakes)) == (3, 2, BATCHES_PER_TURN)
    assert job.statistics().overdue_s == 7.0
    assert await job.run() == 3
    assert (job.statistics().published, job.statistics().overdue_s) == (
        BATCH_ROWS * BATCHES_PER_TURN + 3,
        0.0,
    )


async def test_unavailable_store_does_not_end_the_job() -> None:
    """It tries again after its interval."""
    store = FakeReminders(due=5, failures=2)
    job = ReminderJob(store, lambda: None, interval_s=0.001)
    job.start()
    await until(lambda: store.due == 0)
    await job.close()
    assert job.statistics().published == 5
