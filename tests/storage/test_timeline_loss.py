"""Timelines on a server that is emptied, restarted or short of memory: losses are detected."""

import asyncio
import time
from collections.abc import AsyncIterator

import pytest

from config.limits import TIMELINE_RETENTION_S
from storage.contracts.timelines import TimelinePage
from storage.errors import Unavailable
from storage.redis.timelines import KEY, REBUILD_TIMEOUT_S, RedisTimelines
from tests.storage.bus_cluster import SHORT_TIMEOUTS
from tests.storage.service_database import random_id, sorted_random_ids
from tests.storage.test_timelines import build, random_keys, read_all
from tests.storage.valkey_server import ValkeyServer


@pytest.fixture
async def restartable_timelines(server: ValkeyServer) -> AsyncIterator[RedisTimelines]:
    """Timelines on that server."""
    made = await RedisTimelines.open(server.url, timeouts=SHORT_TIMEOUTS)
    yield made
    await made.close()


async def test_emptied_server_has_no_timelines(
    server: ValkeyServer, restartable_timelines: RedisTimelines
) -> None:
    """Neither built nor in progress; lost scripts are sent again."""
    ana, ben = sorted_random_ids(2)
    await build(restartable_timelines, ana, random_keys(2))
    token = await restartable_timelines.begin_rebuild(ben)
    with server.client() as client:
        client.flushall()
        client.script_flush()
    assert await restartable_timelines.read(ana, None, 10) is None
    assert not await restartable_timelines.finish_rebuild(ben, token, random_keys(1), [], truncated=False)
    await build(restartable_timelines, ana)
    assert await read_all(restartable_timelines, ana) == []


async def test_restarted_server_has_no_timelines(
    server: ValkeyServer, restartable_timelines: RedisTimelines
) -> None:
    """Although its files restore the data, which may lack the last second."""
    ana, ben, keys = random_id(), random_id(), random_keys(2)
    await build(restartable_timelines, ana, keys)
    token = await restartable_timelines.begin_rebuild(ben)
    with server.client() as client:
        client.set("last", 1)
        client.execute_command("WAITAOF", 1, 0, 5000)
    server.kill()
    with pytest.raises(Unavailable):
        await restartable_timelines.read(ana, None, 10)
    server.start()
    with server.client() as client:
        assert len(list(client.scan_iter(f"{KEY}:*"))) == 3
    deadline = time.monotonic() + 5
    page: TimelinePage | str | None = "unavailable"
    while page == "unavailable":
        assert time.monotonic() < deadline
        try:
            page = await restartable_timelines.read(ana, None, 10)
        except Unavailable:
            await asyncio.sleep(0)
    assert page is None
    assert not await restartable_timelines.finish_rebuild(ben, token, keys, [], truncated=False)
    await restartable_timelines.push(keys[0], [ana])
    assert await restartable_timelines.read(ana, None, 10) is None


async def test_partly_evicted_timeline_is_missing(
    server: ValkeyServer, restartable_timelines: RedisTimelines
) -> None:
    """If a server short of memory evicted the state, the timeline is rebuilt."""
    ana, keys = random_id(), random_keys(2)
    await build(restartable_timelines, ana, keys)
    with server.client() as client:
        (about,) = list(client.scan_iter(f"{KEY}:*:a:{ana}"))
        client.delete(about)
    assert await restartable_timelines.read(ana, None, 10) is None
    await restartable_timelines.push(keys[0], [ana])
    await build(restartable_timelines, ana)
    assert await read_all(restartable_timelines, ana) == []


async def test_every_key_expires(server: ValkeyServer, restartable_timelines: RedisTimelines) -> None:
    """Rebuilds in progress soon, unread timelines after the retention time."""
    ana, ben = sorted_random_ids(2)
    (key,) = random_keys(1)
    await restartable_timelines.begin_rebuild(ana)
    with server.client() as client:
        assert [
            REBUILD_TIMEOUT_S - 10 < client.ttl(one) <= REBUILD_TIMEOUT_S for one in client.scan_iter()
        ] == [True]
        await restartable_timelines.push(key, [ana])
        await build(restartable_timelines, ben)
        await restartable_timelines.push(key, [ben])
        await restartable_timelines.read(ben, None, 1)
        kept = [one for one in client.scan_iter() if ben in one]
        assert len(kept) == 2
        assert all(TIMELINE_RETENTION_S - 60 < client.ttl(one) <= TIMELINE_RETENTION_S for one in kept)
        assert all(client.ttl(one) > 0 for one in client.scan_iter())


async def test_timeline_with_evicted_posts_is_missing(
    server: ValkeyServer, restartable_timelines: RedisTimelines
) -> None:
    """It is not read as empty."""
    ana, ben, cai, keys = random_id(), random_id(), random_id(), random_keys(2)
    await build(restartable_timelines, ana, keys)
    await build(restartable_timelines, ben)
    await restartable_timelines.push(keys[0], [ben])
    await build(restartable_timelines, cai)
    with server.client() as client:
        for one in list(client.scan_iter(f"{KEY}:*:p:*")):
            client.delete(one)
    assert await restartable_timelines.read(ana, None, 10) is None
    assert await restartable_timelines.read(ben, None, 10) is None
    assert await read_all(restartable_timelines, cai) == []
    await restartable_timelines.push(keys[1], [ana])
    assert await restartable_timelines.read(ana, None, 10) is None
