"""Home feeds are unaffected by a Redis that is down, unresponsive or restored from old data."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence

import pytest

from actors.feed.home_feed import TIMELINES_RETRY_S, FeedStores, HomeFeed
from storage.contracts.posts import PostKey
from storage.contracts.timelines import TimelinePage
from storage.errors import Unavailable
from storage.redis.timelines import RedisTimelines
from tests.actors.domain_events.service_databases import open_databases
from tests.actors.feed.feed_model import FeedModel
from tests.actors.feed.feed_setup import BROADCAST_THRESHOLD, FeedSetup, create_posts, follow, read_feed
from tests.conftest import FreshDatabase
from tests.storage.bus_cluster import SHORT_TIMEOUTS
from tests.storage.valkey_server import ValkeyServer


@pytest.fixture
def model() -> FeedModel:
    return FeedModel(6)


@pytest.fixture
def own_valkey() -> Iterator[ValkeyServer]:
    """A Valkey server that the test may stop."""
    made = ValkeyServer()
    made.start()
    yield made
    made.close()


@pytest.fixture
async def interrupted_feed(
    fresh_database: FreshDatabase, own_valkey: ValkeyServer
) -> AsyncIterator[FeedSetup]:
    """A feed on that server."""
    timelines = await RedisTimelines.open(own_valkey.url, timeouts=SHORT_TIMEOUTS)
    async with open_databases(fresh_database, "social", "posts") as databases:
        made = FeedSetup(databases, timelines)
        yield made
        await made.close()
    await timelines.close()


async def test_feed_without_redis_is_read_from_stores(
    interrupted_feed: FeedSetup, model: FeedModel, own_valkey: ValkeyServer
) -> None:
    """Without Redis, and after it returns empty, the feed is complete, including broadcasters."""
    ana, ben, cyd, *others = model.user_ids
    for user_id in others[:BROADCAST_THRESHOLD]:
        await follow(interrupted_feed, model, user_id, ben)
    await follow(interrupted_feed, model, ana, ben, cyd)
    await create_posts(interrupted_feed, model, *[ana, ben, cyd] * 5)
    await interrupted_feed.catch_up()
    assert await read_feed(interrupted_feed, ana) == model.feed(ana)
    own_valkey.kill()
    await create_posts(interrupted_feed, model, ben, cyd)
    assert await read_feed(interrupted_feed, ana) == model.feed(ana)
    own_valkey.start()
    assert await read_when_connected(interrupted_feed, ana) is None
    interrupted_feed.start()
    await interrupted_feed.catch_up()

    assert await read_feed(interrupted_feed, ana) == model.feed(ana)


async def test_timelines_restored_by_redis_restart_are_not_used(
    interrupted_feed: FeedSetup, model: FeedModel, own_valkey: ValkeyServer
) -> None:
    """Persisted timelines may lack recent writes, so those of an earlier server run are rebuilt."""
    ana, ben, *_ = model.user_ids
    await follow(interrupted_feed, model, ana, ben)
    await create_posts(interrupted_feed, model, ben)
    await interrupted_feed.catch_up()
    assert await read_feed(interrupted_feed, ana) == model.feed(ana)
    assert await interrupted_feed.timelines.read(ana, None, 5) is not None
    own_valkey.kill()
    own_valkey.start()
    with own_valkey.client() as client:
        assert client.dbsize() > 0
    found = await read_when_connected(interrupted_feed, ana)

    assert found is None


async def read_when_connected(setup: FeedSetup, user_id: str) -> TimelinePage | None:
    """Read as soon as the connection is re-established."""
    async with asyncio.timeout(20.0):
        while True:
            try:
                return await setup.timelines.read(user_id, None, 5)
            except Unavailable:
                await asyncio.sleep(0)


class UnavailableTimelines:
    """A `Timelines` that always raises `Unavailable`, and counts calls."""

    def __init__(self) -> None:
        self.read_count = 0

    async def read(self, user_id: str, before: PostKey | None, limit: int) -> TimelinePage | None:
        self.read_count += 1
        raise Unavailable

    async def begin_rebuild(self, user_id: str) -> str:
        raise Unavailable

    async def finish_rebuild(
        self, user_id: str, token: str, keys: Sequence[PostKey], broadcast: Sequence[str], *, truncated: bool
    ) -> bool:
        raise Unavailable

    async def push(self, key: PostKey, user_ids: Sequence[str]) -> None:
        raise Unavailable

    async def invalidate(self, user_ids: Sequence[str]) -> None:
        raise Unavailable


async def test_unavailable_timelines_are_retried_after_a_delay(setup: FeedSetup, model: FeedModel) -> None:
    """After a failure timelines are not used until the retry time."""
    now_s = 100.0
    silent = UnavailableTimelines()
    stores = FeedStores(setup.posts, setup.social, setup.audiences, silent)
    feed = HomeFeed(stores, setup.post_service, setup.timeline_builder, clock=lambda: now_s)
    (ana, *_) = model.user_ids
    await create_posts(setup, model, ana)
    for _ in range(5):
        assert [post.id for post in (await feed.page(ana, None, 5)).items] == model.feed(ana)
    asked = silent.read_count
    now_s += TIMELINES_RETRY_S
    await feed.page(ana, None, 5)

    assert (asked, silent.read_count) == (1, 2)
