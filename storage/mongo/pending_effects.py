"""Pending effects on MongoDB: the collection `intents`, whose name is older than the term."""

import contextlib

from bson.datetime_ms import DatetimeMS
from motor.motor_asyncio import AsyncIOMotorCollection
from pymongo.errors import DuplicateKeyError

from storage.contracts.pending_effects import PendingEffect
from storage.mongo.client import Document, map_errors


class MongoPendingEffects:
    """Implements `storage.contracts.pending_effects.PendingEffectStore`."""

    def __init__(self, pending_effects: "AsyncIOMotorCollection[Document]") -> None:
        self._pending_effects = pending_effects

    async def add_pending_effect(self, effect: PendingEffect) -> None:
        async with map_errors():
            # Stored before: the driver repeats an insert without a reply, and a record may be stored again.
            with contextlib.suppress(DuplicateKeyError):
                await self._pending_effects.insert_one(_to_document(effect))

    async def claim_pending_effect(self, effect: PendingEffect, claim: str) -> bool:
        async with map_errors():
            result = await self._pending_effects.update_one(
                {"_id": effect.key, "claim": effect.claim}, {"$set": {"claim": claim}}
            )
        return result.modified_count == 1

    async def remove_pending_effect(self, key: str) -> None:
        async with map_errors():
            await self._pending_effects.delete_one({"_id": key})

    async def list_pending_effects(self, after_key: str, limit: int) -> list[PendingEffect]:
        async with map_errors():
            cursor = self._pending_effects.find({"_id": {"$gt": after_key}}).sort("_id", 1).limit(limit)
            return [_to_record(document) async for document in cursor]


def _to_document(effect: PendingEffect) -> Document:
    return {
        "_id": effect.key,
        "conversation_id": effect.conversation_id,
        "instance": effect.instance,
        "since_seq": effect.since_seq,
        "at": DatetimeMS(effect.created_at_ms),
        "claim": effect.claim,
    }


def _to_record(document: Document) -> PendingEffect:
    return PendingEffect(
        document["_id"],
        document["conversation_id"],
        document["instance"],
        document["since_seq"],
        int(document["at"]),
        document.get("claim"),
    )
