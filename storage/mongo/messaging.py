"""The Messaging service's store on MongoDB: conversations, read marks and the message log.

A conversation's document is a projection of its log. Each update of it is conditional on its seq, so an older
state does not overwrite a newer one.
"""

import contextlib
import time
from collections.abc import Sequence

from bson import ObjectId
from bson.datetime_ms import DatetimeMS
from motor.motor_asyncio import AsyncIOMotorClient
from pymongo import ReturnDocument, UpdateOne
from pymongo.errors import DuplicateKeyError

from storage.contracts.data_exports import ExportPart
from storage.contracts.identifiers import direct_conversation_id
from storage.contracts.messaging import (
    ConversationActivity,
    ConversationRecord,
    ConversationSummary,
    IdempotencyClaim,
    Membership,
    ReadMark,
)
from storage.mongo.client import POOL_SIZE, Document, connect, database, map_errors
from storage.mongo.conditional_updates import set_if_older
from storage.mongo.documents import (
    conversation_document,
    conversation_record,
    former_member_documents,
    read_mark_record,
    summary_update,
)
from storage.mongo.export_parts import FindUsernames, MongoExportConversations, MongoExportMessages
from storage.mongo.last_seen import MongoLastSeen
from storage.mongo.message_log import MongoMessageLog
from storage.mongo.pending_effects import MongoPendingEffects
from storage.mongo.pool_counter import PoolCounter
from storage.mongo.pruning import PrunableKeys

DATABASE = "convene_messaging"
SHARED_READ_MAX = 300
"""A user with this many conversations is searched for in those of the others, if they have fewer."""


