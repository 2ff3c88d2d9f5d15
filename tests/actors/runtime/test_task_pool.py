"""The task pool: background tasks, bounded in number."""

import asyncio

import pytest

from actors.runtime.task_pool import TaskPool
from tests.until import until


class GatedTask:
    """Counts started and finished runs; a run waits for the gate."""

    def __init__(self) -> None:
        self.started = 0
        self.done = 0
        self.gate = asyncio.Event()

    async def run(self) -> None:
        self.started += 1
        await self.gate.wait()
        self.done += 1


async def test_submit_returns_before_the_task_starts() -> None:
    """`submit` returns before the task has started."""
    work, pool = GatedTask(), TaskPool("tests", max_pending=10, max_running=2)
    assert pool.submit(work.run)
    assert work.started == 0
    work.gate.set()
    await until(lambda: pool.statistics().pending == 0)
    assert work.done == 1


async def test_running_and_pending_tasks_are_bounded() -> None:
    """Tasks over the bounds are rejected and counted until there is space."""
    work, pool = GatedTask(), TaskPool("tests", max_pending=5, max_running=2)
    taken = [pool.submit(work.run) for _ in range(8)]
    assert taken == [True] * 5 + [False] * 3
    await until(lambda: work.started == 2)
    found = pool.statistics()
    assert (found.pending, found.rejected) == (5, 3)
    work.gate.set()
    await until(lambda: pool.statistics().pending == 0)
    assert work.done == 5
    assert pool.submit(work.run)
    await until(lambda: work.done == 6)


async def test_failure_is_logged_without_user_text(caplog: pytest.LogCaptureFixture) -> None:
    """A failed task is counted and logged, and does not affect others."""

    async def fail() -> None:
        raise KeyError("ana@example.test")

    work, pool = GatedTask(), TaskPool("tests", max_pending=5, max_running=1)
    work.gate.set()
    assert pool.submit(fail)
    assert pool.submit(work.run)
    await until(lambda: pool.statistics().pending == 0)
    assert (pool.statistics().failed, work.done) == (1, 1)
    (record,) = caplog.records
    assert record.getMessage() == "tests: background task failed"


async def test_close_waits_then_cancels() -> None:
    """Tasks that finish in time complete, the rest are cancelled, and new ones are rejected."""
    work, pool = GatedTask(), TaskPool("tests", max_pending=5, max_running=1)
    pool.submit(work.run)
    pool.submit(work.run)
    await until(lambda: work.started == 1)
    asyncio.get_running_loop().call_later(0.01, work.gate.set)
    await pool.close(5)
    assert work.done == 2
    assert not pool.submit(work.run)

    stuck, others = GatedTask(), TaskPool("tests", max_pending=5, max_running=1)
    others.submit(stuck.run)
    await until(lambda: stuck.started == 1)
    await others.close(0.01)
    assert (stuck.done, others.statistics().pending) == (0, 0)


async def test_spawned_tasks_are_drained_or_cancelled() -> None:
    """`drain` waits for tasks that start meanwhile too; `cancel` ends what runs."""
    work, pool = GatedTask(), TaskPool("tests")

    async def start_another() -> None:
        pool.spawn(work.run())
        work.gate.set()

    pool.spawn(start_another())
    await pool.drain()
    assert (work.done, len(pool)) == (1, 0)

    stuck = GatedTask()
    pool.spawn(stuck.run())
    await until(lambda: stuck.started == 1)
    await pool.cancel()
    assert (stuck.done, len(pool)) == (0, 0)


async def test_failure_of_a_spawned_task_is_counted(caplog: pytest.LogCaptureFixture) -> None:
    """It is logged like that of submitted work."""

    async def fail() -> None:
        raise KeyError("ana@example.test")

    pool = TaskPool("tests")
    pool.spawn(fail())
    await pool.drain()
    await until(lambda: pool.statistics().failed == 1)
    assert [record.getMessage() for record in caplog.records] == ["tests: background task failed"]
