"""The message log on MongoDB: the collection `messages`.

Every read is an index range or a list of ids. Further conditions are separate `$match` stages, because the
embedded store scans the collection if a range filter has a condition on another field.
"""

import asyncio
from collections.abc import Sequence

from bson import ObjectId
from bson.datetime_ms import DatetimeMS
from motor.motor_asyncio import AsyncIOMotorCollection
from pymongo.errors import BulkWriteError

from storage.contracts.identifiers import entry_id
from storage.contracts.message_log import Appended, ChangeEntry, Duplicates, Entry, MessageEntry, SeqConflict
from storage.errors import Unavailable
from storage.mongo.client import Document, map_errors
from storage.mongo.conditional_updates import add_reader, set_if_older
from storage.mongo.documents import (
    HIDDEN,
    STATE_TIMES,
    entry_document,
    entry_record,
    message_record,
    message_state_document,
)

DUPLICATE_KEY = 11000
PAGE_WINDOW_MAX = 1000
HEALTH_FILLER = b"x" * 8000
"""Large enough to need new storage, so that a full disk is detected."""


class MongoMessageLog:
    """Implements `storage.contracts.message_log.MessageLog`."""

    def __init__(self, messages: "AsyncIOMotorCollection[Document]") -> None:
        self._messages = messages

    async def create_indexes(self) -> None:
        """Create the unique indexes on seq and client id, and one on the time."""
        async with map_errors():
            await self._messages.create_index([("conversation_id", 1), ("seq", 1)], unique=True)
            await self._messages.create_index(
                [("conversation_id", 1), ("sender_id", 1), ("client_id", 1)], unique=True
            )
            await self._messages.create_index([("conversation_id", 1), ("created_at", -1)])

    async def append(self, entries: Sequence[Entry]) -> Appended:
        documents = [entry_document(entry) for entry in entries]
        stored_count = 0
        while stored_count < len(entries):
            conflict_at = await self._insert(documents[stored_count:] if stored_count else documents)
            if conflict_at is None:
                break
            stored_count += conflict_at
            conflict = await self._explain_duplicate_key(entries[stored_count:])
            if conflict is not None:
                return Appended(stored_count, conflict)
            stored_count += await self._count_stored_earlier(entries[stored_count:])
        return Appended(len(entries))

    async def find_conflicts(
        self, batches: Sequence[Sequence[Entry]]
    ) -> list[SeqConflict | Duplicates | None]:
        taken = await self.find_advanced([(batch[0].conversation_id, batch[0].seq - 1) for batch in batches])
        conflicting = [batch for batch in batches if batch[0].conversation_id in taken]
        conflicts = iter(await asyncio.gather(*map(self._explain_duplicate_key, conflicting)))
        return [next(conflicts) if batch[0].conversation_id in taken else None for batch in batches]

    async def _insert(self, documents: list[Document]) -> int | None:
        """Insert in order. Returns the index of the first document that a unique index rejected."""
        async with map_errors():
            try:
                await self._messages.insert_many(documents, ordered=True)
            except BulkWriteError as error:
                failures = error.details.get("writeErrors") or ()
                not_durable = error.details.get("writeConcernErrors")
                # Documents before the rejected one may not be durable: report it as a failure.
                if not_durable or not failures or failures[0]["code"] != DUPLICATE_KEY:
                    raise
                return int(failures[0]["index"])
        return None

    async def _explain_duplicate_key(self, entries: Sequence[Entry]) -> SeqConflict | Duplicates | None:
        """Return why a unique index rejects the first entry; None if an earlier attempt stored it."""
        first = entries[0]
        existing = await self._find_by_client_ids(first.conversation_id, first.sender_id, [first.client_id])
        if not existing:
            return SeqConflict()
        if existing[0]["draft"] == first.attempt_id and existing[0]["seq"] == first.seq:
            return None
        client_ids: dict[str, list[str]] = {}
        for entry in entries[1:]:
            if entry.conversation_id == first.conversation_id:
                client_ids.setdefault(entry.sender_id, []).append(entry.client_id)
        for sender_id, sender_client_ids in client_ids.items():
            existing += await self._find_by_client_ids(first.conversation_id, sender_id, sender_client_ids)
        return Duplicates(tuple(entry_record(document) for document in existing))

    async def _find_by_client_ids(
        self, conversation_id: str, sender_id: str, client_ids: Sequence[str]
    ) -> list[Document]:
        """Find entries of one sender: for several at once, the embedded store would scan the index."""
        async with map_errors():
            cursor = self._messages.find(
                {
                    "conversation_id": ObjectId(conversation_id),
                    "sender_id": sender_id,
                    "client_id": {"$in": list(client_ids)},
                }
            )
            documents: list[Document] = await cursor.to_list(None)
        return documents

    async def _count_stored_earlier(self, entries: Sequence[Entry]) -> int:
        """Count the leading entries that an earlier attempt stored; at least one."""
        async with map_errors():
            cursor = self._messages.find(
                {"_id": {"$in": [ObjectId(entry.id) for entry in entries]}}, {"draft": 1}
            )
            attempt_ids = {str(document["_id"]): document["draft"] async for document in cursor}
        count = 0
        for entry in entries:
            if attempt_ids.get(entry.id) != entry.attempt_id:
                break
            count += 1
        return max(1, count)

    async def read(self, conversation_id: str, after: int, through: int) -> list[Entry]:
        async with map_errors():
            cursor = self._messages.find(
                {"conversation_id": ObjectId(conversation_id), "seq": {"$gt": after, "$lte": through}}
            )
            documents = await cursor.to_list(None)
        documents.sort(key=lambda document: document["seq"])
        return [entry_record(document) for document in documents]

    async def find_advanced(self, after: Sequence[tuple[str, int]]) -> set[str]:
        if not after:
            return set()
        # From bytes, which takes a fraction of the time of a hexadecimal string.
        ids = [ObjectId(bytes.fromhex(entry_id(conversation_id, seq + 1))) for conversation_id, seq in after]
        async with map_errors():
            cursor = self._messages.find({"_id": {"$in": ids}}, {"conversation_id": 1})
            return {str(document["conversation_id"]) async for document in cursor}

    async def find_messages(self, ids: Sequence[str]) -> list[MessageEntry]:
        if not ids:
            return []
        async with map_errors():
            cursor = self._messages.find({"_id": {"$in": [ObjectId(entry_id) for entry_id in ids]}})
            documents = await cursor.to_list(None)
        return [message_record(document) for document in documents if document["kind"] == "message"]

    async def find_by_client_id(self, conversation_id: str, sender_id: str, client_id: str) -> Entry | None:
        documents = await self._find_by_client_ids(conversation_id, sender_id, [client_id])
        return entry_record(documents[0]) if documents else None

    async def page_messages(
        self, conversation_id: str, before: int, after: int, limit: int, *, newest: bool
    ) -> list[MessageEntry]:
        page: list[MessageEntry] = []
        window = limit
        low, high = after, before
        # Changes have seqs too, so a range may hold fewer messages than seqs: widen until the page is full.
        while len(page) < limit and high - low > 1:
            if newest:
                start, end = max(low, high - 1 - window), high
                high = start + 1
            else:
                start, end = low, min(high, low + 1 + window)
                low = end - 1
            page += await self._messages_between(conversation_id, start, end, newest=newest)
            window = min(window * 2, PAGE_WINDOW_MAX)
        return page[:limit]

    async def _messages_between(
        self, conversation_id: str, after: int, before: int, *, newest: bool
    ) -> list[MessageEntry]:
        between = {"conversation_id": ObjectId(conversation_id), "seq": {"$gt": after, "$lt": before}}
        async with map_errors():
            cursor = self._messages.aggregate([{"$match": between}, {"$match": {"kind": "message"}}])
            documents = await cursor.to_list(None)
        documents.sort(key=lambda document: document["seq"], reverse=newest)
        return [message_record(document) for document in documents]

    async def count_unread(self, conversation_id: str, user_id: str, after: int, limit: int) -> int:
        async with map_errors():
            cursor = self._messages.aggregate(
                [
                    {"$match": {"conversation_id": ObjectId(conversation_id), "seq": {"$gt": after}}},
                    {"$match": {"message_type": "TEXT", "sender_id": {"$ne": user_id}, "deleted_at": None}},
                    {"$limit": limit},
                    {"$count": "count"},
                ]
            )
            counts = await cursor.to_list(None)
        return int(counts[0]["count"]) if counts else 0

    async def apply_change(self, change: ChangeEntry) -> None:
        # Fields that the new state lacks are removed.
        fields = dict.fromkeys((*STATE_TIMES.values(), HIDDEN)) | message_state_document(change.state)
        fields["changed_seq"] = change.seq
        async with map_errors():
            await self._messages.update_one(
                {"_id": ObjectId(change.message_id)}, set_if_older("changed_seq", change.seq, fields)
            )

    async def mark_read_by(
        self, conversation_id: str, user_id: str, after: int, through: int, read_at_ms: int
    ) -> None:
        between = {"conversation_id": ObjectId(conversation_id), "seq": {"$gt": after, "$lte": through}}
        async with map_errors():
            cursor = self._messages.aggregate(
                [
                    {"$match": between},
                    {
                        "$match": {
                            "kind": "message",
                            "sender_id": {"$ne": user_id},
                            "delivery_status.read_by.user_id": {"$ne": user_id},
                        }
                    },
                    {"$project": {"_id": 1}},
                ]
            )
            ids = [document["_id"] async for document in cursor]
            if ids:
                await self._messages.update_many(
                    {"_id": {"$in": ids}}, add_reader(user_id, DatetimeMS(read_at_ms))
                )

    async def check(self) -> None:
        """Insert and delete a document, because `ping` still succeeds after the storage engine has failed."""
        async with map_errors():
            probes = self._messages.database.get_collection("health")
            probe = await probes.insert_one({"filler": HEALTH_FILLER})
            if (await probes.delete_one({"_id": probe.inserted_id})).deleted_count != 1:
                raise Unavailable("messaging store: the health document was not found after writing it")