class MongoMessaging(MongoMessageLog, MongoPendingEffects):
    """Implements `storage.contracts.messaging.MessagingStore`."""

    def __init__(self, client: "AsyncIOMotorClient[Document]", name: str, pool: PoolCounter) -> None:
        self._client = client
        self.pool = pool
        self._database = database(client, name)
        # Collections keep their names in every release: `intents` holds pending effects.
        MongoMessageLog.__init__(self, self._database.get_collection("messages"))
        MongoPendingEffects.__init__(self, self._database.get_collection("intents"))
        self._conversations = self._database.get_collection("conversations")
        self._read_marks = self._database.get_collection("read_marks")
        self._idempotency_keys = self._database.get_collection("keys")
        self._presence = self._database.get_collection("user_presence")
        self.last_seen = MongoLastSeen(self._presence)
        self.prunable_keys = PrunableKeys(self._idempotency_keys)

    @classmethod
    async def open(cls, url: str, name: str | None = None) -> "MongoMessaging":
        """Connect and create the indexes. Raises `Unavailable` or `InvalidStoreUrl`."""
        pool = PoolCounter(POOL_SIZE)
        client = connect(url, pool)
        # The URL may name a database, to separate installations on one server.
        store = cls(client, name or client.get_default_database(DATABASE).name, pool)
        try:
            await store.create_indexes()
        except BaseException:
            store.close()
            raise
        return store

    def close(self) -> None:
        self._client.close()

    def export_parts(self, find_usernames: FindUsernames) -> list[ExportPart]:
        """Return the parts of a data export that are about conversations."""
        return [
            MongoExportConversations(self._conversations, find_usernames),
            MongoExportMessages(self._conversations, self._messages),
        ]

    async def create_indexes(self) -> None:
        await super().create_indexes()
        async with map_errors():
            await self._conversations.create_index([("participants", 1)])
            await self._presence.create_index([("user_id", 1)], unique=True)
            await self._idempotency_keys.create_index([("at", 1)])

    async def create(self, conversation: ConversationRecord) -> ConversationRecord | None:
        async with map_errors():
            try:
                await self._conversations.insert_one(conversation_document(conversation))
            except DuplicateKeyError:
                return await self.get(conversation.id)
        return None

    async def get(self, conversation_id: str) -> ConversationRecord | None:
        async with map_errors():
            document = await self._conversations.find_one({"_id": ObjectId(conversation_id)}, {"sent": 0})
        return None if document is None else conversation_record(document)

    async def document_seqs(self, after: str, limit: int) -> list[tuple[str, int]]:
        following = {"_id": {"$gt": ObjectId(after or "0" * 24)}}
        async with map_errors():
            cursor = self._conversations.find(following, {"last_seq": 1}).sort("_id", 1).limit(limit)
            return [(str(document["_id"]), document.get("last_seq", 0)) async for document in cursor]

    async def list_memberships(
        self, user_id: str, conversation_ids: Sequence[str] | None
    ) -> list[Membership]:
        wanted = ("type", "name", "last_message", "last_seq", "applied_seq", "created_at", f"sent.{user_id}")
        async with map_errors():
            if conversation_ids is None:
                documents = await self._conversations.find(
                    {"participants": user_id}, dict.fromkeys(wanted, 1)
                ).to_list(None)
            else:
                ids = [ObjectId(conversation_id) for conversation_id in conversation_ids]
                all_fields = dict.fromkeys((*wanted, "participants", "admins"), 1)
                cursor = self._conversations.find({"_id": {"$in": ids}}, all_fields)
                documents = [document async for document in cursor if user_id in document["participants"]]
        return [
            Membership(conversation_record(document), last_sent_seq=document.get("sent", {}).get(user_id, 0))
            for document in documents
        ]

    async def page_activity(
        self, user_id: str, before: tuple[int, str] | None, limit: int
    ) -> list[ConversationActivity]:
        # Sorted by the store, without an index: one on members and activity would have to change an entry of
        # each member, up to thousands, with every summary.
        pipeline: list[Document] = [
            {"$match": {"participants": user_id}},
            {"$project": {"last_seq": 1, "at": {"$ifNull": ["$last_message.timestamp", "$created_at"]}}},
        ]
        if before is not None:
            at, conversation_id = DatetimeMS(before[0]), ObjectId(before[1])
            pipeline.append(
                {"$match": {"$or": [{"at": {"$lt": at}}, {"at": at, "_id": {"$lt": conversation_id}}]}}
            )
        pipeline += [{"$sort": {"at": -1, "_id": -1}}, {"$limit": limit}]
        async with map_errors():
            documents = await self._conversations.aggregate(pipeline).to_list(None)
        return [
            ConversationActivity(str(document["_id"]), document["last_seq"], int(document["at"]))
            for document in documents
        ]

    async def last_seqs_by_user(self, user_ids: Sequence[str]) -> dict[str, dict[str, int]]:
        ids = list(dict.fromkeys(user_ids))
        if len(ids) == 1:
            # The common case, and faster than the pipeline below.
            async with map_errors():
                found = await self._conversations.find({"participants": ids[0]}, {"last_seq": 1}).to_list(
                    None
                )
            return {ids[0]: {str(one["_id"]): one.get("last_seq", 0) for one in found}} if found else {}
        # The store returns only the members asked for, not all of a group of thousands.
        pipeline: list[Document] = [
            {"$match": {"participants": {"$in": ids}}},
            {"$project": {"last_seq": 1, "members": {"$setIntersection": ["$participants", ids]}}},
        ]
        async with map_errors():
            documents = await self._conversations.aggregate(pipeline).to_list(None)
        last_seqs: dict[str, dict[str, int]] = {}
        for document in documents:
            for user_id in document["members"]:
                last_seqs.setdefault(user_id, {})[str(document["_id"])] = document.get("last_seq", 0)
        return last_seqs

    async def users_sharing_conversation(self, user_id: str, others: Sequence[str]) -> set[str]:
        if not others:
            return set()
        mine: Document = {"participants": user_id}
        async with map_errors():
            members = await self._members_among(others, mine, SHARED_READ_MAX)
            if members is not None:
                return members
            # The user has many conversations: maybe the others have few.
            theirs = await self._conversations.find(
                {"participants": {"$in": list(others)}}, {"_id": 1}, limit=SHARED_READ_MAX
            ).to_list(None)
            if len(theirs) < SHARED_READ_MAX:
                mine = {"_id": {"$in": [document["_id"] for document in theirs]}, "participants": user_id}
            return await self._members_among(others, mine, None) or set()

    async def _members_among(
        self, user_ids: Sequence[str], conversations: Document, limit: int | None
    ) -> set[str] | None:
        """Return those of the users who are in the conversations; None if these are `limit` or more."""
        pipeline: list[Document] = [{"$match": conversations}]
        if limit is not None:
            pipeline.append({"$limit": limit})
        # The store returns only the members asked for, not all of a group of thousands.
        members = {"$setIntersection": ["$participants", list(user_ids)]}
        pipeline.append({"$project": {"_id": 0, "members": members}})
        documents = await self._conversations.aggregate(pipeline).to_list(None)
        if limit is not None and len(documents) == limit:
            return None
        return {member for document in documents for member in document["members"]}

    async def any_user_in_many(self, user_ids: Sequence[str], count: int) -> bool:
        if not user_ids:
            return False
        pipeline: list[Document] = [
            {"$match": {"participants": {"$in": list(user_ids)}}},
            {"$limit": count},
            {"$count": "count"},
        ]
        async with map_errors():
            counts = await self._conversations.aggregate(pipeline).to_list(None)
        # Those of all users together: nearly always fewer than one may have.
        if not counts or counts[0]["count"] < count:
            return False
        half = len(user_ids) // 2
        return half == 0 or (
            await self.any_user_in_many(user_ids[:half], count)
            or await self.any_user_in_many(user_ids[half:], count)
        )

    async def users_knowing(self, user_id: str, others: Sequence[str]) -> set[str]:
        ids = list(others)
        by_direct_id = {direct_conversation_id(user_id, other): other for other in ids}
        shared: list[Document] = [
            {"$match": {"participants": user_id}},
            {"$project": {"type": 1, "members": {"$setIntersection": ["$participants", ids]}}},
        ]
        opened_or_sent = {"participants": {"$slice": 1}, "sent": 1}
        async with map_errors():
            directs = self._conversations.find(
                {"_id": {"$in": [ObjectId(direct_id) for direct_id in by_direct_id]}}, opened_or_sent
            )
            knowing = {
                other
                async for document in directs
                if (other := by_direct_id[str(document["_id"])]) == document["participants"][0]
                or other in document.get("sent", {})
            }
            async for document in self._conversations.aggregate(shared):
                if document["type"] != "DIRECT":
                    knowing.update(document["members"])
        return knowing

    async def save_projection(self, conversation: ConversationRecord) -> None:
        async with map_errors():
            await self._conversations.update_one(
                {"_id": ObjectId(conversation.id)},
                set_if_older(
                    "applied_seq",
                    conversation.applied_seq,
                    {
                        "participants": list(conversation.participants),
                        "admins": list(conversation.admins),
                        "former_members": former_member_documents(conversation.former_members),
                        "name": conversation.name,
                        "applied_seq": conversation.applied_seq,
                    },
                ),
            )

    async def save_summaries(self, summaries: Sequence[ConversationSummary]) -> None:
        if not summaries:
            return
        async with map_errors():
            await self._conversations.bulk_write(
                [UpdateOne({"_id": ObjectId(s.conversation_id)}, summary_update(s)) for s in summaries],
                ordered=False,
            )

    async def get_read_marks(self, keys: Sequence[tuple[str, str]]) -> list[ReadMark]:
        if not keys:
            return []
        ids = [_read_mark_id(conversation_id, user_id) for conversation_id, user_id in keys]
        async with map_errors():
            cursor = self._read_marks.find({"_id": {"$in": ids}})
            return [read_mark_record(document) async for document in cursor]

    async def advance_read_mark(self, mark: ReadMark) -> int:
        fields = {"read_seq": mark.read_seq, "read_at": DatetimeMS(mark.read_at_ms)}
        async with map_errors():
            stored_seq = await self._advance_existing(mark, fields)
            if stored_seq is None:
                with contextlib.suppress(DuplicateKeyError):
                    await self._read_marks.insert_one(_new_read_mark(mark) | fields)
                    return mark.read_seq
                # Another device has inserted it since: advance that one.
                stored_seq = await self._advance_existing(mark, fields)
        return mark.read_seq if stored_seq is None else stored_seq

    async def _advance_existing(self, mark: ReadMark, fields: Document) -> int | None:
        """Advance a stored mark and return its seq; None if none is stored."""
        document = await self._read_marks.find_one_and_update(
            {"_id": _read_mark_id(mark.conversation_id, mark.user_id)},
            set_if_older("read_seq", mark.read_seq, fields),
            projection={"read_seq": 1},
            return_document=ReturnDocument.AFTER,
        )
        return None if document is None else int(document["read_seq"])

    async def last_sent_seqs(self, conversation_id: str) -> dict[str, int]:
        async with map_errors():
            document = await self._conversations.find_one({"_id": ObjectId(conversation_id)}, {"sent": 1})
        return {} if document is None else dict(document.get("sent", {}))

    async def claim_idempotency_key(self, key: str, digest: str) -> IdempotencyClaim:
        claimed_at_ms = time.time_ns() // 1_000_000
        claim: Document = {"_id": key, "digest": digest, "at": DatetimeMS(claimed_at_ms)}
        async with map_errors():
            try:
                await self._idempotency_keys.insert_one(claim)
            except DuplicateKeyError:
                claim = await self._idempotency_keys.find_one({"_id": key}) or claim
        # Versions before pruning stored no time.
        return IdempotencyClaim(str(claim["digest"]), int(claim.get("at", claimed_at_ms)))

    async def set_muted(self, conversation_id: str, user_id: str, *, muted: bool) -> None:
        mark = ReadMark(conversation_id, user_id)
        async with map_errors():
            try:
                await self._read_marks.insert_one(_new_read_mark(mark) | {"muted": muted})
            except DuplicateKeyError:
                await self._read_marks.update_one(
                    {"_id": _read_mark_id(conversation_id, user_id)}, {"$set": {"muted": muted}}
                )


def _read_mark_id(conversation_id: str, user_id: str) -> str:
    return f"{conversation_id}:{user_id}"


def _new_read_mark(mark: ReadMark) -> Document:
    return {
        "_id": _read_mark_id(mark.conversation_id, mark.user_id),
        "conversation_id": ObjectId(mark.conversation_id),
        "user_id": mark.user_id,
        "read_seq": 0,
        "read_at": DatetimeMS(0),
    }
