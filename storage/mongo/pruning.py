"""The idempotency keys of conversations, which are kept for a limited time."""

import time

from bson.datetime_ms import DatetimeMS
from motor.motor_asyncio import AsyncIOMotorCollection

from config.retention import CONVERSATION_KEY_RETENTION_S
from storage.mongo.client import Document, map_errors


class PrunableKeys:
    """Implements `storage.contracts.pruning.PrunableTable`."""

    name = "messaging.keys"

    def __init__(self, keys: "AsyncIOMotorCollection[Document]") -> None:
        self._keys = keys

    async def prune(self, limit: int) -> int:
        now_ms = round(time.time() * 1000)
        cutoff = DatetimeMS(now_ms - round(CONVERSATION_KEY_RETENTION_S * 1000))
        async with map_errors():
            old = await self._keys.find({"at": {"$lt": cutoff}}, {"_id": 1}).limit(limit).to_list(limit)
            if old:
                await self._keys.delete_many({"_id": {"$in": [key["_id"] for key in old]}})
            # Keys of versions that stored no time: their retention begins now.
            timeless = await self._keys.find({"at": None}, {"_id": 1}).limit(limit).to_list(limit)
            if timeless:
                ids = [key["_id"] for key in timeless]
                await self._keys.update_many({"_id": {"$in": ids}}, {"$set": {"at": DatetimeMS(now_ms)}})
        return len(old)
