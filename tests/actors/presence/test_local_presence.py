"""The sessions of a user combined into one presence."""

import asyncio
from collections.abc import AsyncIterator, Sequence

import pytest

from actors.presence import local_presence
from actors.presence.local_presence import REFRESH_S, LocalPresence
from actors.presence.presence_service import PresenceService
from actors.presence.presence_subscriptions import PresenceSubscriptions
from actors.runtime.timer_wheel import TimerWheel
from config.limits import LAST_SEEN_RETENTION_S
from storage.memory.bus import MemoryBroker, MemoryBus
from tests.actors.presence.recording_stores import RecordingLastSeenStore, RecordingPresenceStore
from tests.until import until

ANA, BEN = "ana", "ben"
GRACE_S = 0.1


class PresenceSetup:
    def __init__(self) -> None:
        self.store = RecordingPresenceStore()
        self.last_seen = RecordingLastSeenStore()
        self.wheel = TimerWheel(asyncio.get_running_loop(), 0.01)
        self.local = LocalPresence(self.store, self.last_seen, self.wheel, "here", GRACE_S)


@pytest.fixture
async def presence() -> AsyncIterator[PresenceSetup]:
    presence = PresenceSetup()
    yield presence
    await presence.local.close()
    presence.wheel.close()


async def test_wait_published_returns_after_the_store_write(presence: PresenceSetup) -> None:
    """`wait_published` returns after the write; changes of one loop tick are written together."""
    presence.local.connect(ANA)
    presence.local.connect(BEN)
    await presence.local.wait_published(ANA)

    assert presence.store.published == [{ANA: "online", BEN: "online"}]


async def test_three_devices_are_one_presence(presence: PresenceSetup) -> None:
    """A user is away only when all devices are, and online when one returns."""
    phone, laptop, tablet = object(), object(), object()
    for _ in (phone, laptop, tablet):
        presence.local.connect(ANA)
    presence.local.set_away(ANA, phone, away=True)
    presence.local.set_away(ANA, laptop, away=True)
    assert presence.local.state(ANA) == "online"

    presence.local.set_away(ANA, tablet, away=True)
    assert presence.local.state(ANA) == "away"

    presence.local.set_away(ANA, phone, away=False)
    assert presence.local.state(ANA) == "online"

    presence.local.disconnect(ANA, phone)
    assert presence.local.state(ANA) == "online"
    await until(lambda: presence.local.state(ANA) == "away")


async def test_reconnect_within_grace_is_not_published(presence: PresenceSetup) -> None:
    """A reconnect within the grace period writes nothing."""
    presence.local.connect(ANA)
    await presence.local.wait_published(ANA)
    presence.local.disconnect(ANA, object())
    presence.local.connect(ANA)
    presence.local.connect(BEN)
    await presence.local.wait_published(BEN)
    await until(lambda: not len(presence.wheel))

    assert presence.store.published == [{ANA: "online"}, {BEN: "online"}]


async def test_user_is_offline_after_the_grace(presence: PresenceSetup) -> None:
    """After the grace period the state is removed and `last_seen` is saved."""
    presence.local.connect(ANA)
    await presence.local.wait_published(ANA)
    presence.local.disconnect(ANA, object())

    await until(lambda: presence.store.published[-1] == {ANA: None})
    assert presence.local.state(ANA) is None
    await until(lambda: ANA in presence.last_seen.saved and presence.last_seen.saved[ANA].status == "offline")


async def test_failed_publish_is_retried(presence: PresenceSetup) -> None:
    """Nothing waits for an unavailable store; the retry writes the current state."""
    presence.store.unavailable = True
    presence.local.connect(ANA)
    await presence.local.wait_published(ANA)
    presence.local.set_away(ANA, "phone", away=True)
    presence.store.unavailable = False

    await until(lambda: presence.store.states == {ANA: "away"})


async def test_republish_restores_a_lost_store(presence: PresenceSetup) -> None:
    """`republish` writes the states of all users again."""
    presence.local.connect(ANA)
    presence.local.connect(BEN)
    await presence.local.wait_published(BEN)
    presence.store.states.clear()

    presence.local.republish()

    await until(lambda: presence.store.states == {ANA: "online", BEN: "online"})


async def test_states_are_written_again_before_they_expire(
    presence: PresenceSetup, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A user who is connected for days, and changes nothing, stays online."""
    assert 2 * REFRESH_S < LAST_SEEN_RETENTION_S
    monkeypatch.setattr(local_presence, "REFRESH_S", 0.02)
    bus = MemoryBus(MemoryBroker())
    subscriptions = PresenceSubscriptions(
        presence.store, presence.last_seen, bus, presence.wheel, "here", bytes
    )

    async def see_all(_viewer_id: str, user_ids: Sequence[str]) -> set[str]:
        return set(user_ids)

    service = PresenceService(presence.local, subscriptions, see_all)
    service.start()
    presence.local.connect(ANA)
    await presence.local.wait_published(ANA)
    for _ in range(2):
        presence.store.states.clear()
        await until(lambda: presence.store.states == {ANA: "online"})
    await service.close()
