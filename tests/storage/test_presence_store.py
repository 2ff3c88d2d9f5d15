"""The contract of the presence board, on Valkey; and of the store of when people were seen last."""

import asyncio
import uuid
from collections.abc import AsyncIterator

import pytest

from config import limits
from storage.contracts.bus import Bus
from storage.contracts.presence import LastSeen, presence_topic
from storage.embedded import StoreUrls
from storage.mongo.messaging import MongoMessaging
from storage.redis import presence
from storage.redis.bus import RedisBus
from storage.redis.presence import RedisPresence
from tests.until import until


def random_name() -> str:
    return str(uuid.uuid4())


@pytest.fixture
async def board(stores: StoreUrls) -> AsyncIterator[RedisPresence]:
    opened = await RedisPresence.open(stores.redis)
    yield opened
    await opened.close()


@pytest.fixture
async def bus(stores: StoreUrls) -> AsyncIterator[Bus]:
    opened = await RedisBus.open(stores.redis, queue_frames=100)
    yield opened
    await opened.close()


async def get_states(board: RedisPresence, *user_ids: str) -> list[str]:
    return [one.status for one in await board.get(user_ids)]


async def test_nobody_is_there_of_whom_nobody_says_so(board: RedisPresence) -> None:
    """Who was never told of is offline."""
    assert await get_states(board, random_name(), random_name()) == ["offline", "offline"]


async def test_somebody_is_as_the_most_present_instance_says(board: RedisPresence) -> None:
    """Online anywhere is online; away only where all that say anything say away."""
    ana, one, other = random_name(), random_name(), random_name()
    await board.renew_lease(one)
    await board.renew_lease(other)
    await board.set_states(one, {ana: "away"})
    assert await get_states(board, ana) == ["away"]

    await board.set_states(other, {ana: "online"})
    assert await get_states(board, ana) == ["online"]

    await board.set_states(other, {ana: None})
    assert await get_states(board, ana) == ["away"]

    await board.set_states(one, {ana: None})
    assert await get_states(board, ana) == ["offline"]


async def test_entries_without_a_lease_do_not_count(
    board: RedisPresence, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An instance that stops beating takes its people along, and is no longer among the living."""
    monkeypatch.setattr(presence, "PRESENCE_LEASE_MS", 60)
    ana, dead, living = random_name(), random_name(), random_name()
    await board.renew_lease(dead)
    await board.set_states(dead, {ana: "online"})
    assert await get_states(board, ana) == ["online"]

    async with asyncio.timeout(5.0):
        while await get_states(board, ana) != ["offline"]:  # noqa: ASYNC110 - the server's clock decides
            await asyncio.sleep(0)
    monkeypatch.setattr(presence, "PRESENCE_LEASE_MS", limits.PRESENCE_LEASE_MS)
    assert living in await board.renew_lease(living)


async def test_what_a_dead_instance_left_is_given_out_once(
    board: RedisPresence, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of two who bury an instance only one gets its people; a living one is not buried."""
    ana, ben, instance = random_name(), random_name(), random_name()
    await board.renew_lease(instance)
    await board.set_states(instance, {ana: "online", ben: "away"})
    assert await board.remove_instance(instance) == []
    monkeypatch.setattr(presence, "PRESENCE_LEASE_MS", 1)
    await board.renew_lease(instance)
    async with asyncio.timeout(5.0):
        while await get_states(board, ana) != ["offline"]:  # noqa: ASYNC110 - the server's clock decides
            await asyncio.sleep(0)

    left = [await board.remove_instance(instance), await board.remove_instance(instance)]

    assert sorted(left[0]) == sorted([ana, ben])
    assert left[1] == []


async def test_watchers_hear_that_there_is_something_to_look_at(board: RedisPresence, bus: Bus) -> None:
    """Every word about somebody is told on their topic, without saying what it was."""
    ana, instance = random_name(), random_name()
    heard: list[tuple[str, bytes]] = []
    bus.on_frame(lambda topic, frame: heard.append((topic, frame)))
    await bus.subscribe([presence_topic(ana)])
    await board.renew_lease(instance)

    await board.set_states(instance, {ana: "online", random_name(): "online"})

    await until(lambda: heard)
    assert heard == [(presence_topic(ana), b"")]


async def test_the_later_moment_of_having_been_seen_stays(stores: StoreUrls) -> None:
    """Moments come late and in any order; nobody is seen earlier than before."""
    messaging = await MongoMessaging.open(stores.mongo)
    ana, ben = random_name(), random_name()
    try:
        await messaging.last_seen.save_last_seen(
            [LastSeen(ana, "online", 2_000), LastSeen(ben, "online", 500)]
        )
        await messaging.last_seen.save_last_seen([LastSeen(ana, "offline", 1_000)])

        assert await messaging.last_seen.get_last_seen([ana, ben, random_name()]) == {ana: 2_000, ben: 500}
    finally:
        await asyncio.to_thread(messaging.close)
