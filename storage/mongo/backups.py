"""Backup and restore of the messaging store, through the driver. A part is a collection, as BSON documents.

The store has no snapshot that lasts for hours, so conversations are read one by one, each until its document
and its log agree:

    log to its end --> document --> the document's last_seq is the end, or read the log up to it and repeat

A log is appended in the order of seq, so what is read has no gaps. A change during the backup may be missing
in its message, but its entry is in the log: the restore applies it again.
"""

import asyncio
import struct
import time
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from bson.codec_options import CodecOptions, DatetimeConversion
from bson.raw_bson import RawBSONDocument
from motor.motor_asyncio import AsyncIOMotorClient, AsyncIOMotorCollection

from storage.contracts.backups import PartState, ReadPart, RestoreRefused, StoreState, WritePart
from storage.contracts.message_log import ChangeEntry
from storage.mongo.client import Document, connect, database, map_errors
from storage.mongo.documents import entry_record
from storage.mongo.messaging import DATABASE, MongoMessaging

MESSAGES: Final = "messages"
CONVERSATIONS: Final = "conversations"
NOT_SAVED: Final = frozenset({"health"})
BATCH_DOCUMENTS: Final = 500
BATCH_BYTES: Final = 4 * 1024 * 1024
LAST_SEQ_WAIT_S: Final = 5.0
"""Time for which the backup waits for the summary of a conversation. After it, the log alone is current."""

LAST_SEQ_POLL_S: Final = 0.1
CHANGES_BEFORE_S: Final = 300.0
"""Changes made up to this long before the backup are applied again too, because clocks differ."""

_LENGTH = struct.Struct("<i")
_RAW_OPTIONS: Final = CodecOptions(
    document_class=RawBSONDocument, datetime_conversion=DatetimeConversion.DATETIME_MS
)


