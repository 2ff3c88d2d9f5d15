"""Leftovers of earlier runs: wrong pid files, zombies, orphaned servers."""

import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import asyncpg
import msgspec
import pytest

from storage.embedded import EmbeddedStores
from storage.embedded.process_table import ProcessIdentity
from storage.embedded.server_command import find_server, identify, is_server_for
from storage.embedded.server_process import PidFile
from storage.embedded.valkey import Valkey
from tests.storage.embedded.embedded_processes import (
    ChildUser,
    FolderProcesses,
    RecordedReports,
    process_file,
    wait_until,
)

PID_FILES = ("postgres.pid", "redis.pid", "mongo.pid")


@pytest.fixture
def bystander() -> Iterator[int]:
    """A living process that is no server."""
    process = subprocess.Popen(["sleep", "600"])
    yield process.pid
    process.kill()
    process.wait()


@pytest.fixture
def zombie() -> Iterator[int]:
    """A zombie: it has ended, and its parent has not waited for it."""
    process = subprocess.Popen(["true"])
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
    assert " Z " in process_file(process.pid, "stat")
    yield process.pid
    process.wait()


@pytest.fixture
def dead() -> int:
    process = subprocess.Popen(["true"])
    process.wait()
    return process.pid


def write_pid_files(folder: FolderProcesses, pid: int) -> None:
    """Make every file that names a server's process name this one, exactly as it is."""
    known = identify(pid) or ProcessIdentity(pid, 1, "another boot")
    for name in PID_FILES:
        (folder.path / "run" / name).write_bytes(msgspec.json.encode(PidFile(known, 0)))
    lock = folder.path / "postgres" / "postmaster.pid"
    lock.write_text(
        f"{pid}\n{folder.path / 'postgres'}\n1795469273\n5432\n/nowhere\n\n  1234567  8\nready   \n"
    )
    socket = folder.path / "run" / "s" / "postgres" / ".s.PGSQL.5432.lock"
    if socket.parent.exists():
        socket.write_text(f"{pid}\n{folder.path / 'postgres'}\n1795469273\n5432\n/nowhere\n")


def truncate_pid_files(folder: FolderProcesses, keep_bytes: int) -> None:
    files = [folder.path / "run" / name for name in PID_FILES]
    for path in (*files, folder.path / "postgres" / "postmaster.pid"):
        path.write_bytes(path.read_bytes()[:keep_bytes])


async def start_and_stop(folder: FolderProcesses) -> dict[str, int]:
    """Start, see that each store has exactly one server which answers, stop."""
    began = time.monotonic()
    async with EmbeddedStores(folder.path) as urls:
        assert time.monotonic() - began < 10
        running = folder.servers()
        assert len(running) == folder.count() == 3
        connection = await asyncpg.connect(urls.postgres)
        assert await connection.fetchval("SELECT count(*) FROM convene_health") == 1
        await connection.close()
    assert folder.count() == 0
    return running


async def test_wrong_pid_files_are_detected(
    folder: FolderProcesses, bystander: int, zombie: int, dead: int
) -> None:
    """Stale, zombie, reused, truncated, empty or missing: servers start once, other processes stay."""
    await start_and_stop(folder)

    write_pid_files(folder, dead)
    await start_and_stop(folder)

    write_pid_files(folder, zombie)
    await start_and_stop(folder)

    write_pid_files(folder, bystander)
    await start_and_stop(folder)
    assert identify(bystander) is not None

    write_pid_files(folder, os.getpid())
    await start_and_stop(folder)

    write_pid_files(folder, dead)
    truncate_pid_files(folder, 9)
    await start_and_stop(folder)

    write_pid_files(folder, bystander)
    truncate_pid_files(folder, 0)
    await start_and_stop(folder)

    for name in PID_FILES:
        (folder.path / "run" / name).unlink()
    await start_and_stop(folder)


