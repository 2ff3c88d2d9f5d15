"""Contracts of `PresenceStore` and `LastSeenStore`."""

import asyncio
import uuid
from collections.abc import AsyncIterator

import pytest

from config import limits
from storage.contracts.bus import Bus, presence_topic
from storage.contracts.presence import LastSeen
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
    opened = await RedisBus.open(stores.redis, queued_messages_max=100)
    yield opened
    await opened.close()


async def get_states(board: RedisPresence, *user_ids: str) -> list[str]:
    return [one.status for one in await board.get(user_ids)]


async def test_unknown_user_is_offline(board: RedisPresence) -> None:
    """A user without an entry is offline."""
    assert await get_states(board, random_name(), random_name()) == ["offline", "offline"]


async def test_online_on_any_instance_is_online(board: RedisPresence) -> None:
    """Away only if all entries are away."""
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
    """An instance that stops renewing loses its users and is no longer listed."""
    monkeypatch.setattr(presence, "PRESENCE_LEASE_MS", 60)
    ana, stopped, running = random_name(), random_name(), random_name()
    await board.renew_lease(stopped)
    await board.set_states(stopped, {ana: "online"})
    assert await get_states(board, ana) == ["online"]

    async with asyncio.timeout(5.0):
        while await get_states(board, ana) != ["offline"]:  # noqa: ASYNC110 - the server's clock decides
            await asyncio.sleep(0)
    monkeypatch.setattr(presence, "PRESENCE_LEASE_MS", limits.PRESENCE_LEASE_MS)
    assert running in (await board.renew_lease(running)).instances


async def test_renewal_reports_an_expired_lease(
    board: RedisPresence, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first renewal, and one after the lease expired; not one in time."""
    instance = random_name()
    assert (await board.renew_lease(instance)).had_lapsed
    assert not (await board.renew_lease(instance)).had_lapsed

    monkeypatch.setattr(presence, "PRESENCE_LEASE_MS", 60)
    ana = random_name()
    await board.renew_lease(instance)
    await board.set_states(instance, {ana: "online"})
    async with asyncio.timeout(5.0):
        while await get_states(board, ana) != ["offline"]:  # noqa: ASYNC110 - the server's clock decides
            await asyncio.sleep(0)
    assert (await board.renew_lease(instance)).had_lapsed


async def test_users_of_a_dead_instance_are_returned_once(
    board: RedisPresence, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of two concurrent removals one gets the users; a live instance is not removed."""
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


async def test_entries_of_expired_instances_do_not_accumulate(
    board: RedisPresence, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a stop of all instances no other one removes them, and the user connects again every day."""
    ana, ben, running = random_name(), random_name(), random_name()
    await board.renew_lease(running)
    await board.set_states(running, {ben: "online"})
    monkeypatch.setattr(presence, "PRESENCE_LEASE_MS", 1)
    for _ in range(3):
        stopped = random_name()
        await board.renew_lease(stopped)
        await board.set_states(stopped, {ana: "online", ben: "online"})
        async with asyncio.timeout(5.0):
            while await get_states(board, ana) != ["offline"]:  # noqa: ASYNC110 - the server's clock decides
                await asyncio.sleep(0)
    await board.set_states(running, {ana: "away"})

    assert await board._client.execute("HKEYS", f"{presence.KEY}:user:{ana}") == [running.encode()]
    assert await get_states(board, ana, ben) == ["away", "online"]


async def test_subscribers_are_notified_of_every_change(board: RedisPresence, bus: Bus) -> None:
    """On the user's presence topic, without content."""
    ana, instance = random_name(), random_name()
    received: list[tuple[str, bytes]] = []
    bus.set_message_callback(lambda topic, frame: received.append((topic, frame)))
    await bus.subscribe([presence_topic(ana)])
    await board.renew_lease(instance)

    await board.set_states(instance, {ana: "online", random_name(): "online"})

    await until(lambda: received)
    assert received == [(presence_topic(ana), b"")]


async def test_later_last_seen_time_wins(stores: StoreUrls) -> None:
    """Times arrive in any order."""
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
