"""Stores of the home feed: two services' databases, and a Valkey that a test may empty."""

from collections.abc import AsyncIterator, Iterator

import pytest

from storage.redis.timelines import RedisTimelines
from tests.actors.domain_events.service_databases import open_databases
from tests.actors.feed.feed_setup import FeedSetup
from tests.conftest import FreshDatabase
from tests.storage.bus_cluster import SHORT_TIMEOUTS
from tests.storage.valkey_server import ValkeyServer


@pytest.fixture(scope="session")
def valkey() -> Iterator[ValkeyServer]:
    """A server for the tests of feeds, which keeps nothing from one to the next."""
    made = ValkeyServer()
    made.start()
    yield made
    made.close()


@pytest.fixture
async def timelines(valkey: ValkeyServer) -> AsyncIterator[RedisTimelines]:
    """Nobody has one yet."""
    wipe(valkey)
    made = await RedisTimelines.open(valkey.url, timeouts=SHORT_TIMEOUTS)
    yield made
    await made.close()


@pytest.fixture
async def setup(fresh_database: FreshDatabase, timelines: RedisTimelines) -> AsyncIterator[FeedSetup]:
    """A feed with a small bound to how many are handed a post."""
    async with open_databases(fresh_database, "social", "posts") as databases:
        made = FeedSetup(databases, timelines)
        yield made
        await made.close()


def wipe(server: ValkeyServer) -> None:
    """Forget everything, without a restart."""
    with server.client() as client:
        client.flushall()
