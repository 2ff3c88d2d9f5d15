"""When people were there last: the collection `user_presence`. Never says who is there now."""

from collections.abc import Sequence

from bson.datetime_ms import DatetimeMS
from motor.motor_asyncio import AsyncIOMotorCollection
from pymongo import UpdateOne

from storage.mongo.client import Document, reaching_store
from storage.records.presence import LastSeen

BATCH = 500


class MongoLastSeen:
    """A `LastSeenStore`."""

    def __init__(self, collection: "AsyncIOMotorCollection[Document]") -> None:
        self._collection = collection

    async def note_seen(self, seen: Sequence[LastSeen]) -> None:
        for start in range(0, len(seen), BATCH):
            updates = [
                UpdateOne(
                    {"user_id": one.user_id},
                    {"$max": {"last_seen": DatetimeMS(one.last_seen_ms)}, "$set": {"status": one.status}},
                    upsert=True,
                )
                for one in seen[start : start + BATCH]
            ]
            async with reaching_store():
                await self._collection.bulk_write(updates, ordered=False)

    async def last_seen(self, user_ids: Sequence[str]) -> dict[str, int]:
        async with reaching_store():
            cursor = self._collection.find(
                {"user_id": {"$in": list(user_ids)}}, {"user_id": 1, "last_seen": 1}
            )
            return {found["user_id"]: int(found["last_seen"]) async for found in cursor}
