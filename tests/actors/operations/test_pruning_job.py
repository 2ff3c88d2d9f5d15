"""The pruning job, on tables in memory."""

import pytest

from actors.operations import pruning_job
from actors.operations.pruning_job import PruningJob
from storage.errors import Unavailable
from tests.until import until


class FakeTable:
    """Implements `PrunableTable`: some old rows, and how many were deleted by each call."""

    def __init__(self, name: str, old_rows: int) -> None:
        self.name = name
        self.old_rows = old_rows
        self.batches: list[int] = []

    async def prune(self, limit: int) -> int:
        deleted = min(limit, self.old_rows)
        self.old_rows -= deleted
        self.batches.append(deleted)
        return deleted


class FakeLocks:
    """Implements `Locks` with one lock."""

    def __init__(self, *, free: bool) -> None:
        self.free = free

    async def try_acquire(self, _name: str) -> bool:
        return self.free

    async def release_all(self) -> None:
        """Nothing to release."""


async def test_tables_are_pruned_in_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    """A bounded number of them at each run, counted by table."""
    monkeypatch.setattr(pruning_job, "PRUNING_BATCH_ROWS", 10)
    monkeypatch.setattr(pruning_job, "PRUNING_BATCHES_PER_RUN", 3)
    large, small = FakeTable("large", 35), FakeTable("small", 4)
    job = PruningJob([large, small], FakeLocks(free=True))
    assert job.statistics().rows == {"large": 0, "small": 0}
    await job.run()
    assert (large.batches, small.batches) == ([10, 10, 10], [4])
    await job.run()
    assert job.statistics().rows == {"large": 35, "small": 4}
    assert job.statistics().completed_at_s > 0


async def test_one_instance_prunes() -> None:
    """The one that holds the lock."""
    table = FakeTable("table", 5)
    job = PruningJob([table], FakeLocks(free=False))
    await job.run()
    assert table.batches == []
    assert job.statistics().completed_at_s == 0


async def test_pruning_goes_on_after_an_outage(monkeypatch: pytest.MonkeyPatch) -> None:
    """It runs periodically until it is closed."""
    monkeypatch.setattr(pruning_job, "PRUNING_INTERVAL_S", 0.001)
    table = FakeTable("table", 5)
    failures = iter([Unavailable("away")])

    async def prune(limit: int) -> int:
        for failure in failures:
            raise failure
        return await FakeTable.prune(table, limit)

    monkeypatch.setattr(table, "prune", prune)
    job = PruningJob([table], FakeLocks(free=True))
    job.start()
    await until(lambda: table.old_rows == 0)
    await job.close()


async def test_a_table_that_fails_does_not_keep_the_others() -> None:
    """They may be in other stores. The failure is reported, and the run does not count as complete."""

    class FailingTable(FakeTable):
        async def prune(self, limit: int) -> int:
            raise Unavailable("away")

    table = FakeTable("table", 5)
    job = PruningJob([FailingTable("failing", 5), table], FakeLocks(free=True))
    with pytest.raises(Unavailable, match="away"):
        await job.run()
    assert table.old_rows == 0
    assert job.statistics().completed_at_s == 0
