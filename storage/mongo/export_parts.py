"""The parts of a data export that are in MongoDB: conversations, and the messages that the user wrote."""

from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from datetime import UTC, datetime
from itertools import chain

import msgspec
from bson import ObjectId
from motor.motor_asyncio import AsyncIOMotorCollection

from config.exports import EXPORT_BATCH_ROWS
from storage.mongo.client import Document, map_errors

CONVERSATIONS_PER_READ = 1000
FindUsernames = Callable[[Sequence[str]], Awaitable[Mapping[str, str]]]
"""Returns usernames by user id; deleted users are absent."""


class MongoExportConversations:
    """Implements `storage.contracts.data_exports.ExportPart`.

    Only the other member of a direct conversation is named: who is in a group concerns its members.
    """

    name = "conversations"

    def __init__(
        self,
        conversations: "AsyncIOMotorCollection[Document]",
        find_usernames: FindUsernames,
    ) -> None:
        self._conversations = conversations
        self._find_usernames = find_usernames

    async def read(self, user_id: str) -> AsyncGenerator[Sequence[bytes]]:
        fields = dict.fromkeys(("type", "name", "created_at"), 1)
        async with map_errors():
            documents = await self._conversations.find({"participants": user_id}, fields).to_list(None)
        for start in range(0, len(documents), EXPORT_BATCH_ROWS):
            batch = documents[start : start + EXPORT_BATCH_ROWS]
            others = await self._find_others(
                [one["_id"] for one in batch if one["type"] == "DIRECT"], user_id
            )
            usernames = await self._find_usernames(sorted(set(chain(*others.values()))))
            yield [
                msgspec.json.encode(
                    {
                        "id": str(one["_id"]),
                        "type": one["type"],
                        "name": one.get("name"),
                        "with": [usernames.get(other) for other in others.get(one["_id"], ())],
                        "created_at": _to_time(one["created_at"]),
                    }
                )
                for one in batch
            ]

    async def _find_others(self, ids: Sequence[ObjectId], user_id: str) -> dict[ObjectId, list[str]]:
        async with map_errors():
            found = await self._conversations.find({"_id": {"$in": list(ids)}}, {"participants": 1}).to_list(
                None
            )
        return {one["_id"]: [other for other in one["participants"] if other != user_id] for one in found}


class MongoExportMessages:
    """Implements `storage.contracts.data_exports.ExportPart`. Has messages in former conversations too.

    Reads the documents of all conversations, since only these show who ever wrote in them: an index of
    messages by sender would cost every message, and an export is rare.
    """

    name = "messages"

    def __init__(
        self,
        conversations: "AsyncIOMotorCollection[Document]",
        messages: "AsyncIOMotorCollection[Document]",
    ) -> None:
        self._conversations = conversations
        self._messages = messages

    async def read(self, user_id: str) -> AsyncGenerator[Sequence[bytes]]:
        # First the conversations of the user: `sent` is written a little later than the messages.
        async with map_errors():
            found = await self._conversations.find({"participants": user_id}, {"_id": 1}).to_list(None)
        joined = {document["_id"] for document in found}
        for conversation_id in joined:
            async for batch in self._read_conversation(conversation_id, user_id):
                yield batch
        after = ObjectId("0" * 24)
        while True:
            async with map_errors():
                documents = (
                    await self._conversations.find({"_id": {"$gt": after}}, {f"sent.{user_id}": 1})
                    .sort("_id", 1)
                    .limit(CONVERSATIONS_PER_READ)
                    .to_list(None)
                )
            # An empty batch too: it shows the reader that work goes on.
            yield []
            for document in documents:
                if user_id in document.get("sent", {}) and document["_id"] not in joined:
                    async for batch in self._read_conversation(document["_id"], user_id):
                        yield batch
            if len(documents) < CONVERSATIONS_PER_READ:
                return
            after = documents[-1]["_id"]

    async def _read_conversation(
        self, conversation_id: ObjectId, user_id: str
    ) -> AsyncGenerator[Sequence[bytes]]:
        """Yield the messages in the order of the index, not of time."""
        written = {"conversation_id": conversation_id, "sender_id": user_id}
        cursor = self._messages.find(written, batch_size=EXPORT_BATCH_ROWS)
        batch: list[bytes] = []
        while True:
            async with map_errors():
                document = await anext(cursor, None)
            if document is None:
                break
            if document["kind"] == "message" and document["message_type"] == "TEXT":
                batch.append(_encode(document))
            if len(batch) == EXPORT_BATCH_ROWS:
                yield batch
                batch = []
        yield batch


def _encode(document: Document) -> bytes:
    edited_at, deleted_at = document.get("edited_at"), document.get("deleted_at")
    return msgspec.json.encode(
        {
            "id": str(document["_id"]),
            "conversation_id": str(document["conversation_id"]),
            "seq": document["seq"],
            "content": document["content"],
            "reply_to": document.get("reply_to"),
            "created_at": _to_time(document["created_at"]),
            "edited_at": None if edited_at is None else _to_time(edited_at),
            "deleted_at": None if deleted_at is None else _to_time(deleted_at),
        }
    )


def _to_time(value: object) -> str:
    """Convert a `DatetimeMS`, whose integer is the milliseconds since the epoch."""
    at = datetime.fromtimestamp(int(value) / 1000, UTC)  # type: ignore[call-overload]
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
