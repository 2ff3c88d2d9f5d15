"""What a home feed promises at every moment, with Redis, without it, and while it comes and goes."""

import asyncio
import itertools
from collections.abc import AsyncIterator, Iterator, Sequence

import pytest

from actors.feed import builder
from actors.feed.feed import SHUN_S, Feed, FeedStores
from storage.errors import Unavailable
from storage.records.posts import PostKey
from storage.records.timelines import TimelinePage
from storage.redis import timelines as redis_timelines
from storage.redis.timelines import RedisTimelines
from tests.actors.feed.feed_house import BROADCAST, FeedHouse
from tests.actors.feed.feed_model import FeedModel
from tests.actors.sync.opened import all_opened
from tests.conftest import FreshDatabase
from tests.storage.bus_system import HASTY
from tests.storage.valkey_server import ValkeyServer

PEOPLE = 6


@pytest.fixture
def model() -> FeedModel:
    return FeedModel(PEOPLE)


@pytest.fixture
def own_valkey() -> Iterator[ValkeyServer]:
    """A server that this test alone may kill."""
    made = ValkeyServer()
    made.start()
    yield made
    made.close()


@pytest.fixture
async def shaky(fresh_database: FreshDatabase, own_valkey: ValkeyServer) -> AsyncIterator[FeedHouse]:
    """A feed on that server."""
    timelines = await RedisTimelines.open(own_valkey.url, patience=HASTY)
    async with all_opened(fresh_database, "social", "posts") as databases:
        made = FeedHouse(databases, timelines)
        yield made
        await made.close()
    await timelines.close()


async def follow(house: FeedHouse, model: FeedModel, follower: str, *followed: str) -> None:
    for one in followed:
        await house.social.follow(follower, one)
        model.follows.add((follower, one))


async def post(house: FeedHouse, model: FeedModel, *authors: str) -> list[str]:
    ids = []
    for author_id in authors:
        post_id, created_us = await house.post(author_id)
        model.posts[post_id] = created_us, author_id
        ids.append(post_id)
    return ids


async def all_of(house: FeedHouse, user_id: str, limit: int = 5) -> list[str]:
    return await house.paged(user_id, itertools.repeat(limit, 100))


async def test_own_posts_are_there_at_once(house: FeedHouse, model: FeedModel) -> None:
    """No consumer has seen them yet, and a timeline stands already."""
    ana, ben, *_ = model.people
    assert await all_of(house, ana) == []
    await follow(house, model, ana, ben)
    await post(house, model, ana, ben, ana)

    assert [one for one in await all_of(house, ana) if one in model.own(ana)] == model.own(ana)
    await house.catch_up()
    assert await all_of(house, ana) == model.feed(ana)


async def test_what_ends_ends_at_once(house: FeedHouse, model: FeedModel) -> None:
    """An unfollow, a block by the other and a deletion hold before any consumer hears of them."""
    ana, ben, cyd, dan, *_ = model.people
    await follow(house, model, ana, ben, cyd, dan)
    await post(house, model, ben, cyd, dan, ben, cyd, dan, ana)
    await house.catch_up()
    assert await all_of(house, ana) == model.feed(ana)
    await house.social.unfollow(ana, ben)
    model.follows.discard((ana, ben))
    await house.social.block(cyd, ana)
    model.block(cyd, ana)
    gone = model.feed(dan)[0]
    del model.posts[gone]
    await house.posts.delete(gone, dan)

    assert await all_of(house, ana) == model.feed(ana)
    assert len(model.feed(ana)) == 2


async def test_pages_hold_still_while_posts_arrive(house: FeedHouse, model: FeedModel) -> None:
    """Between pages others post and delete: what stood when one began to read comes once, nothing else."""
    ana, ben, cyd, *_ = model.people
    await follow(house, model, ana, ben, cyd)
    await post(house, model, *[ben, cyd, ana] * 6)
    await house.catch_up()
    stood, found, before = model.feed(ana), list[str](), None
    deleted: set[str] = set()
    for limit in itertools.repeat(4, 20):
        page = await house.feed.page(ana, before, limit)
        found += [one.id for one in page.items]
        before = page.next_key
        if before is None:
            break
        await post(house, model, ben, ana)
        ahead = next((one for one in reversed(stood) if one not in {*found, *deleted}), None)
        if ahead is not None:
            deleted.add(ahead)
            await house.posts.delete(ahead, model.posts[ahead][1])
        await house.catch_up("posts")

    assert found == [one for one in stood if one not in deleted]
    assert deleted