async def test_servers_of_a_killed_run_are_adopted(
    folder: FolderProcesses, child: Callable[..., ChildUser], reports: RecordedReports, bystander: int
) -> None:
    """After kill -9 of the only user the next start joins its servers, whatever the pid files say."""
    starting_process = child(folder.path)
    urls = await starting_process.urls()
    running = folder.servers()
    outsider = identify(bystander)
    assert outsider is not None
    corruptions: tuple[Callable[[Path], object], ...] = (
        lambda path: path,
        lambda path: path.write_bytes(b""),
        lambda path: path.write_bytes(path.read_bytes()[:15]),
        lambda path: path.unlink(),
        lambda path: path.write_bytes(msgspec.json.encode(PidFile(outsider, 0))),
    )
    for corrupt in corruptions:
        starting_process.kill()
        for name in PID_FILES:
            corrupt(folder.path / "run" / name)
        starting_process = child(folder.path)
        assert (await starting_process.urls()).postgres == urls.postgres
        assert folder.servers() == running
        assert folder.count() == 3
    starting_process.kill()

    async with EmbeddedStores(folder.path, report=reports):
        assert folder.servers() == running
        assert {what for _, what in reports} == {"joined the running server"}
    assert folder.count() == 0


async def test_hanging_orphan_is_replaced(
    folder: FolderProcesses,
    child: Callable[..., ChildUser],
    reports: RecordedReports,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A leftover server that does not reply is stopped, and a new one is started."""
    starting_process = child(folder.path)
    await starting_process.urls()
    starting_process.kill()
    stuck = folder.servers()["redis"]
    os.kill(stuck, signal.SIGSTOP)
    monkeypatch.setattr("storage.embedded.store_supervisor.READY_TIMEOUT_S", 1.0)
    monkeypatch.setattr("storage.embedded.store_supervisor.CHECK_TIMEOUT_S", 0.5)
    monkeypatch.setattr(Valkey, "stop_steps", ((signal.SIGTERM, 0.2), (signal.SIGKILL, 5.0)))
    async with EmbeddedStores(folder.path, report=reports):
        assert folder.servers()["redis"] != stuck
        assert folder.count() == 3
    assert ("redis", "a leftover server fails its health check and is stopped") in reports


async def test_process_is_identified_by_its_start() -> None:
    """A different start time or boot id means a different process."""
    own = identify(os.getpid())
    assert own is not None
    assert own == identify(os.getpid())
    assert own != msgspec.structs.replace(own, start_ticks=own.start_ticks + 1)
    assert own != msgspec.structs.replace(own, boot_id="another")


@pytest.fixture
def run() -> Iterator[Callable[..., int]]:
    """Runs a program that stays until the test ends."""
    processes: list[subprocess.Popen[bytes]] = []

    def start(*argv: object, folder: Path) -> int:
        processes.append(subprocess.Popen([str(part) for part in argv], cwd=folder, stdin=subprocess.PIPE))
        return processes[-1].pid

    yield start
    for process in processes:
        process.kill()
        process.communicate()


async def test_name_with_parentheses_does_not_hide_a_process(tmp_path: Path, run: Callable[..., int]) -> None:
    """A program named `a) Z (b` is running, not a zombie."""
    program = tmp_path / "a) Z (b"
    program.symlink_to("/bin/cat")
    pid = run(program, folder=tmp_path)
    await wait_until(lambda: "Z (b" in process_file(pid, "comm"))
    assert identify(pid) is not None


async def test_server_is_the_same_program_in_the_same_folder(tmp_path: Path, run: Callable[..., int]) -> None:
    """Not elsewhere, not another program, not one on the same path in another container."""
    here, there = tmp_path / "here", tmp_path / "there"
    here.mkdir()
    there.mkdir()
    server = tmp_path / "server"
    server.symlink_to("/bin/cat")
    elsewhere = run(server, folder=there)
    other = run("cat", folder=here)
    # Its command line contains the path, but its working folder differs.
    namesake = run(server, "-", here, folder=there)
    for pid in (elsewhere, other, namesake):
        assert not is_server_for(pid, "server", here)
    assert find_server("server", here) is None
    ours = run(server, folder=here)
    await wait_until(lambda: find_server("server", here) == identify(ours))


async def test_zombie_counts_as_dead(folder: FolderProcesses, child: Callable[..., ChildUser]) -> None:
    """A killed server whose parent is paused is not considered running."""
    starting_process = child(folder.path)
    await starting_process.urls()
    stores = EmbeddedStores(folder.path)
    await stores.start()
    killed = folder.servers()["redis"]
    starting_process.process.send_signal(signal.SIGSTOP)
    os.kill(killed, signal.SIGKILL)
    await wait_until(lambda: " Z " in process_file(killed, "stat"))
    seen = {one.name: one for one in stores.statistics().stores}
    assert (seen["redis"].pid, seen["redis"].healthy) == (None, False)
    starting_process.process.send_signal(signal.SIGCONT)
    await wait_until(lambda: folder.servers().get("redis", killed) != killed)
    await starting_process.leave()
    await stores.stop()