class MongoBackup:
    """Implements `storage.contracts.backups.BackupStore` for the messaging store. A restore is not atomic."""

    def __init__(self, url: str) -> None:
        client: AsyncIOMotorClient[Document] = connect(url)
        self._client = client
        self._url = url
        self._database = database(client, client.get_default_database(DATABASE).name)

    def close(self) -> None:
        self._client.close()

    async def dump(self, write: WritePart) -> StoreState:
        started_at = datetime.now(UTC)
        rows: dict[str, int] = {}
        async with map_errors():
            version = (await self._client.server_info())["version"]
            names = set(await self._database.list_collection_names()) - NOT_SAVED
        # Pending effects and read marks first: they refer to entries of the log that must be there too.
        for name in sorted(names - {MESSAGES, CONVERSATIONS}):
            rows[name] = 0
            await write(name, b"")
            async for documents in self._pages(name):
                await write(name, b"".join(document.raw for document in documents))
                rows[name] += len(documents)
        rows |= {CONVERSATIONS: 0, MESSAGES: 0}
        await write(CONVERSATIONS, b"")
        await write(MESSAGES, b"")
        async for documents in self._pages(CONVERSATIONS):
            for document in documents:
                conversation, entries = await self._dump_conversation(document["_id"], write)
                rows[CONVERSATIONS] += conversation
                rows[MESSAGES] += entries
        return StoreState(
            server_version=version,
            snapshot_at=started_at.strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
            parts=tuple(PartState(name, count) for name, count in rows.items()),
        )

    async def check_target(self, state: StoreState, *, overwrite: bool) -> None:  # noqa: ARG002 - as the contract
        if overwrite:
            return
        async with map_errors():
            for name in (CONVERSATIONS, MESSAGES):
                if await self._database.get_collection(name).find_one({}, {"_id": 1}) is not None:
                    raise RestoreRefused(
                        f"messaging: the collection {name} has documents. Use --overwrite to replace them."
                    )

    async def restore(self, state: StoreState, read: ReadPart) -> None:
        async with map_errors():
            for name in await self._database.list_collection_names():
                await self._database.drop_collection(name)
        messaging = await MongoMessaging.open(self._url)
        try:
            changes_after = datetime.fromisoformat(state.snapshot_at) - timedelta(seconds=CHANGES_BEFORE_S)
            for part in state.parts:
                await self._restore_part(part, read, messaging, changes_after)
        finally:
            messaging.close()

    async def _dump_conversation(self, conversation_id: object, write: WritePart) -> tuple[int, int]:
        """Write a conversation and its log. Returns the numbers of documents written to each part."""
        # `wanted` is the highest seq of a change that is in a message read so far: its entry is needed too.
        count = written = wanted = 0
        deadline = time.monotonic() + LAST_SEQ_WAIT_S
        conversation: Any = None
        # To the end of the log, which includes everything that was acknowledged before.
        through: int | None = None
        while True:
            async for entries in self._log_pages(conversation_id, written, through):
                await write(MESSAGES, b"".join(entry.raw for entry in entries))
                count += len(entries)
                written = int(entries[-1]["seq"])
                wanted = max(wanted, *(entry.get("changed_seq", 0) for entry in entries))
            is_late = time.monotonic() > deadline
            if conversation is None or not is_late:
                async with map_errors():
                    conversation = await self._raw(CONVERSATIONS).find_one({"_id": conversation_id})
                if conversation is None:
                    return 0, count
            # A document that is late may be behind the log of the backup, but never ahead of it.
            last_seq = conversation.get("last_seq", 0)
            read_through = max(written, through or 0)
            if read_through >= max(last_seq, wanted) and (last_seq == written or is_late):
                await write(CONVERSATIONS, conversation.raw)
                return 1, count
            through = max(last_seq, wanted)
            if through <= read_through:
                await asyncio.sleep(LAST_SEQ_POLL_S)

    async def _log_pages(
        self, conversation_id: object, after: int, through: int | None
    ) -> AsyncIterator[list[RawBSONDocument]]:
        while through is None or after < through:
            last = after + BATCH_DOCUMENTS if through is None else min(through, after + BATCH_DOCUMENTS)
            between = {"conversation_id": conversation_id, "seq": {"$gt": after, "$lte": last}}
            async with map_errors():
                entries = await self._raw(MESSAGES).find(between).to_list(None)
            if entries:
                yield sorted(entries, key=lambda entry: int(entry["seq"]))
            elif through is None:
                return
            after = last

    async def _pages(self, name: str) -> AsyncIterator[list[RawBSONDocument]]:
        after: Document = {}
        while True:
            async with map_errors():
                cursor = self._raw(name).find(after).sort("_id", 1).limit(BATCH_DOCUMENTS)
                documents = await cursor.to_list(None)
            if not documents:
                return
            yield documents
            after = {"_id": {"$gt": documents[-1]["_id"]}}

    async def _restore_part(
        self, part: PartState, read: ReadPart, messaging: MongoMessaging, changes_after: datetime
    ) -> None:
        collection = self._raw(part.name)
        count = 0
        for documents in _batches(read(part.name)):
            async with map_errors():
                await collection.insert_many(documents, ordered=False)
            count += len(documents)
            if part.name == MESSAGES:
                await self._apply_changes(documents, messaging, changes_after)
        if count != part.rows:
            raise RestoreRefused(f"messaging: {part.name} has {count} documents instead of {part.rows}.")

    @staticmethod
    async def _apply_changes(
        documents: list[RawBSONDocument], messaging: MongoMessaging, changes_after: datetime
    ) -> None:
        after_ms = round(changes_after.timestamp() * 1000)
        for document in documents:
            if document["kind"] == "change" and int(document["created_at"]) >= after_ms:
                change = entry_record(dict(document))
                assert isinstance(change, ChangeEntry)
                await messaging.apply_change(change)

    def _raw(self, name: str) -> "AsyncIOMotorCollection[Any]":
        """A collection whose documents are not decoded."""
        return self._database.get_collection(name, codec_options=_RAW_OPTIONS)


def _batches(pieces: Iterator[bytes]) -> Iterator[list[RawBSONDocument]]:
    """Split concatenated BSON into batches of documents of bounded number and size."""
    buffered = bytearray()
    documents: list[RawBSONDocument] = []
    size = 0
    for piece in pieces:
        buffered += piece
        start = 0
        while len(buffered) - start >= _LENGTH.size:
            (length,) = _LENGTH.unpack_from(buffered, start)
            if length < _LENGTH.size or len(buffered) - start < length:
                break
            documents.append(RawBSONDocument(bytes(buffered[start : start + length]), _RAW_OPTIONS))
            start += length
            size += length
            if len(documents) == BATCH_DOCUMENTS or size >= BATCH_BYTES:
                yield documents
                documents, size = [], 0
        del buffered[:start]
    if buffered:
        raise RestoreRefused("messaging: a part ends within a document.")
    if documents:
        yield documents
