"""One store kept running, on a made-up store whose server is a shell that sleeps, fails or lies as told."""

import asyncio
import contextlib
import os
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from storage.embedded import StoresUnavailable
from storage.embedded.command import Command
from storage.embedded.keeper import StoreKeeper
from storage.embedded.lease import Lease
from storage.embedded.process import ServerProcess, StopSteps
from tests.storage.embedded.stores_folder import Reports, eventually


class Moody:
    """A store whose server does what `script` says and whose checks fail when `refuses` says so."""

    name = "moody"
    program = Path("/bin/sh")
    stop_steps: StopSteps = ((signal.SIGTERM, 0.2), (signal.SIGKILL, 5.0))
    restart_when_refusing = True

    def __init__(self, folder: Path) -> None:
        self.data = folder / "moody"
        self.data.mkdir()
        self.script = "sleep 600"
        self.starts = 0
        self.last_words: list[str] = []
        self.checks = 0
        self.refuses = frozenset[int]()
        self.closed = 0

    async def prepare(self) -> Command:
        self.starts += 1
        return Command(("/bin/sh", "-c", f"{self.script}; :"), folder=self.data, dies_by=signal.SIGKILL)

    def repair(self, last_words: str, *, may_move: bool) -> str | None:
        self.last_words.append(last_words)
        return None

    async def check(self) -> None:
        self.checks += 1
        if self.checks in self.refuses:
            raise RuntimeError

    async def close(self) -> None:
        self.closed += 1


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Moody:
    for name, value in {
        "WATCH_INTERVAL_S": 0.02,
        "CHECK_INTERVAL_S": 0.02,
        "BACKOFF_FIRST_S": 0.01,
        "BEYOND_BUDGET_PAUSE_S": 0.5,
    }.items():
        monkeypatch.setattr(f"storage.embedded.keeper.{name}", value)
    return Moody(tmp_path)


@pytest.fixture
async def keeper(store: Moody, tmp_path: Path, reports: Reports) -> AsyncIterator[StoreKeeper]:
    process = ServerProcess(store.program, store.data, tmp_path / "moody.pid", tmp_path / "moody.log")
    keeper = StoreKeeper(store, process, Lease(tmp_path / "lease", 5.0), reports)
    yield keeper
    await keeper.stop()


@contextlib.asynccontextmanager
async def watched(keeper: StoreKeeper) -> AsyncIterator[None]:
    task = asyncio.create_task(keeper.watch())
    yield
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task


def pid(keeper: StoreKeeper) -> int:
    found = keeper.statistics(supervising=True).pid
    assert found is not None
    return found


async def test_a_server_that_dies_again_and_again_is_started_more_slowly(
    store: Moody, keeper: StoreKeeper, reports: Reports
) -> None:
    """Past the budget of restarts it waits longer, says so, and still comes back when the cause is gone."""
    await keeper.ensure(may_move=True)
    store.refuses = frozenset(range(100_000))
    store.script = "exit 1"
    async with watched(keeper):
        os.kill(pid(keeper), signal.SIGKILL)
        await eventually(lambda: ("moody", "does not stay up, next try in 0.5 s") in reports)
        assert store.starts == 6  # the first start and the budget
        store.script, store.refuses = "sleep 600", frozenset()
        await eventually(lambda: ("moody", "restarted") in reports)
        assert keeper.statistics(supervising=True).healthy


async def test_failures_that_come_and_go_lead_to_a_restart(
    store: Moody, keeper: StoreKeeper, reports: Reports
) -> None:
    """Every second check fails: the third failure restarts the server, two do not."""
    await keeper.ensure(may_move=True)
    first = pid(keeper)
    began = store.checks
    store.refuses = frozenset({began + 2, began + 4})
    async with watched(keeper):
        await eventually(lambda: store.checks > began + 10)
        assert pid(keeper) == first
        assert reports.count(("moody", "works again")) == 2
        began = store.checks
        store.refuses = frozenset({began + 10})
        await eventually(lambda: ("moody", "restarted") in reports)
        assert pid(keeper) != first


async def test_a_store_that_a_restart_does_not_help_is_left_running(
    store: Moody, keeper: StoreKeeper, reports: Reports
) -> None:
    """PostgreSQL on a full disk goes on reading: it is reported, not restarted."""
    store.restart_when_refusing = False
    await keeper.ensure(may_move=True)
    first = pid(keeper)
    store.refuses = frozenset(range(100_000))
    async with watched(keeper):
        await eventually(lambda: store.checks > 20)
        assert pid(keeper) == first
        assert not keeper.statistics(supervising=True).healthy
    assert reports.count(("moody", "a real write and read failed")) == 1


async def test_a_first_start_that_fails_says_the_servers_last_words(
    store: Moody, keeper: StoreKeeper
) -> None:
    """What the server wrote before it died is in the error and was offered for repair; nothing runs on."""
    store.script = "echo the disk is made of cheese >&2; exit 1"
    store.refuses = frozenset(range(100_000))
    with pytest.raises(StoresUnavailable, match=r"moody does not start. It says: .*made of cheese"):
        await keeper.ensure(may_move=True)
    assert store.last_words[0] == ""
    assert "made of cheese" in store.last_words[1]
    assert keeper.statistics(supervising=True).pid is None


async def test_a_check_is_not_cut_by_a_cancellation(store: Moody, keeper: StoreKeeper) -> None:
    """A driver in the middle of connecting finishes before the watch ends."""
    entered, release = asyncio.Event(), asyncio.Event()
    finished = False

    async def slow() -> None:
        nonlocal finished
        entered.set()
        await release.wait()
        finished = True

    await keeper.ensure(may_move=True)
    store.check = slow  # type: ignore[method-assign]
    task = asyncio.create_task(keeper.watch())
    await entered.wait()
    task.cancel()
    await asyncio.sleep(0)
    assert not task.done()
    release.set()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert finished
