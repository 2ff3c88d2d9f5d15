"""Backup of the messaging store while it is written, and restore into another database."""

from collections import defaultdict
from urllib.parse import urlsplit

import msgspec
import pytest

from actors.protocol.timestamps import now_ms
from storage.contracts.identifiers import new_id
from storage.contracts.messaging import ConversationSummary
from storage.embedded import StoreUrls
from storage.mongo import backups
from storage.mongo.backups import MongoBackup
from storage.mongo.messaging import MongoMessaging
from tests.storage.messaging.records import append_all, change, get_message, group, message, seqs

pytestmark = pytest.mark.stores


def url_of(stores: StoreUrls, database: str) -> str:
    return urlsplit(stores.mongo)._replace(path=f"/{database}").geturl()


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
