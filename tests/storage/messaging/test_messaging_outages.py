"""Contract of `MessagingStore`: checks, failures and lost acknowledgements."""

import asyncio
from typing import Any, cast
from urllib.parse import urlsplit

import pytest
from pymongo.errors import WriteError

from storage.contracts.messaging import (
    MessagingStore,
)
from storage.embedded import StoreUrls
from storage.errors import Unavailable
from storage.memory.messaging import MemoryMessaging
from storage.mongo import client
from storage.mongo.client import Document
from storage.mongo.message_log import MongoMessageLog
from storage.mongo.messaging import MongoMessaging
from tests.storage.messaging.records import append_all, message, seqs
from tests.tcp_proxy import TcpProxy


async def test_check_passes_while_the_store_works(store: MessagingStore) -> None:
    """Repeated checks succeed."""
    await store.check()
    await store.check()


class FullCollection:
    """A collection on a full disk: documents are updated in place, and none can be inserted."""

    async def insert_one(self, _document: Document) -> None:
        raise WriteError("no space left on device", 14031)

    async def update_one(self, *_arguments: object, **_options: object) -> None:
        """Succeed."""

    async def delete_one(self, _filter: Document) -> None:
        """Succeed."""


class FullDatabase:
    def get_collection(self, _name: str) -> FullCollection:
        return FullCollection()


class FullMessages:
    database = FullDatabase()


async def test_check_fails_while_nothing_can_be_inserted() -> None:
    """As on a full disk: it still updates documents and answers pings."""
    with pytest.raises(Unavailable):
        await MongoMessageLog(cast("Any", FullMessages())).check()


async def test_check_leaves_no_document(stores: StoreUrls) -> None:
    """It deletes what it inserts, so that it can run for ever."""
    store = await MongoMessaging.open(stores.mongo, "convene_contract")
    await store.check()
    assert await store._database.get_collection("health").find_one({}) is None
    store.close()


async def test_injected_failure_stores_a_prefix_and_a_retry_completes_it(room: str) -> None:
    """The in-memory store stores as many entries as requested, fails, and accepts the batch again."""
    store = MemoryMessaging()
    batch = [message(room, seq) for seq in range(1, 6)]
    store.fail_next(after_storing=2)
    with pytest.raises(Unavailable):
        await store.append(batch)
    assert await seqs(store, room) == [1, 2]
    await append_all(store, *batch)
    store.fail_next(after_storing=9)
    with pytest.raises(Unavailable):
        await store.append([message(room, 6)])
    assert await seqs(store, room) == [1, 2, 3, 4, 5, 6]


async def test_retry_after_a_lost_acknowledgement_stores_once(
    stores: StoreUrls, room: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first call raises `Unavailable` although it stored the batch."""
    monkeypatch.setattr(client, "TIMEOUT_MS", 1000)
    host, port = urlsplit(stores.mongo).hostname or "", urlsplit(stores.mongo).port or 0
    proxy = TcpProxy(f"tcp://{host}:{port}")
    url = stores.mongo.replace(f":{port}", f":{await proxy.start()}")
    store = await MongoMessaging.open(url, "convene_contract")
    try:
        batch = [message(room, seq) for seq in (1, 2, 3)]
        proxy.drop_reply_to = b"insert\0"
        with pytest.raises(Unavailable):
            await store.append(batch)
        proxy.drop_reply_to = None
        assert proxy.dropped_replies
        assert await store.read(room, 0, 10) == batch
        await append_all(store, *batch, message(room, 4))
        assert await seqs(store, room) == [1, 2, 3, 4]
    finally:
        # Its good-bye waits for an answer, which the proxy in this loop must bring.
        await asyncio.to_thread(store.close)
        await proxy.close()


async def test_unreachable_store_raises_unavailable(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every method does."""
    monkeypatch.setattr(client, "TIMEOUT_MS", 300)
    memory = MemoryMessaging()
    memory.unavailable = True
    with pytest.raises(Unavailable):
        await memory.check()
    with pytest.raises(Unavailable):
        await MongoMessaging.open("mongodb://127.0.0.1:9/")
