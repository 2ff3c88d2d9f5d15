"""The supervisor of one store, with a shell script as its server."""

import asyncio
import contextlib
import os
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from storage.embedded import StoresUnavailable
from storage.embedded.server_command import ServerCommand
from storage.embedded.server_process import ServerProcess, StopSteps
from storage.embedded.store_supervisor import StoreSupervisor
from storage.embedded.stores_folder import FolderLocks
from tests.storage.embedded.embedded_processes import RecordedReports, wait_until


class ScriptedStore:
    """A store whose server does what `script` says and whose checks fail when `refuses` says so."""

    name = "moody"
    program = Path("/bin/sh")
    stop_steps: StopSteps = ((signal.SIGTERM, 0.2), (signal.SIGKILL, 5.0))
    restart_on_failed_checks = True

    def __init__(self, folder: Path) -> None:
        self.data = folder / "moody"
        self.data.mkdir()
        self.script = "sleep 600"
        self.start_count = 0
        self.log_tails: list[str] = []
        self.check_count = 0
        self.failing_checks = frozenset[int]()
        self.close_count = 0

    async def prepare(self) -> ServerCommand:
        self.start_count += 1
        return ServerCommand(
            ("/bin/sh", "-c", f"{self.script}; :"),
            working_folder=self.data,
            parent_death_signal=signal.SIGKILL,
        )

    def repair(self, log_tail: str, *, may_change_address: bool) -> str | None:
        self.log_tails.append(log_tail)
        return None

    async def check(self) -> None:
        self.check_count += 1
        if self.check_count in self.failing_checks:
            raise RuntimeError

    async def close(self) -> None:
        self.close_count += 1


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ScriptedStore:
    for name, value in {
        "WATCH_INTERVAL_S": 0.02,
        "CHECK_INTERVAL_S": 0.02,
        "BACKOFF_FIRST_S": 0.01,
        "BEYOND_BUDGET_PAUSE_S": 0.5,
    }.items():
        monkeypatch.setattr(f"storage.embedded.store_supervisor.{name}", value)
    return ScriptedStore(tmp_path)


@pytest.fixture
async def supervisor(
    store: ScriptedStore, tmp_path: Path, reports: RecordedReports
) -> AsyncIterator[StoreSupervisor]:
    process = ServerProcess(store.program, store.data, tmp_path / "moody.pid", tmp_path / "moody.log")
    supervisor = StoreSupervisor(store, process, FolderLocks(tmp_path / "lease", 5.0), reports)
    yield supervisor
    await supervisor.stop()


@contextlib.asynccontextmanager
async def watching(supervisor: StoreSupervisor) -> AsyncIterator[None]:
    task = asyncio.create_task(supervisor.watch())
    yield
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task


def pid(supervisor: StoreSupervisor) -> int:
    found = supervisor.statistics(supervising=True).pid
    assert found is not None
    return found


async def test_repeatedly_failing_server_is_restarted_more_slowly(
    store: ScriptedStore, supervisor: StoreSupervisor, reports: RecordedReports
) -> None:
    """Beyond the budget it waits longer, reports it, and recovers when the cause is gone."""
    await supervisor.ensure_running(may_change_address=True)
    store.failing_checks = frozenset(range(100_000))
    store.script = "exit 1"
    async with watching(supervisor):
        os.kill(pid(supervisor), signal.SIGKILL)
        await wait_until(lambda: ("moody", "keeps failing, next attempt in 0.5 s") in reports)
        assert store.start_count == 6  # the first start and the budget
        store.script, store.failing_checks = "sleep 600", frozenset()
        await wait_until(lambda: ("moody", "restarted") in reports)
        assert supervisor.statistics(supervising=True).healthy


async def test_intermittent_failures_lead_to_a_restart(
    store: ScriptedStore, supervisor: StoreSupervisor, reports: RecordedReports
) -> None:
    """If every second check fails, the third failure restarts the server."""
    await supervisor.ensure_running(may_change_address=True)
    first = pid(supervisor)
    began = store.check_count
    store.failing_checks = frozenset({began + 2, began + 4})
    async with watching(supervisor):
        await wait_until(lambda: store.check_count > began + 10)
        assert pid(supervisor) == first
        assert reports.count(("moody", "health check succeeds again")) == 2
        began = store.check_count
        store.failing_checks = frozenset({began + 10})
        await wait_until(lambda: ("moody", "restarted") in reports)
        assert pid(supervisor) != first


async def test_store_that_a_restart_does_not_help_keeps_running(
    store: ScriptedStore, supervisor: StoreSupervisor, reports: RecordedReports
) -> None:
    """PostgreSQL on a full disk can still read: failures are only reported."""
    store.restart_on_failed_checks = False
    await supervisor.ensure_running(may_change_address=True)
    first = pid(supervisor)
    store.failing_checks = frozenset(range(100_000))
    async with watching(supervisor):
        await wait_until(lambda: store.check_count > 20)
        assert pid(supervisor) == first
        assert not supervisor.statistics(supervising=True).healthy
    assert reports.count(("moody", "health check failed")) == 1


async def test_failed_first_start_reports_the_log(store: ScriptedStore, supervisor: StoreSupervisor) -> None:
    """The end of the log is in the error and was passed to `repair`; nothing keeps running."""
    store.script = "echo the disk is made of cheese >&2; exit 1"
    store.failing_checks = frozenset(range(100_000))
    with pytest.raises(StoresUnavailable, match=r"moody does not start. Its log: .*made of cheese"):
        await supervisor.ensure_running(may_change_address=True)
    assert store.log_tails[0] == ""
    assert "made of cheese" in store.log_tails[1]
    assert supervisor.statistics(supervising=True).pid is None


async def test_check_is_not_interrupted_by_cancellation(
    store: ScriptedStore, supervisor: StoreSupervisor
) -> None:
    """A driver that is connecting finishes before supervision ends."""
    joined, release = asyncio.Event(), asyncio.Event()
    finished = False

    async def slow() -> None:
        nonlocal finished
        joined.set()
        await release.wait()
        finished = True

    await supervisor.ensure_running(may_change_address=True)
    store.check = slow  # type: ignore[method-assign]
    task = asyncio.create_task(supervisor.watch())
    await joined.wait()
    task.cancel()
    await asyncio.sleep(0)
    assert not task.done()
    release.set()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert finished
