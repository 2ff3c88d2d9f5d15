"""The Messaging service's store on MongoDB: conversations and read marks, beside the message log.

A conversation's document is a projection of its log: writers guard every update with the seq it is
about, so an older one never overwrites a newer. This file never reads the log to derive anything.
"""

import asyncio
import contextlib
from collections.abc import Sequence

from bson import ObjectId
from bson.datetime_ms import DatetimeMS
from motor.motor_asyncio import AsyncIOMotorClient
from pymongo import ReturnDocument, UpdateOne
from pymongo.errors import DuplicateKeyError

from storage.mongo.client import Document, connect, database, map_errors
from storage.mongo.conditional_updates import set_if_older
from storage.mongo.documents import (
    conversation_document,
    conversation_record,
    read_mark_record,
    summary_update,
)
from storage.mongo.last_seen import MongoLastSeen
from storage.mongo.message_log import MongoMessageLog
from storage.records.messaging import (
    ConversationRecord,
    ConversationSummary,
    Membership,
    PendingEffect,
    ReadMark,
)

DATABASE = "convene_messaging"


class MongoMessaging(MongoMessageLog):
    """Implements `storage.contracts.messaging.MessagingStore`."""

    def __init__(self, client: "AsyncIOMotorClient[Document]", name: str) -> None:
        self._client = client
        self._database = database(client, name)
        super().__init__(self._database.get_collection("messages"))
        self._conversations = self._database.get_collection("conversations")
        self._read_marks = self._database.get_collection("read_marks")
        self._pending_effects = self._database.get_collection("intents")
        self._idempotency_keys = self._database.get_collection("keys")
        self._presence = self._database.get_collection("user_presence")
        self.last_seen = MongoLastSeen(self._presence)

    @classmethod
    async def open(cls, url: str, name: str | None = None) -> "MongoMessaging":
        """Connect and make the indexes. Raises `Unavailable`."""
        client = connect(url)
        # The URL may name the database; one of its own keeps an installation apart from others.
        store = cls(client, name or client.get_default_database(DATABASE).name)
        try:
            await store.create_indexes()
        except BaseException:
            store.close()
            raise
        return store

    def close(self) -> None:
        self._client.close()

    async def create_indexes(self) -> None:
        await super().create_indexes()
        async with map_errors():
            await self._conversations.create_index([("participants", 1)])
            await self._presence.create_index([("user_id", 1)], unique=True)

    async def create(self, conversation: ConversationRecord) -> ConversationRecord | None:
        async with map_errors():
            try:
                await self._conversations.insert_one(conversation_document(conversation))
            except DuplicateKeyError:
                return await self.get(conversation.id)
        return None

    async def get(self, conversation_id: str) -> ConversationRecord | None:
        async with map_errors():
            found = await self._conversations.find_one({"_id": ObjectId(conversation_id)}, {"sent": 0})
        return None if found is None else conversation_record(found)

    async def heads(self, after: str, limit: int) -> list[tuple[str, int]]:
        behind = {"_id": {"$gt": ObjectId(after or "0" * 24)}}
        async with map_errors():
            cursor = self._conversations.find(behind, {"last_seq": 1}).sort("_id", 1).limit(limit)
            return [(str(found["_id"]), found.get("last_seq", 0)) async for found in cursor]

    async def list_memberships(
        self, user_id: str, conversation_ids: Sequence[str] | None
    ) -> list[Membership]:
        wanted = ("type", "name", "last_message", "last_seq", "applied_seq", "created_at", f"sent.{user_id}")
        async with map_errors():
            if conversation_ids is None:
                found = await self._conversations.find(
                    {"participants": user_id}, dict.fromkeys(wanted, 1)
                ).to_list(None)
            else:
                ids = [ObjectId(one) for one in conversation_ids]
                everything = dict.fromkeys((*wanted, "participants", "admins"), 1)
                cursor = self._conversations.find({"_id": {"$in": ids}}, everything)
                found = [one async for one in cursor if user_id in one["participants"]]
        return [
            Membership(conversation_record(one), last_sent_seq=one.get("sent", {}).get(user_id, 0))
            for one in found
        ]

    async def last_seqs_by_user(self, user_ids: Sequence[str]) -> dict[str, dict[str, int]]:
        ids = list(user_ids)
        # Of a group of thousands only those who were asked for leave the store.
        pipeline: list[Document] = [
            {"$match": {"participants": {"$in": ids}}},
            {"$project": {"last_seq": 1, "members": {"$setIntersection": ["$participants", ids]}}},
        ]
        async with map_errors():
            conversations = await self._conversations.aggregate(pipeline).to_list(None)
        found: dict[str, dict[str, int]] = {}
        for one in conversations:
            for user_id in one["members"]:
                found.setdefault(user_id, {})[str(one["_id"])] = one.get("last_seq", 0)
        return found

    async def users_sharing_conversation(self, user_id: str, others: Sequence[str]) -> set[str]:
        async def shares(other: str) -> bool:
            both = {"participants": {"$all": [user_id, other]}}
            return await self._conversations.find_one(both, {"_id": 1}) is not None

        async with map_errors():
            found = await asyncio.gather(*(shares(other) for other in others))
        return {other for other, shared in zip(others, found, strict=True) if shared}

    async def add_pending_effect(self, effect: PendingEffect) -> None:
        document = {
            "_id": effect.key,
            "conversation_id": effect.conversation_id,
            "instance": effect.instance,
            "since_seq": effect.since_seq,
            "at": DatetimeMS(effect.created_at_ms),
        }
        async with map_errors():
            with contextlib.suppress(DuplicateKeyError):
                await self._pending_effects.insert_one(document)

    async def remove_pending_effect(self, key: str) -> None:
        async with map_errors():
            await self._pending_effects.delete_one({"_id": key})

    async def list_pending_effects(self) -> list[PendingEffect]:
        async with map_errors():
            found = await self._pending_effects.find({}).to_list(None)
        return [
            PendingEffect(one["conversation_id"], one["instance"], one["since_seq"], int(one["at"]))
            for one in found
        ]

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
                [UpdateOne({"_id": ObjectId(one.conversation_id)}, summary_update(one)) for one in summaries],
                ordered=False,
            )

    async def get_read_marks(self, keys: Sequence[tuple[str, str]]) -> list[ReadMark]:
        if not keys:
            return []
        ids = [_read_mark_id(conversation_id, user_id) for conversation_id, user_id in keys]
        async with map_errors():
            return [read_mark_record(found) async for found in self._read_marks.find({"_id": {"$in": ids}})]

    async def advance_read_mark(self, mark: ReadMark) -> int:
        fields = {"read_seq": mark.read_seq, "read_at": DatetimeMS(mark.read_at_ms)}
        async with map_errors():
            stands = await self._advance_existing(mark, fields)
            if stands is None:
                with contextlib.suppress(DuplicateKeyError):
                    await self._read_marks.insert_one(_new_read_mark(mark) | fields)
                    return mark.read_seq
                # Made a moment ago by another device: then once more, guarded.
                stands = await self._advance_existing(mark, fields)
        return mark.read_seq if stands is None else stands

    async def _advance_existing(self, mark: ReadMark, fields: Document) -> int | None:
        """Where the mark stands after moving it forward; None where there is none yet."""
        found = await self._read_marks.find_one_and_update(
            {"_id": _read_mark_id(mark.conversation_id, mark.user_id)},
            set_if_older("read_seq", mark.read_seq, fields),
            projection={"read_seq": 1},
            return_document=ReturnDocument.AFTER,
        )
        return None if found is None else int(found["read_seq"])

    async def last_sent_seqs(self, conversation_id: str) -> dict[str, int]:
        async with map_errors():
            found = await self._conversations.find_one({"_id": ObjectId(conversation_id)}, {"sent": 1})
        return {} if found is None else dict(found.get("sent", {}))

    async def claim_idempotency_key(self, key: str, digest: str) -> str:
        async with map_errors():
            try:
                await self._idempotency_keys.insert_one({"_id": key, "digest": digest})
            except DuplicateKeyError:
                kept = await self._idempotency_keys.find_one({"_id": key})
                return digest if kept is None else str(kept["digest"])
        return digest

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
