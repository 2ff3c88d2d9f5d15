"""Lookups for many users on MongoDB: a few queries, whichever side has many conversations."""

from collections import Counter
from collections.abc import AsyncIterator
from typing import Any

import pytest

from storage.contracts.identifiers import new_id
from storage.contracts.messaging import ConversationRecord
from storage.embedded import StoreUrls
from storage.mongo import messaging
from storage.mongo.messaging import MongoMessaging


class CountingCollection:
    """Counts the queries on a collection."""

    def __init__(self, collection: Any, counts: Counter[str]) -> None:
        self._collection = collection
        self._counts = counts

    def __getattr__(self, name: str) -> Any:
        self._counts[name] += 1
        return getattr(self._collection, name)


@pytest.fixture
async def store(stores: StoreUrls) -> AsyncIterator[MongoMessaging]:
    mongo = await MongoMessaging.open(stores.mongo, "convene_queries")
    yield mongo
    mongo.close()


async def add_group(store: MongoMessaging, *members: str) -> None:
    await store.create(ConversationRecord(new_id(), "GROUP", "Hikers", members, members[:1], 1))


@pytest.mark.parametrize("read_max", [100, 4, 2])
async def test_sharing_is_looked_up_for_all_users_together(
    store: MongoMessaging, monkeypatch: pytest.MonkeyPatch, read_max: int
) -> None:
    """At most three queries for 200 users, with the same result whichever side is read."""
    monkeypatch.setattr(messaging, "SHARED_READ_MAX", read_max)
    ana, bob, eve = new_id(), new_id(), new_id()
    for members in [(ana, bob)] * 3 + [(ana, new_id())] * 3 + [(eve, new_id())] * 2:
        await add_group(store, *members)
    counts: Counter[str] = Counter()
    store._conversations = CountingCollection(store._conversations, counts)  # type: ignore[assignment]
    others = [bob, eve, *(new_id() for _ in range(198))]
    assert await store.users_sharing_conversation(ana, others) == {bob}
    assert counts.total() <= 3
    assert await store.users_sharing_conversation(ana, [eve, new_id()]) == set()


async def test_many_groups_are_paged_without_reading_all(store: MongoMessaging) -> None:
    """A page transfers its conversations only."""
    ana = new_id()
    for _ in range(30):
        await add_group(store, ana)
    counts: Counter[str] = Counter()
    store._conversations = CountingCollection(store._conversations, counts)  # type: ignore[assignment]
    assert len(await store.page_activity(ana, None, 3)) == 3
    assert counts == {"aggregate": 1}
