"""secantusd-rs as configured by the URL: durability, transactions and its port."""

import asyncio
import contextlib
import os
import signal
import socket
from collections.abc import AsyncIterator
from typing import Any

import pytest
from motor.motor_asyncio import AsyncIOMotorClient
from pymongo.errors import PyMongoError
from pymongo.read_concern import ReadConcern
from pymongo.write_concern import WriteConcern

from storage.embedded import EmbeddedStores, StoreUrls
from tests.storage.embedded.embedded_processes import FolderProcesses, RecordedReports, wait_until

ROUNDS = 3
WRITERS = 8
ACKNOWLEDGED_PER_ROUND = 300


@contextlib.asynccontextmanager
async def connect(urls: StoreUrls, **options: Any) -> AsyncIterator[AsyncIOMotorClient[dict[str, Any]]]:
    client: AsyncIOMotorClient[dict[str, Any]] = AsyncIOMotorClient(
        urls.mongo, serverSelectionTimeoutMS=500, **options
    )
    yield client
    client.close()


async def insert_until_it_dies(urls: StoreUrls, round_number: int, acknowledged: list[str]) -> None:
    async with connect(urls, retryWrites=False) as client:

        async def write(writer: int) -> None:
            number = 0
            while True:
                name = f"{round_number}.{writer}.{number}"
                try:
                    await client["log"]["entries"].insert_one({"_id": name})
                except PyMongoError:
                    return
                acknowledged.append(name)
                number += 1

        await asyncio.gather(*(write(writer) for writer in range(WRITERS)))


async def test_kill_9_loses_no_acknowledged_insert(folder: FolderProcesses, reports: RecordedReports) -> None:
    """Everything acknowledged before the kill is there after the restart."""
    acknowledged: list[str] = []
    async with EmbeddedStores(folder.path, keep=False, report=reports) as urls:
        for number in range(ROUNDS):
            reports.clear()
            before = len(acknowledged)
            flood = asyncio.create_task(insert_until_it_dies(urls, number, acknowledged))
            await wait_until(lambda before=before: len(acknowledged) > before + ACKNOWLEDGED_PER_ROUND)
            os.kill(folder.servers()["mongo"], signal.SIGKILL)
            await flood
            await wait_until(lambda: ("mongo", "restarted") in reports)
        async with connect(urls) as client:
            stored = {entry["_id"] async for entry in client["log"]["entries"].find()}
        assert set(acknowledged) - stored == set()
        assert len(acknowledged) > ROUNDS * ACKNOWLEDGED_PER_ROUND


async def test_url_requests_majority_and_journal(folder: FolderProcesses) -> None:
    """Transactions and change streams work with it."""
    async with EmbeddedStores(folder.path, keep=False) as urls, connect(urls) as client:
        assert client.write_concern == WriteConcern(w="majority", j=True)
        entries = client["log"].get_collection("entries", read_concern=ReadConcern("majority"))
        await entries.insert_one({"_id": "first"})
        async with await client.start_session() as session:
            async with session.start_transaction():
                await entries.insert_one({"_id": "second"}, session=session)
                assert await entries.count_documents({}) == 1
            session.start_transaction()
            await entries.insert_one({"_id": "third"}, session=session)
            await session.abort_transaction()
        assert sorted([entry["_id"] async for entry in entries.find()]) == ["first", "second"]
        async with entries.watch() as changes:
            await entries.insert_one({"_id": "fourth"})
            change = await changes.next()
            assert change["fullDocument"] == {"_id": "fourth"}


async def test_used_port_is_replaced(folder: FolderProcesses, reports: RecordedReports) -> None:
    """If another program uses the stored port, the store chooses a new one and reports it."""
    async with EmbeddedStores(folder.path) as urls:
        port = int(urls.mongo.rpartition("@")[2].partition("/")[0].rpartition(":")[2])
    with socket.create_server(("127.0.0.1", port)):
        async with EmbeddedStores(folder.path, report=reports) as moved, connect(moved) as client:
            assert f":{port}/" not in moved.mongo
            await client["t"]["t"].insert_one({})
    assert ("mongo", "its port is used by another program; it has a new one") in reports


async def test_running_store_that_fails_checks_is_restarted(
    folder: FolderProcesses, reports: RecordedReports, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server that answers pings but fails every write, as after a full disk."""
    monkeypatch.setattr("storage.embedded.store_supervisor.CHECK_INTERVAL_S", 0.1)
    monkeypatch.setattr("storage.embedded.store_supervisor.WATCH_INTERVAL_S", 0.1)
    async with EmbeddedStores(folder.path, keep=False, report=reports) as urls, connect(urls) as client:
        failing_server = folder.servers()["mongo"]
        await client.admin.command(
            "configureFailPoint",
            "failCommand",
            mode="alwaysOn",
            data={"failCommands": ["update", "insert"], "errorCode": 8},
        )
        assert (await client.admin.command("ping"))["ok"] == 1.0
        await wait_until(lambda: ("mongo", "restarted") in reports)
        assert folder.servers()["mongo"] != failing_server
        assert ("mongo", "the server runs but fails its health checks and is restarted") in reports
        await wait_until(lambda: client["t"]["t"].insert_one({}))
