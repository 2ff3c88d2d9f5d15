"""A messaging store, in memory and on MongoDB."""

from collections.abc import AsyncIterator

import pytest

from storage.contracts.identifiers import new_id
from storage.contracts.messaging import (
    MessagingStore,
)
from storage.memory.messaging import MemoryMessaging
from storage.mongo.messaging import MongoMessaging


@pytest.fixture(params=["memory", "mongo"])
async def store(request: pytest.FixtureRequest) -> AsyncIterator[MessagingStore]:
    """An open store; the real one contains data of other tests, under other ids."""
    if request.param == "memory":
        yield MemoryMessaging()
        return
    mongo = await MongoMessaging.open(request.getfixturevalue("stores").mongo, "convene_contract")
    yield mongo
    mongo.close()


@pytest.fixture
def room() -> str:
    """The id of a conversation whose log is empty."""
    return new_id()
