"""Embedded stores end to end: start, join, crash, restart and stop of real servers."""

import asyncio
import contextlib
import os
import signal
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import asyncpg
import pytest
import redis.asyncio as redis
from motor.motor_asyncio import AsyncIOMotorClient

from storage.embedded import EmbeddedStores, StoresUnavailable, StoreUrls, binaries
from tests.storage.embedded.embedded_processes import (
    ChildUser,
    FolderProcesses,
    RecordedReports,
    process_exists,
    wait_until,
)


@contextlib.contextmanager
def mongo_client(urls: StoreUrls) -> Iterator[AsyncIOMotorClient[dict[str, object]]]:
    client: AsyncIOMotorClient[dict[str, object]] = AsyncIOMotorClient(urls.mongo)
    yield client
    client.close()


async def write(urls: StoreUrls, value: str) -> None:
    connection = await asyncpg.connect(urls.postgres)
    await connection.execute("CREATE TABLE IF NOT EXISTS kept (value text)")
    await connection.execute("INSERT INTO kept VALUES ($1)", value)
    await connection.close()
    with mongo_client(urls) as mongo:
        await mongo["kept"]["kept"].insert_one({"_id": value})
    async with redis.from_url(urls.redis) as client:
        await client.set("kept", value)


async def read(urls: StoreUrls) -> tuple[object, object, object]:
    connection = await asyncpg.connect(urls.postgres)
    stored = await connection.fetchval("SELECT value FROM kept")
    await connection.close()
    with mongo_client(urls) as mongo:
        document = await mongo["kept"]["kept"].find_one()
    async with redis.from_url(urls.redis, decode_responses=True) as client:
        return stored, document["_id"] if document else None, await client.get("kept")


async def test_data_and_urls_survive_a_restart(new_folder: FolderProcesses, reports: RecordedReports) -> None:
    """Nothing is created again, so a restart takes seconds, also on a slow machine."""
    stores = EmbeddedStores(new_folder.path, report=reports)
    urls = await stores.start()
    await write(urls, "mango")
    assert set(new_folder.servers()) == {"postgres", "redis", "mongo"}
    statistics = stores.statistics()
    assert statistics.supervising
    assert {one.name: one.pid for one in statistics.stores} == new_folder.servers()
    assert all(one.healthy and one.restarts == 0 for one in statistics.stores)
    await stores.stop()
    assert new_folder.count() == 0
    assert stores.statistics().stores == ()

    began = time.monotonic()
    again = await stores.start()
    assert time.monotonic() - began < 30.0
    assert (again.postgres, again.mongo, again.redis) == (urls.postgres, urls.mongo, urls.redis)
    assert await read(again) == ("mango", "mango", "mango")
    await stores.stop()
    assert {what for _, what in reports} == {"started"}


async def test_temporary_folder_is_deleted(new_folder: FolderProcesses) -> None:
    """With keep=False no process, file or socket remains; files that existed before stay."""
    new_folder.path.mkdir()
    (new_folder.path / "notes.txt").write_text("mine")
    stores = EmbeddedStores(new_folder.path, keep=False)
    urls = await stores.start()
    await write(urls, "plum")
    sockets = Path(urls.redis.removeprefix("unix://").partition("?")[0]).parent
    assert sockets.exists()
    # A second start of the same object is an error that stops nothing.
    with pytest.raises(StoresUnavailable, match="already started"):
        await stores.start()
    assert len(new_folder.servers()) == 3
    await stores.stop()
    # A second stop is harmless.
    await stores.stop()
    assert new_folder.count() == 0
    assert not sockets.exists()
    assert [one.name for one in new_folder.path.iterdir()] == ["notes.txt"]


async def test_kept_folder_is_not_deleted_by_a_temporary_user(folder: FolderProcesses) -> None:
    """keep=False on a kept folder keeps the data."""
    async with EmbeddedStores(folder.path) as urls:
        await write(urls, "fig")
    async with EmbeddedStores(folder.path, keep=False):
        pass
    async with EmbeddedStores(folder.path) as urls:
        assert await read(urls) == ("fig", "fig", "fig")


async def test_second_process_joins_and_the_last_one_stops_the_stores(
    folder: FolderProcesses, child: Callable[..., ChildUser], reports: RecordedReports
) -> None:
    """It gets the same URLs and takes over supervision when the first leaves."""
    first = child(folder.path)
    urls = await first.urls()
    running = folder.servers()

    second = EmbeddedStores(folder.path, report=reports)
    joined = await second.start()
    assert (joined.postgres, joined.mongo, joined.redis) == (urls.postgres, urls.mongo, urls.redis)
    assert folder.servers() == running
    await write(joined, "date")
    assert not second.statistics().supervising
    assert {one.name: one.pid for one in second.statistics().stores} == running

    await first.leave()
    assert folder.servers() == running
    await wait_until(lambda: second.statistics().supervising)
    os.kill(running["redis"], signal.SIGKILL)
    await wait_until(lambda: ("redis", "restarted") in reports)

    await second.stop()
    assert folder.count() == 0


async def test_killed_user_does_not_keep_the_stores_running(
    folder: FolderProcesses, child: Callable[..., ChildUser]
) -> None:
    """Its locks are released, so the remaining user is the last one."""
    first = child(folder.path)
    await first.urls()
    async with EmbeddedStores(folder.path):
        first.kill()
    assert folder.count() == 0


