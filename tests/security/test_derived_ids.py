"""Ids that follow from others: none can be chosen to be that of another object, and collisions are errors."""

import re
import time
from typing import Any
from uuid import uuid4

import pytest
from bson import ObjectId
from motor.motor_asyncio import AsyncIOMotorClient

from server.instance import Instance
from storage.contracts.identifiers import (
    direct_conversation_id,
    entry_id,
    event_conversation_id,
    idempotent_id,
)
from storage.embedded import StoreUrls
from storage.mongo.messaging import DATABASE
from tests.server.api_client import ApiClient
from tests.server.registered_users import RegisteredUsers

CONFLICTS_S = 30.0
ANA, BEN = "00000000-0000-4000-8000-00000000000a", "00000000-0000-4000-8000-00000000000b"


def test_kinds_of_ids_are_separate() -> None:
    """A key is text that a client chooses; it may be an id, or the input of another kind's hash."""
    pair = "\n".join(sorted((ANA, BEN)))
    keys = (BEN, ANA, pair, f"event\n{ANA}", f"{ANA}\n", f"idempotency-key\n{ANA}\n{BEN}", "")
    of_keys = {idempotent_id(user, key) for user in (ANA, BEN, "") for key in keys}
    assert len(of_keys) == 3 * len(keys)
    assert not of_keys & {direct_conversation_id(ANA, BEN), *map(event_conversation_id, (ANA, BEN))}
    assert direct_conversation_id(ANA, BEN) == direct_conversation_id(BEN, ANA)
    assert direct_conversation_id(ANA, BEN) != event_conversation_id(ANA)


def test_entry_ids_differ_within_a_conversation() -> None:
    conversation_id = "0123456789abcdef01234567"
    ids = {entry_id(conversation_id, seq) for seq in (1, 2, 255, 256, 2**31, 2**32 - 1)}
    assert len(ids) == 6
    assert all(re.fullmatch("[0-9a-f]{24}", each) for each in ids)


@pytest.mark.parametrize("key", ["{ben}", "{ben}:{ana}"])
async def test_group_does_not_take_the_id_of_a_direct(
    api: ApiClient, instance: Instance, people: RegisteredUsers, key: str
) -> None:
    """The peer's id as `Idempotency-Key`: the DIRECT of both can still be opened."""
    ana, ben = await people.register(2, instance)
    body = {"type": "GROUP", "participants": [], "name": "x"}
    key = key.format(ana=ana.id, ben=ben.id)
    group = await api.expect(201, ana, "POST", "/v1/conversations", body, Idempotency_Key=key)
    direct = await api.direct(ben, ana)
    assert (direct["type"], direct["id"] == group["id"]) == ("DIRECT", False)
    await api.send(ben, direct["id"], "hello")


async def test_collision_of_entry_ids_ends_in_an_error(
    api: ApiClient, instance: Instance, people: RegisteredUsers, stores: StoreUrls
) -> None:
    """Of two conversations whose ids end alike, the second cannot store, and does not retry for ever.

    Ids are random or hashes: such a pair of own groups takes a search through billions of keys.
    """
    (ana,) = await people.register(1, instance)
    first = (await api.group(ana))["id"]
    client: AsyncIOMotorClient[Any] = AsyncIOMotorClient(stores.mongo)
    conversations = client.get_default_database(DATABASE)["conversations"]
    document = await conversations.find_one({"_id": ObjectId(first)})
    assert document is not None
    second = f"{uuid4().hex[:8]}{first[8:]}"
    await conversations.insert_one({**document, "_id": ObjectId(second), "last_seq": 0})
    client.close()
    for number in range(3):
        await api.send(ana, first, f"{number}")
    started = time.monotonic()
    path, body = f"/v1/conversations/{second}/messages", {"client_id": uuid4().hex, "content": "x"}
    status, problem, _ = await api.request(ana, "POST", path, body)
    assert (status, problem["code"]) == (500, "server.error")
    assert time.monotonic() - started < CONFLICTS_S
    await api.send(ana, first, "still works")
