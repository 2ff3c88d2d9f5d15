"""Errands: nobody waits for them, and they are bounded all the same."""

import asyncio

import pytest

from actors.runtime.errands import Errands
from tests.until import until


class Work:
    """Counts what is begun and done; goes on once the door is open."""

    def __init__(self) -> None:
        self.begun = 0
        self.done = 0
        self.door = asyncio.Event()

    async def run(self) -> None:
        self.begun += 1
        await self.door.wait()
        self.done += 1


async def test_teller_goes_on_at_once() -> None:
    """Nothing of an errand has begun when telling it returns."""
    work, errands = Work(), Errands("tests", waiting=10, at_once=2)
    assert errands.tell(work.run)
    assert work.begun == 0
    work.door.set()
    await until(lambda: errands.statistics().waiting == 0)
    assert work.done == 1


async def test_so_many_run_and_so_many_wait() -> None:
    """Beyond the bounds an errand is refused, and counted; later there is room again."""
    work, errands = Work(), Errands("tests", waiting=5, at_once=2)
    taken = [errands.tell(work.run) for _ in range(8)]
    assert taken == [True] * 5 + [False] * 3
    await until(lambda: work.begun == 2)
    found = errands.statistics()
    assert (found.waiting, found.refused) == (5, 3)
    work.door.set()
    await until(lambda: errands.statistics().waiting == 0)
    assert work.done == 5
    assert errands.tell(work.run)
    await until(lambda: work.done == 6)


async def test_failure_is_told_without_its_words(caplog: pytest.LogCaptureFixture) -> None:
    """An errand that fails is counted and logged, and takes no other along."""

    async def fail() -> None:
        raise KeyError("ana@example.test")

    work, errands = Work(), Errands("tests", waiting=5, at_once=1)
    work.door.set()
    assert errands.tell(fail)
    assert errands.tell(work.run)
    await until(lambda: errands.statistics().waiting == 0)
    assert (errands.statistics().failed, work.done) == (1, 1)
    (record,) = caplog.records
    assert record.getMessage() == "tests: an errand failed"


async def test_closing_finishes_what_it_can() -> None:
    """What ends in time ends well, the rest is cancelled, and nothing new is taken."""
    work, errands = Work(), Errands("tests", waiting=5, at_once=1)
    errands.tell(work.run)
    errands.tell(work.run)
    await until(lambda: work.begun == 1)
    asyncio.get_running_loop().call_later(0.01, work.door.set)
    await errands.close(5)
    assert work.done == 2
    assert not errands.tell(work.run)

    stuck, others = Work(), Errands("tests", waiting=5, at_once=1)
    others.tell(stuck.run)
    await until(lambda: stuck.begun == 1)
    await others.close(0.01)
    assert (stuck.done, others.statistics().waiting) == (0, 0)
