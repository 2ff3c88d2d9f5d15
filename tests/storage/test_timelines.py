"""The contract of the timelines on Redis: built, pushed to, paged and dropped."""

import asyncio
import random
from collections.abc import AsyncIterator, Sequence

import pytest

from config.limits import TIMELINE_POSTS
from storage.contracts.posts import PostKey
from storage.contracts.timelines import TimelinePage
from storage.embedded import StoreUrls
from storage.redis.timelines import RedisTimelines
from tests.storage.service_database import random_id, sorted_random_ids

NOW_US = 1_800_000_000_000_000


@pytest.fixture
async def timelines(stores: StoreUrls) -> AsyncIterator[RedisTimelines]:
    """On the run's own server."""
    made = await RedisTimelines.open(stores.redis)
    yield made
    await made.close()


def newest_first(keys: Sequence[PostKey]) -> list[PostKey]:
    return sorted(keys, key=lambda key: (key.created_us, key.id), reverse=True)


def random_keys(count: int, time_range_us: int = 10**6, seed: int = 0) -> list[PostKey]:
    """Posts of a few authors at few moments, the newest first."""
    chance = random.Random(seed)
    authors = sorted_random_ids(5)
    return newest_first(
        [
            PostKey(NOW_US + chance.randrange(time_range_us), random_id(), chance.choice(authors))
            for _ in range(count)
        ]
    )


async def build(
    timelines: RedisTimelines, user: str, keys: Sequence[PostKey] = (), *, truncated: bool = False
) -> None:
    assert await timelines.finish_rebuild(
        user, await timelines.begin_rebuild(user), keys, (), truncated=truncated
    )


async def read_all(timelines: RedisTimelines, user: str) -> list[PostKey]:
    page = await timelines.read(user, None, TIMELINE_POSTS * 2)
    assert page is not None
    return page.keys


async def test_nothing_is_read_until_it_is_built(timelines: RedisTimelines) -> None:
    """Neither before it was begun nor before it was finished; built of nothing it is there and empty."""
    ana = random_id()
    assert await timelines.read(ana, None, 10) is None
    token = await timelines.begin_rebuild(ana)
    assert await timelines.read(ana, None, 10) is None
    assert await timelines.finish_rebuild(ana, token, [], [], truncated=False)
    assert await timelines.read(ana, None, 10) == TimelinePage([], [], truncated=False)


async def test_timeline_is_read_as_it_was_put_in(timelines: RedisTimelines) -> None:
    """Posts newest first, whatever their order was; broadcasters, and whether there are older ones."""
    ana, keys, broadcast = random_id(), random_keys(20, time_range_us=4), sorted_random_ids(3)
    for cut in (False, True):
        token = await timelines.begin_rebuild(ana)
        shuffled = random.Random(1).sample(keys, 20)
        assert await timelines.finish_rebuild(ana, token, shuffled, broadcast, truncated=cut)
        assert await timelines.read(ana, None, 100) == TimelinePage(keys, broadcast, truncated=cut)
    assert await timelines.read(random_id(), None, 100) is None


async def test_finish_needs_the_latest_token(timelines: RedisTimelines) -> None:
    """Nothing happens with a wrong one, one of an earlier begin, one of somebody else, or twice."""
    ana, ben = sorted_random_ids(2)
    first, second = await timelines.begin_rebuild(ana), await timelines.begin_rebuild(ana)
    for token in (first, await timelines.begin_rebuild(ben), ""):
        assert not await timelines.finish_rebuild(ana, token, random_keys(1), [], truncated=False)
        assert await timelines.read(ana, None, 10) is None
    keys = random_keys(2)
    assert await timelines.finish_rebuild(ana, second, keys, [], truncated=False)
    assert not await timelines.finish_rebuild(ana, second, random_keys(1), [ben], truncated=True)
    assert not await timelines.finish_rebuild(random_id(), second, [], [], truncated=False)
    assert await timelines.read(ana, None, 10) == TimelinePage(keys, [], truncated=False)


async def test_posts_pushed_while_it_is_built_are_kept(timelines: RedisTimelines) -> None:
    """Beside what was read meanwhile; a post that comes both ways is there once."""
    ana, keys = random_id(), random_keys(4)
    await timelines.push(keys[0], [ana])
    token = await timelines.begin_rebuild(ana)
    await timelines.push(keys[1], [ana])
    await timelines.push(keys[2], [ana])
    assert await timelines.finish_rebuild(ana, token, keys[2:], [], truncated=False)
    assert await read_all(timelines, ana) == keys[1:]


