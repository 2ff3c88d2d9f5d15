"""When users were last online: the collection `user_presence`."""

from collections.abc import Sequence

from bson.datetime_ms import DatetimeMS
from motor.motor_asyncio import AsyncIOMotorCollection
from pymongo import UpdateOne

from storage.contracts.presence import LastSeen
from storage.mongo.client import Document, map_errors

BATCH_SIZE = 500


class MongoLastSeen:
    """Implements `storage.contracts.presence.LastSeenStore`."""

    def __init__(self, collection: "AsyncIOMotorCollection[Document]") -> None:
        self._collection = collection

    async def save_last_seen(self, entries: Sequence[LastSeen]) -> None:
        for start in range(0, len(entries), BATCH_SIZE):
            updates = [
                UpdateOne(
                    {"user_id": entry.user_id},
                    {"$max": {"last_seen": DatetimeMS(entry.last_seen_ms)}, "$set": {"status": entry.status}},
                    upsert=True,
                )
                for entry in entries[start : start + BATCH_SIZE]
            ]
            async with map_errors():
                await self._collection.bulk_write(updates, ordered=False)

    async def get_last_seen(self, user_ids: Sequence[str]) -> dict[str, int]:
        async with map_errors():
            cursor = self._collection.find(
                {"user_id": {"$in": list(user_ids)}}, {"user_id": 1, "last_seen": 1}
            )
            return {document["user_id"]: int(document["last_seen"]) async for document in cursor}