async def test_a_page_is_full_though_most_of_a_timeline_may_not_be_shown(
    house: FeedHouse, model: FeedModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Longer stretches of unwanted posts than it looks through: the stores fill the page."""
    ana, ben, cyd, *_ = model.people
    await follow(house, model, ana, ben, cyd)
    await post(house, model, *[cyd] * 3, *[ben] * 30)
    await house.catch_up()
    assert len(await all_of(house, ana, 40)) == 33
    await house.social.unfollow(ana, ben)
    model.follows.discard((ana, ben))

    page = await house.feed.page(ana, None, 2)
    assert [one.id for one in page.items] == model.feed(ana)[:2]
    assert page.next_key is not None
    assert await all_of(house, ana, 2) == model.feed(ana)


async def test_a_cut_timeline_goes_on_in_the_stores(
    house: FeedHouse, model: FeedModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    """More own posts below its end than a page holds: the others' between them are not passed by."""
    monkeypatch.setattr(builder, "TIMELINE_POSTS", 4)
    monkeypatch.setattr(redis_timelines, "TIMELINE_POSTS", 4)
    ana, ben, *_ = model.people
    await follow(house, model, ana, ben)
    await post(house, model, *[ben, ana, ana] * 8)
    await house.catch_up()

    for limit in range(1, 13):
        assert await all_of(house, ana, limit) == model.feed(ana), limit


async def test_without_redis_the_stores_answer(
    shaky: FeedHouse, model: FeedModel, own_valkey: ValkeyServer
) -> None:
    """The answer is the same, also of a broadcasting author; and when Redis is back, empty, again."""
    ana, ben, cyd, *others = model.people
    for one in others[:BROADCAST]:
        await follow(shaky, model, one, ben)
    await follow(shaky, model, ana, ben, cyd)
    await post(shaky, model, *[ana, ben, cyd] * 5)
    await shaky.catch_up()
    assert await all_of(shaky, ana) == model.feed(ana)
    own_valkey.kill()
    await post(shaky, model, ben, cyd)
    assert await all_of(shaky, ana) == model.feed(ana)
    own_valkey.start()
    assert await read_again(shaky, ana) is None
    shaky.open()
    await shaky.catch_up()

    assert await all_of(shaky, ana) == model.feed(ana)


async def test_what_a_restart_brings_back_is_not_used(
    shaky: FeedHouse, model: FeedModel, own_valkey: ValkeyServer
) -> None:
    """Its files may lack the last second: timelines of another run of the server are built anew."""
    ana, ben, *_ = model.people
    await follow(shaky, model, ana, ben)
    await post(shaky, model, ben)
    await shaky.catch_up()
    assert await all_of(shaky, ana) == model.feed(ana)
    assert await shaky.timelines.read(ana, None, 5) is not None
    own_valkey.kill()
    own_valkey.start()
    with own_valkey.client() as client:
        assert client.dbsize() > 0
    found = await read_again(shaky, ana)

    assert found is None


async def read_again(house: FeedHouse, user_id: str) -> TimelinePage | None:
    """Read as soon as the connection is back."""
    async with asyncio.timeout(20.0):
        while True:
            try:
                return await house.timelines.read(user_id, None, 5)
            except Unavailable:
                await asyncio.sleep(0)


class Silent:
    """A `Timelines` that never answers; counts how often it was asked."""

    def __init__(self) -> None:
        self.asked = 0

    async def read(self, user_id: str, before: PostKey | None, limit: int) -> TimelinePage | None:
        self.asked += 1
        raise Unavailable

    async def begin(self, user_id: str) -> str:
        raise Unavailable

    async def finish(
        self, user_id: str, token: str, keys: Sequence[PostKey], broadcast: Sequence[str], *, cut: bool
    ) -> bool:
        raise Unavailable

    async def push(self, key: PostKey, user_ids: Sequence[str]) -> None:
        raise Unavailable

    async def drop(self, user_ids: Sequence[str]) -> None:
        raise Unavailable


async def test_silent_timelines_are_left_alone_for_a_moment(house: FeedHouse, model: FeedModel) -> None:
    """One request waits for them, the next ones do not, until they are tried again."""
    now_s = 100.0
    silent = Silent()
    stores = FeedStores(house.posts, house.social, house.audiences, silent)
    feed = Feed(stores, house.shown, house.relations, house.builder, clock=lambda: now_s)
    (ana, *_) = model.people
    await post(house, model, ana)
    for _ in range(5):
        assert [one.id for one in (await feed.page(ana, None, 5)).items] == model.feed(ana)
    asked = silent.asked
    now_s += SHUN_S
    await feed.page(ana, None, 5)

    assert (asked, silent.asked) == (1, 2)
