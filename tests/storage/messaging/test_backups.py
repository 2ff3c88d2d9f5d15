"""Backup of the messaging store while it is written, and restore into another database."""

from collections import defaultdict
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import urlsplit

import bson
import msgspec
import pytest
from bson import ObjectId

from actors.protocol.timestamps import now_ms
from storage.contracts.identifiers import new_id
from storage.contracts.messaging import ConversationSummary
from storage.embedded import StoreUrls
from storage.mongo import backups
from storage.mongo.backups import CONVERSATIONS, MESSAGES, MongoBackup
from storage.mongo.messaging import MongoMessaging
from tests.storage.messaging.records import append_all, change, get_message, group, message, seqs

pytestmark = pytest.mark.stores
LAST_GROWTH = 20


def url_of(stores: StoreUrls, database: str) -> str:
    return urlsplit(stores.mongo)._replace(path=f"/{database}").geturl()


@pytest.fixture
async def backup(stores: StoreUrls) -> AsyncIterator[MongoBackup]:
    """Of an empty database."""
    name = f"backup_{new_id()}"
    opened = MongoBackup(url_of(stores, name))
    yield opened
    await opened._client.drop_database(name)
    opened.close()


async def test_entries_beyond_the_summary_are_in_the_backup(
    stores: StoreUrls, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An instance that crashed may have left `last_seq` behind the log; everything acknowledged is kept."""
    monkeypatch.setattr(backups, "LAST_SEQ_WAIT_S", 0.1)
    source = url_of(stores, f"source_{new_id()}")
    store = await MongoMessaging.open(source)
    conversation = group("ana", "ben")
    await store.create(conversation)
    await append_all(store, *(message(conversation.id, seq) for seq in range(1, 8)))
    await store.save_summaries([ConversationSummary(conversation.id, 2, None, ())])
    parts: defaultdict[str, bytearray] = defaultdict(bytearray)

    async def write(part: str, data: bytes) -> None:
        parts[part] += data

    backup = MongoBackup(source)
    state = await backup.dump(write)
    backup.close()
    store.close()
    assert {part.name: part.rows for part in state.parts}["messages"] == 7


async def test_change_during_the_backup_is_in_the_restored_message(stores: StoreUrls) -> None:
    """The message was read before the change, and the log after it."""
    source, target = (url_of(stores, f"{kind}_{new_id()}") for kind in ("source", "target"))
    store = await MongoMessaging.open(source)
    conversation = group("ana", "ben")
    await store.create(conversation)
    await append_all(store, message(conversation.id, 1))
    edit = change(conversation.id, 2, 1, content="edited")
    edit = msgspec.structs.replace(edit, created_at_ms=now_ms())
    parts: defaultdict[str, bytearray] = defaultdict(bytearray)

    async def write(part: str, data: bytes) -> None:
        parts[part] += data
        if part == "messages" and data and edit.id not in written:
            written.add(edit.id)
            await append_all(store, edit)
            await store.apply_change(edit)
            await store.save_summaries([ConversationSummary(conversation.id, 2, None, ())])

    written: set[str] = set()
    backup = MongoBackup(source)
    state = await backup.dump(write)
    backup.close()
    store.close()

    restored = MongoBackup(target)
    await restored.restore(state, lambda part: iter([bytes(parts[part])]))
    restored.close()
    store = await MongoMessaging.open(target)
    assert await seqs(store, conversation.id) == [1, 2]
    assert (await get_message(store, conversation.id, 1)).content == "edited"
    store.close()


async def test_conversation_is_never_ahead_of_its_log(
    backup: MongoBackup, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also when its summary never equalled its log in the time that the backup waits."""
    monkeypatch.setattr(backups, "LAST_SEQ_WAIT_S", -1.0)
    conversation_id = ObjectId()
    conversations = backup._database.get_collection(CONVERSATIONS)
    messages = backup._database.get_collection(MESSAGES)
    await conversations.insert_one({"_id": conversation_id, "last_seq": 0})
    stored = 0

    async def append() -> None:
        nonlocal stored
        stored += 1
        await messages.insert_one({"conversation_id": conversation_id, "seq": stored, "kind": "message"})
        await conversations.update_one({"_id": conversation_id}, {"$set": {"last_seq": stored}})

    read_pages = backup._log_pages

    async def grow_after_reading(*arguments: Any) -> AsyncIterator[Any]:
        async for page in read_pages(*arguments):
            yield page
        if stored < LAST_GROWTH:
            await append()

    monkeypatch.setattr(backup, "_log_pages", grow_after_reading)
    written: dict[str, bytes] = {}

    async def write(part: str, data: bytes) -> None:
        written[part] = written.get(part, b"") + data

    await append()
    await backup.dump(write)

    (conversation,) = bson.decode_all(written[CONVERSATIONS])
    seqs = [entry["seq"] for entry in bson.decode_all(written[MESSAGES])]
    assert conversation["last_seq"] > 1
    assert seqs == list(range(1, len(seqs) + 1))
    assert conversation["last_seq"] <= seqs[-1]
