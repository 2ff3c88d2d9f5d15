"""Backup of a conversation whose log grows during the whole backup."""

import uuid
from collections.abc import AsyncIterator
from typing import Any

import bson
import pytest
from bson import ObjectId

from storage.embedded import StoreUrls
from storage.mongo import backups
from storage.mongo.backups import CONVERSATIONS, MESSAGES, MongoBackup

LAST_GROWTH = 20


@pytest.fixture
async def backup(stores: StoreUrls) -> AsyncIterator[MongoBackup]:
    base, _, options = stores.mongo.partition("?")
    name = f"backup_{uuid.uuid4().hex[:8]}"
    opened = MongoBackup(f"{base.rstrip('/')}/{name}?{options}")
    yield opened
    await opened._client.drop_database(name)
    opened.close()


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