async def test_posts_pushed_go_to_kept_timelines_alone(timelines: RedisTimelines) -> None:
    """Thousands in one call; whoever has none gets none; a repeat changes nothing."""
    people = sorted_random_ids(2500)
    kept = people[::500]
    for one in kept:
        await build(timelines, one)
    (key,) = random_keys(1)
    for _ in range(2):
        await timelines.push(key, people)
    for one in kept:
        assert await read_all(timelines, one) == [key]
    assert await timelines.read(people[1], None, 10) is None
    await timelines.push(key, [])


async def test_dropped_timelines_are_missing(timelines: RedisTimelines) -> None:
    """Those alone; what is pushed afterwards does not bring them back."""
    ana, ben = sorted_random_ids(2)
    (key,) = random_keys(1)
    for one in (ana, ben):
        await build(timelines, one, [key])
    await timelines.invalidate([ana, random_id()])
    await timelines.push(key, [ana, ben])
    assert await timelines.read(ana, None, 10) is None
    assert await read_all(timelines, ben) == [key]
    await timelines.invalidate([])
    await build(timelines, ana)
    assert await read_all(timelines, ana) == []


async def test_drop_while_it_is_built_makes_what_was_read_worthless(timelines: RedisTimelines) -> None:
    """A follow that came meanwhile is not in it, so it is built again."""
    ana = random_id()
    token = await timelines.begin_rebuild(ana)
    await timelines.invalidate([ana])
    assert not await timelines.finish_rebuild(ana, token, random_keys(3), [], truncated=False)
    assert await timelines.read(ana, None, 10) is None


async def test_begun_again_it_is_missing_until_it_is_finished(timelines: RedisTimelines) -> None:
    """What was there before does not mix with what comes."""
    ana, keys = random_id(), random_keys(4)
    await build(timelines, ana, keys[:2], truncated=True)
    token = await timelines.begin_rebuild(ana)
    assert await timelines.read(ana, None, 10) is None
    assert await timelines.finish_rebuild(ana, token, keys[2:], [], truncated=False)
    assert await timelines.read(ana, None, 10) == TimelinePage(keys[2:], [], truncated=False)


async def test_only_the_newest_posts_are_kept(timelines: RedisTimelines) -> None:
    """By pushing and by building alike; and that it was cut is said."""
    ana, ben, keys = random_id(), random_id(), random_keys(TIMELINE_POSTS + 3)
    await build(timelines, ana, keys)
    assert await timelines.read(ana, None, 2000) == TimelinePage(keys[:TIMELINE_POSTS], [], truncated=True)
    await build(timelines, ben, keys[3:])
    assert await timelines.read(ben, None, 2000) == TimelinePage(keys[3:], [], truncated=False)
    await timelines.push(keys[1], [ben])
    expected = [keys[1], *keys[3 : TIMELINE_POSTS + 2]]
    assert await timelines.read(ben, None, 2000) == TimelinePage(expected, [], truncated=True)
    old = PostKey(1, random_id(), random_id())
    await timelines.push(old, [ben])
    assert await read_all(timelines, ben) == expected


async def test_pages_by_key_join_exactly(timelines: RedisTimelines) -> None:
    """Also within one microsecond, from places that are no post's, and while newer ones are pushed."""
    ana, keys = random_id(), random_keys(60, time_range_us=5)
    await build(timelines, ana, keys)
    for limit in (1, 7, 100):
        seen: list[PostKey] = []
        page = await timelines.read(ana, None, limit)
        while page is not None and page.keys:
            assert len(page.keys) <= limit
            seen += page.keys
            await timelines.push(PostKey(NOW_US + 10**7 + len(seen), random_id(), random_id()), [ana])
            page = await timelines.read(ana, seen[-1], limit)
        assert [key for key in seen if key.created_us < NOW_US + 10**6] == keys
        await build(timelines, ana, keys)
    for place in [*random_keys(20, time_range_us=5, seed=1), PostKey(0, random_id(), random_id())]:
        page = await timelines.read(ana, place, 100)
        assert page is not None
        assert page.keys == [key for key in keys if (key.created_us, key.id) < (place.created_us, place.id)]


async def test_many_pushes_beside_building_are_all_kept(timelines: RedisTimelines) -> None:
    """Whichever step they meet."""
    ana, keys = random_id(), random_keys(60)
    token = await timelines.begin_rebuild(ana)
    pushes = [timelines.push(key, [ana]) for key in keys[:50]]
    done, *_ = await asyncio.gather(
        timelines.finish_rebuild(ana, token, keys[40:], [], truncated=False), *pushes
    )
    assert done
    assert await read_all(timelines, ana) == keys
