"""Errands: nobody waits for them, and they are bounded all the same."""

import asyncio

import pytest

from actors.runtime.task_pool import TaskPool
from tests.until import until


class GatedTask:
    """Counts what is begun and done; goes on once the door is open."""

    def __init__(self) -> None:
        self.started = 0
        self.done = 0
        self.gate = asyncio.Event()

    async def run(self) -> None:
        self.started += 1
        await self.gate.wait()
        self.done += 1


async def test_submit_returns_before_the_task_starts() -> None:
    """Nothing of an errand has begun when telling it returns."""
    work, errands = GatedTask(), TaskPool("tests", max_pending=10, max_running=2)
    assert errands.submit(work.run)
    assert work.started == 0
    work.gate.set()
    await until(lambda: errands.statistics().pending == 0)
    assert work.done == 1


async def test_running_and_pending_tasks_are_bounded() -> None:
    """Beyond the bounds an errand is refused, and counted; later there is room again."""
    work, errands = GatedTask(), TaskPool("tests", max_pending=5, max_running=2)
    taken = [errands.submit(work.run) for _ in range(8)]
    assert taken == [True] * 5 + [False] * 3
    await until(lambda: work.started == 2)
    found = errands.statistics()
    assert (found.pending, found.rejected) == (5, 3)
    work.gate.set()
    await until(lambda: errands.statistics().pending == 0)
    assert work.done == 5
    assert errands.submit(work.run)
    await until(lambda: work.done == 6)


async def test_failure_is_logged_without_user_text(caplog: pytest.LogCaptureFixture) -> None:
    """An errand that fails is counted and logged, and takes no other along."""

    async def fail() -> None:
        raise KeyError("ana@example.test")

    work, errands = GatedTask(), TaskPool("tests", max_pending=5, max_running=1)
    work.gate.set()
    assert errands.submit(fail)
    assert errands.submit(work.run)
    await until(lambda: errands.statistics().pending == 0)
    assert (errands.statistics().failed, work.done) == (1, 1)
    (record,) = caplog.records
    assert record.getMessage() == "tests: background task failed"


async def test_close_waits_then_cancels() -> None:
    """What ends in time ends well, the rest is cancelled, and nothing new is taken."""
    work, errands = GatedTask(), TaskPool("tests", max_pending=5, max_running=1)
    errands.submit(work.run)
    errands.submit(work.run)
    await until(lambda: work.started == 1)
    asyncio.get_running_loop().call_later(0.01, work.gate.set)
    await errands.close(5)
    assert work.done == 2
    assert not errands.submit(work.run)

    stuck, others = GatedTask(), TaskPool("tests", max_pending=5, max_running=1)
    others.submit(stuck.run)
    await until(lambda: stuck.started == 1)
    await others.close(0.01)
    assert (stuck.done, others.statistics().pending) == (0, 0)
