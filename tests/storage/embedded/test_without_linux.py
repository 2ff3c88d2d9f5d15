"""The embedded stores on a system without pidfd, prctl and /proc: psutil and a watcher take their place.

The stores are real, in a child process from which the three were taken away; the tests themselves use /proc.
"""

import os
import shutil
import signal
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import asyncpg
import pytest
import redis.asyncio as redis

from storage.embedded import StoreUrls
from storage.embedded.process_table import LinuxProcesses, PsutilProcesses
from tests.storage.embedded.embedded_processes import ChildUser, FolderProcesses, process_exists, wait_until

WITHOUT_LINUX = Path(__file__).with_name("stores_child_without_linux.py")
ORDINARY_USER = 65_534
"""`nobody`, because root needs capabilities of Linux where PostgreSQL may not enter a folder."""

StartChild = Callable[..., ChildUser]


@pytest.fixture
def shared_folder() -> Iterator[FolderProcesses]:
    """A folder of the user who runs the stores, in one that every user can pass through."""
    path = Path(tempfile.mkdtemp())
    if os.geteuid() == 0:
        os.chown(path, ORDINARY_USER, ORDINARY_USER)
    folder = FolderProcesses(path)
    yield folder
    folder.kill_servers()
    shutil.rmtree(path, ignore_errors=True)


@pytest.fixture
def start(child: StartChild, shared_folder: FolderProcesses) -> Callable[[str], ChildUser]:
    user = ORDINARY_USER if os.geteuid() == 0 else None
    return lambda keep: child(shared_folder.path, keep, user, WITHOUT_LINUX)


async def write(urls: StoreUrls) -> None:
    connection = await asyncpg.connect(urls.postgres)
    await connection.execute("CREATE TABLE IF NOT EXISTS kept (id int)")
    await connection.execute("INSERT INTO kept VALUES (1)")
    await connection.close()
    client = redis.Redis.from_url(urls.redis)
    await client.set("kept", "1")
    await client.aclose()


def watchers(folder: FolderProcesses) -> list[int]:
    """Return the watchers of the folder's servers."""
    servers = {str(pid).encode() for pid in folder.servers().values()}
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            arguments = (entry / "cmdline").read_bytes().split(b"\0")
        except OSError:
            continue
        if any(part.endswith(b"/parent_watcher.py") for part in arguments) and not servers.isdisjoint(
            arguments
        ):
            found.append(int(entry.name))
    return found


async def test_stores_start_stop_and_start_again(
    start: Callable[[str], ChildUser], shared_folder: FolderProcesses
) -> None:
    """Kept stores have no watcher, end with their last user, and keep their data."""
    for count in (1, 2):
        user = start("keep")
        urls = await user.urls()
        assert len(shared_folder.servers()) == 3
        assert watchers(shared_folder) == []
        await write(urls)
        connection = await asyncpg.connect(urls.postgres)
        assert await connection.fetchval("SELECT count(*) FROM kept") == count
        await connection.close()
        await user.leave()
        assert shared_folder.count() == 0


async def test_second_process_joins(
    start: Callable[[str], ChildUser], shared_folder: FolderProcesses
) -> None:
    """It finds the running servers, and adopts them when the first process is killed."""
    first = start("keep")
    await first.urls()
    servers = shared_folder.servers()
    second = start("keep")
    await second.urls()
    first.kill()
    assert shared_folder.servers() == servers
    await second.leave()
    assert shared_folder.count() == 0


async def test_killed_server_is_restarted(
    start: Callable[[str], ChildUser], shared_folder: FolderProcesses
) -> None:
    """At the same URL, with a new watcher; the old one has ended."""
    user = start("drop")
    urls = await user.urls()
    old = shared_folder.servers()["redis"]
    old_watchers = watchers(shared_folder)
    assert len(old_watchers) == 3
    os.kill(old, signal.SIGKILL)
    await wait_until(lambda: shared_folder.servers().get("redis") not in {None, old}, 60.0)
    client = redis.Redis.from_url(urls.redis)
    await wait_until(client.ping, 60.0)
    await client.aclose()
    await wait_until(lambda: len(watchers(shared_folder)) == 3, 60.0)
    await wait_until(lambda: sum(map(process_exists, old_watchers)) == 2, 60.0)
    assert len(shared_folder.servers()) == 3
    await user.leave()
    assert shared_folder.count() == 0


async def test_kill_of_the_parent_leaves_nothing(
    start: Callable[[str], ChildUser], shared_folder: FolderProcesses
) -> None:
    """SIGKILL of the only process of a temporary run ends its servers, and then their watchers."""
    user = start("drop")
    await user.urls()
    found = watchers(shared_folder)
    assert len(found) == 3
    user.kill()
    await wait_until(lambda: shared_folder.count() == 0, 60.0)
    await wait_until(lambda: not any(map(process_exists, found)), 60.0)


async def test_orderly_end_leaves_no_watcher(
    start: Callable[[str], ChildUser], shared_folder: FolderProcesses
) -> None:
    """Each ends with its server."""
    user = start("drop")
    await user.urls()
    found = watchers(shared_folder)
    await user.leave()
    assert shared_folder.count() == 0
    await wait_until(lambda: not any(map(process_exists, found)), 60.0)


def test_process_tables_agree() -> None:
    """psutil says of this process what /proc says, and nothing of one that does not exist."""
    linux, portable = LinuxProcesses(), PsutilProcesses()
    pid = os.getpid()
    assert portable.identify(pid) == portable.identify(pid)
    assert portable.identify(pid) is not None
    assert portable.command_line(pid) == linux.command_line(pid)
    assert portable.working_folder(pid) == linux.working_folder(pid)
    assert pid in portable.pids()
    for table in (linux, portable):
        assert table.identify(2**22 + 1) is None
        assert table.command_line(2**22 + 1) == []
        assert table.working_folder(2**22 + 1) is None
