"""Stores of the home feed: two PostgreSQL databases, and a Valkey server that tests may flush."""

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
    """A Valkey server for the feed tests, flushed before each test."""
    made = ValkeyServer()
    made.start()
    yield made
    made.close()


@pytest.fixture
async def timelines(valkey: ValkeyServer) -> AsyncIterator[RedisTimelines]:
    """An empty timeline store."""
    wipe(valkey)
    made = await RedisTimelines.open(valkey.url, timeouts=SHORT_TIMEOUTS)
    yield made
    await made.close()


@pytest.fixture
async def setup(fresh_database: FreshDatabase, timelines: RedisTimelines) -> AsyncIterator[FeedSetup]:
    """A feed with a low fan-out threshold."""
    async with open_databases(fresh_database, "social", "posts") as databases:
        made = FeedSetup(databases, timelines)
        yield made
        await made.close()


def wipe(server: ValkeyServer) -> None:
    """Flush all data without a restart."""
    with server.client() as client:
        client.flushall()
