"""Work that is repeated: after failures of every kind, when woken, and until it is closed."""

import asyncio
import logging
from functools import partial

import pytest

from actors.runtime.periodic_job import JITTER, PeriodicJob, run_all
from storage.errors import Conflict, Unavailable
from tests.until import until

RARELY_S = 3600.0


async def test_failed_runs_do_not_end_the_job(caplog: pytest.LogCaptureFixture) -> None:
    """An outage is logged where it was counted, other errors here; a programming error with its traceback."""
    failures: list[Exception] = [Unavailable("away"), Conflict("a_key"), ValueError("unexpected")]
    runs = 0

    async def run() -> None:
        nonlocal runs
        runs += 1
        if failures:
            raise failures.pop(0)

    job = PeriodicJob("counting", run, 0.001)
    with caplog.at_level(logging.DEBUG, "actors.runtime.periodic_job"):
        job.start()
        await until(lambda: runs >= 5)
        await job.close()
    assert [(record.levelno, record.exc_info is not None) for record in caplog.records] == [
        (logging.DEBUG, False),
        (logging.WARNING, False),
        (logging.ERROR, True),
    ]
    assert all("counting failed" in record.getMessage() for record in caplog.records)


async def test_wake_runs_the_job_before_its_interval() -> None:
    """A wake during a run is not lost: another run follows."""
    started, runs = asyncio.Event(), 0
    may_end = asyncio.Event()

    async def run() -> None:
        nonlocal runs
        runs += 1
        started.set()
        await may_end.wait()

    job = PeriodicJob("counting", run, RARELY_S)
    job.start()
    await started.wait()
    job.wake()
    may_end.set()
    await until(lambda: runs == 2)
    job.wake()
    await until(lambda: runs == 3)
    await job.close()


async def test_job_that_waits_first_runs_when_woken() -> None:
    """Without a wake it would run after its first interval."""
    runs = 0

    async def run() -> None:
        nonlocal runs
        runs += 1

    job = PeriodicJob("counting", run, RARELY_S, waits_first=True)
    job.start()
    for _ in range(10):
        await asyncio.sleep(0)
    assert runs == 0
    job.wake()
    await until(lambda: runs == 1)
    await job.close()


async def test_closing_cancels_the_run_in_progress() -> None:
    """No run follows."""
    started, cancelled = asyncio.Event(), False

    async def run() -> None:
        nonlocal cancelled
        started.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            cancelled = True
            raise

    job = PeriodicJob("waiting", run, 0.001)
    job.start()
    await started.wait()
    await job.close()
    assert cancelled


async def test_intervals_vary(monkeypatch: pytest.MonkeyPatch) -> None:
    """Instances that started together do not stay together."""
    bounds: list[tuple[float, float]] = []

    def record(low: float, high: float) -> float:
        bounds.append((low, high))
        return low

    monkeypatch.setattr("actors.runtime.periodic_job.random.uniform", record)

    async def run() -> None:
        """Nothing to do."""

    job = PeriodicJob("varying", run, 0.001)
    job.start()
    await until(lambda: len(bounds) >= 2)
    await job.close()
    assert set(bounds) == {(1 - JITTER, 1 + JITTER)}


async def test_run_all_goes_on_after_an_outage() -> None:
    """The first failure of a store is raised at the end; another error ends it at once."""
    done: list[str] = []

    async def fail(error: Exception) -> None:
        raise error

    async def succeed(name: str) -> None:
        done.append(name)

    works = [
        partial(fail, Unavailable("first")),
        partial(succeed, "second"),
        partial(fail, Unavailable("third")),
        partial(succeed, "fourth"),
    ]
    with pytest.raises(Unavailable, match="first"):
        await run_all(works)
    assert done == ["second", "fourth"]
    with pytest.raises(ValueError, match="unexpected"):
        await run_all([partial(fail, ValueError("unexpected")), partial(succeed, "not reached")])
    assert done == ["second", "fourth"]
    await run_all([])