async def test_killed_store_is_reported_and_restarted_at_its_url(
    folder: FolderProcesses, reports: RecordedReports
) -> None:
    """Clients continue, and acknowledged data is there."""
    stores = EmbeddedStores(folder.path, keep=False, report=reports)
    urls = await stores.start()
    await write(urls, "pear")
    pool = await asyncpg.create_pool(urls.postgres, min_size=1, max_size=1)
    mongo: AsyncIOMotorClient[dict[str, object]] = AsyncIOMotorClient(urls.mongo)
    client = redis.from_url(urls.redis)
    before = folder.servers()
    for pid in before.values():
        os.kill(pid, signal.SIGKILL)
    await wait_until(
        lambda: {("postgres", "restarted"), ("redis", "restarted"), ("mongo", "restarted")} <= set(reports)
    )
    assert {store for store, what in reports if what == "the server exited"} == set(before)
    assert not set(before.values()) & set(folder.servers().values())
    # The dead were our children: none stays a zombie.
    assert not any(process_exists(pid) for pid in before.values())
    assert [one.restarts for one in stores.statistics().stores] == [1, 1, 1]

    async def all_answer() -> bool:
        return (
            await pool.fetchval("SELECT value FROM kept") == "pear"
            and await mongo["kept"]["kept"].count_documents({}) == 1
            and await client.get("kept") == b"pear"
        )

    await wait_until(all_answer)
    await pool.close()
    mongo.close()
    await client.aclose()
    await stores.stop()


async def test_stop_during_a_restart_stops_all(folder: FolderProcesses, reports: RecordedReports) -> None:
    """Before the new server exists and while it starts."""
    for moment in (
        lambda: ("postgres", "the server exited") in reports,
        lambda: folder.server("mongo") and ("mongo", "the server exited") in reports,
    ):
        reports.clear()
        stores = EmbeddedStores(folder.path, report=reports)
        await stores.start()
        for pid in folder.servers().values():
            os.kill(pid, signal.SIGKILL)
        await wait_until(moment)
        await stores.stop()
        assert folder.count() == 0


async def test_cancelled_start_leaves_nothing_running(new_folder: FolderProcesses) -> None:
    """At any point; the next start works."""
    for moment in (
        (new_folder.path / "lease").exists,
        partial(new_folder.server, "redis"),
        (new_folder.path / "postgres.new" / "work" / "data" / "base").exists,
        (new_folder.path / "mongo.new" / "WiredTiger").exists,
        partial(new_folder.server, "postgres"),
    ):
        task = asyncio.create_task(EmbeddedStores(new_folder.path).start())
        await wait_until(moment)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert new_folder.count() == 0
    async with EmbeddedStores(new_folder.path) as urls:
        await write(urls, "lime")


async def test_cancelled_stop_still_stops(folder: FolderProcesses) -> None:
    """The cancellation is raised after the stores have stopped."""
    stores = EmbeddedStores(folder.path)
    await stores.start()
    task = asyncio.create_task(stores.stop())
    await asyncio.sleep(0)
    task.cancel()
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert folder.count() == 0


async def test_stores_of_a_killed_temporary_run_are_killed(
    new_folder: FolderProcesses, child: Callable[..., ChildUser]
) -> None:
    """SIGKILL of the only process of a keep=False run ends its servers."""
    first = child(new_folder.path, "drop")
    await first.urls()
    first.kill()
    await wait_until(lambda: new_folder.count() == 0, timeout_s=5.0)


async def test_long_and_unusual_paths_work(tmp_path: Path) -> None:
    """A data folder too long for a socket path, with spaces, commas and quotes."""
    folder = FolderProcesses(tmp_path / ("long" * 50) / 'it\'s, "odd" ünd %41 #?')
    async with EmbeddedStores(folder.path) as urls:
        await write(urls, "kiwi")
        assert await read(urls) == ("kiwi", "kiwi", "kiwi")
        assert len(folder.servers()) == 3
        sockets = Path(urls.redis.removeprefix("unix://").partition("?")[0]).parent
        assert sockets.exists()
    assert folder.count() == 0
    assert not sockets.exists()
    async with EmbeddedStores(folder.path) as urls:
        assert await read(urls) == ("kiwi", "kiwi", "kiwi")


async def test_error_without_the_wheels_names_the_fix(
    new_folder: FolderProcesses, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It names the extra and the three variables; no folder is created."""
    monkeypatch.setattr(binaries, "_package_folder", lambda name: Path("/nonexistent"))
    with pytest.raises(StoresUnavailable) as caught:
        await EmbeddedStores(new_folder.path).start()
    for word in (
        'pip install "convene[embedded,embedded-mongo]"',
        "CONVENE_POSTGRES_URL",
        "CONVENE_MONGO_URL",
        "CONVENE_REDIS_URL",
    ):
        assert word in str(caught.value)
    assert not new_folder.path.exists()


async def test_folder_that_cannot_be_created_is_reported(tmp_path: Path) -> None:
    """A file at the folder's path raises `StoresUnavailable`."""
    (tmp_path / "data").write_text("a file")
    with pytest.raises(StoresUnavailable, match="cannot use the folder"):
        await EmbeddedStores(tmp_path / "data").start()
