"""Contract of `Timelines`, on Redis."""

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
    """Return posts of few authors at few times, newest first."""
    rng = random.Random(seed)
    authors = sorted_random_ids(5)
    return newest_first(
        [
            PostKey(NOW_US + rng.randrange(time_range_us), random_id(), rng.choice(authors))
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


async def test_timeline_is_missing_until_built(timelines: RedisTimelines) -> None:
    """Neither before nor during a rebuild; built from nothing it exists and is empty."""
    ana = random_id()
    assert await timelines.read(ana, None, 10) is None
    token = await timelines.begin_rebuild(ana)
    assert await timelines.read(ana, None, 10) is None
    assert await timelines.finish_rebuild(ana, token, [], [], truncated=False)
    assert await timelines.read(ana, None, 10) == TimelinePage([], [], truncated=False)


async def test_timeline_is_read_as_built(timelines: RedisTimelines) -> None:
    """Newest first, whatever the input order; with broadcasters and whether older posts exist."""
    ana, keys, broadcast = random_id(), random_keys(20, time_range_us=4), sorted_random_ids(3)
    for cut in (False, True):
        token = await timelines.begin_rebuild(ana)
        shuffled = random.Random(1).sample(keys, 20)
        assert await timelines.finish_rebuild(ana, token, shuffled, broadcast, truncated=cut)
        assert await timelines.read(ana, None, 100) == TimelinePage(keys, broadcast, truncated=cut)
    assert await timelines.read(random_id(), None, 100) is None


async def test_finish_rebuild_needs_the_latest_token(timelines: RedisTimelines) -> None:
    """A wrong, older, foreign or used token has no effect."""
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


async def test_posts_pushed_during_a_rebuild_are_kept(timelines: RedisTimelines) -> None:
    """A post that is pushed and read is contained once."""
    ana, keys = random_id(), random_keys(4)
    await timelines.push(keys[0], [ana])
    token = await timelines.begin_rebuild(ana)
    await timelines.push(keys[1], [ana])
    await timelines.push(keys[2], [ana])
    assert await timelines.finish_rebuild(ana, token, keys[2:], [], truncated=False)
    assert await read_all(timelines, ana) == keys[1:]


async def test_push_reaches_only_cached_timelines(timelines: RedisTimelines) -> None:
    """Thousands in one call; a repeat changes nothing."""
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


async def test_invalidated_timelines_are_missing(timelines: RedisTimelines) -> None:
    """Others stay; later pushes do not restore them."""
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


async def test_invalidation_during_a_rebuild_cancels_it(timelines: RedisTimelines) -> None:
    """A follow created meanwhile would be missing."""
    ana = random_id()
    token = await timelines.begin_rebuild(ana)
    await timelines.invalidate([ana])
    assert not await timelines.finish_rebuild(ana, token, random_keys(3), [], truncated=False)
    assert await timelines.read(ana, None, 10) is None


async def test_restarted_rebuild_is_missing_until_finished(timelines: RedisTimelines) -> None:
    """Earlier content is not mixed in."""
    ana, keys = random_id(), random_keys(4)
    await build(timelines, ana, keys[:2], truncated=True)
    token = await timelines.begin_rebuild(ana)
    assert await timelines.read(ana, None, 10) is None
    assert await timelines.finish_rebuild(ana, token, keys[2:], [], truncated=False)
    assert await timelines.read(ana, None, 10) == TimelinePage(keys[2:], [], truncated=False)


async def test_only_the_newest_posts_are_kept(timelines: RedisTimelines) -> None:
    """After pushes and rebuilds; truncation is reported."""
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


async def test_pages_are_contiguous(timelines: RedisTimelines) -> None:
    """Also within one microsecond, from keys of no post, and under concurrent pushes."""
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


async def test_concurrent_pushes_during_a_rebuild_are_kept(timelines: RedisTimelines) -> None:
    """At whichever step they arrive."""
    ana, keys = random_id(), random_keys(60)
    token = await timelines.begin_rebuild(ana)
    pushes = [timelines.push(key, [ana]) for key in keys[:50]]
    done, *_ = await asyncio.gather(
        timelines.finish_rebuild(ana, token, keys[40:], [], truncated=False), *pushes
    )
    assert done
    assert await read_all(timelines, ana) == keys
