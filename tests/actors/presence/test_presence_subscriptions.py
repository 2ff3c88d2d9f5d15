"""Who is told of whom: only those who watch, only what is news."""

import asyncio
from collections.abc import AsyncIterator

import msgspec
import pytest

from actors.presence import presence_subscriptions
from actors.presence.presence_subscriptions import PresenceSubscriptions
from actors.protocol.presence import PresenceChanged
from actors.runtime.timer_wheel import TimerWheel
from storage.memory.bus import MemoryBroker, MemoryBus
from tests.actors.presence.recording_stores import RecordingLastSeenStore, RecordingPresenceStore
from tests.until import until

ANA, BEN, CYD = "ana", "ben", "cyd"


class RecordingWatcher:
    """A `Watcher`."""

    def __init__(self, user_id: str = "eve") -> None:
        self.user_id = user_id
        self.statuses: list[dict[str, str]] = []
        self.frames: list[bytes] = []

    def push_ephemeral(self, framed: bytes) -> None:
        self.frames.append(framed)
        frame = msgspec.json.decode(framed, type=PresenceChanged)
        self.statuses.append({one.user_id: one.status for one in frame.presences})


class PresenceSetup:
    def __init__(self) -> None:
        self.store = RecordingPresenceStore()
        self.last_seen = RecordingLastSeenStore()
        self.wheel = TimerWheel(asyncio.get_running_loop(), 0.01)
        self.bus = MemoryBus(MemoryBroker())
        self.subscriptions = PresenceSubscriptions(
            self.store, self.last_seen, self.bus, self.wheel, "here", bytes
        )


@pytest.fixture
async def presence(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[PresenceSetup]:
    monkeypatch.setattr(presence_subscriptions, "COALESCE_DELAY_S", 0.02)
    monkeypatch.setattr(presence_subscriptions, "LEASE_RENEWAL_S", 0.02)
    house = PresenceSetup()
    yield house
    await house.subscriptions.close()
    house.wheel.close()


async def test_watch_returns_statuses_then_pushes_changes(presence: PresenceSetup) -> None:
    """Changes within a moment come as one frame; what is the same is not told."""
    presence.store.states[ANA] = "online"
    eye = RecordingWatcher()
    found = await presence.subscriptions.watch(eye, [ANA, BEN, CYD])
    assert [one.status for one in found] == ["online", "offline", "offline"]

    presence.store.states.update({BEN: "away", CYD: "online"})
    for one in (ANA, BEN, CYD):
        presence.subscriptions.mark_changed(one)

    await until(lambda: eye.statuses)
    assert eye.statuses == [{BEN: "away", CYD: "online"}]


async def test_frame_for_equal_watch_lists_is_encoded_once(presence: PresenceSetup) -> None:
    """However many watch the same people; who watches others as well gets a frame of their own."""
    eyes, other = [RecordingWatcher() for _ in range(5)], RecordingWatcher()
    for eye in eyes:
        await presence.subscriptions.watch(eye, [ANA])
    await presence.subscriptions.watch(other, [ANA, BEN])
    presence.store.states.update({ANA: "online", BEN: "online"})
    for one in (ANA, BEN):
        presence.subscriptions.mark_changed(one)

    await until(lambda: other.statuses and all(eye.statuses for eye in eyes))
    assert len({id(eye.frames[0]) for eye in eyes}) == 1
    assert [eye.statuses for eye in eyes] == [[{ANA: "online"}]] * 5
    assert other.statuses == [{ANA: "online", BEN: "online"}]


async def test_watch_replaces_the_previous_list(presence: PresenceSetup) -> None:
    """Of whom is no longer watched nothing is told, and nobody listens for them any more."""
    eye = RecordingWatcher()
    await presence.subscriptions.watch(eye, [ANA])
    await presence.subscriptions.watch(eye, [BEN])
    presence.store.states.update({ANA: "online", BEN: "online"})
    presence.subscriptions.mark_changed(ANA)
    presence.subscriptions.mark_changed(BEN)

    await until(lambda: eye.statuses)
    assert eye.statuses == [{BEN: "online"}]
    assert presence.bus.statistics().topics == 1


async def test_block_ends_watching_both_ways(presence: PresenceSetup) -> None:
    """From a block on neither is told of the other; what else they watch stays."""
    ana, ben, cyd = RecordingWatcher(ANA), RecordingWatcher(BEN), RecordingWatcher(CYD)
    await presence.subscriptions.watch(ana, [BEN, CYD])
    await presence.subscriptions.watch(ben, [ANA])
    await presence.subscriptions.watch(cyd, [ANA, BEN])

    presence.subscriptions.unwatch_blocked(ANA, BEN)
    presence.store.states.update({ANA: "online", BEN: "online", CYD: "online"})
    for one in (ANA, BEN, CYD):
        presence.subscriptions.mark_changed(one)

    await until(lambda: ana.statuses and cyd.statuses)
    assert ana.statuses == [{CYD: "online"}]
    assert cyd.statuses == [{ANA: "online", BEN: "online"}]
    assert ben.statuses == []
    presence.subscriptions.unwatch(ana)


async def test_unwatch_stops_pushes_and_unsubscribes(presence: PresenceSetup) -> None:
    """A watcher that is gone leaves nothing behind."""
    eye, other = RecordingWatcher(), RecordingWatcher()
    await presence.subscriptions.watch(eye, [ANA])
    await presence.subscriptions.watch(other, [ANA])
    presence.subscriptions.unwatch(eye)
    presence.store.states[ANA] = "online"
    presence.subscriptions.mark_changed(ANA)

    await until(lambda: other.statuses)
    assert eye.statuses == []
    presence.subscriptions.unwatch(other)
    assert presence.bus.statistics().topics == 0


async def test_dead_instance_users_go_offline_once(presence: PresenceSetup) -> None:
    """When a lease is missed, all who are watched are looked at, and the dead one's people are noted."""
    presence.store.live_instances = ["here", "there"]
    presence.store.states.update({ANA: "online", BEN: "online"})
    eye = RecordingWatcher()
    await presence.subscriptions.watch(eye, [ANA, BEN])
    presence.subscriptions.start()
    await until(lambda: presence.subscriptions.live_instances == {"here", "there"})
    presence.store.orphaned_user_ids = [ANA]
    del presence.store.states[ANA]

    presence.store.live_instances = ["here"]

    await until(lambda: eye.statuses)
    await until(lambda: ANA in presence.last_seen.saved)
    assert eye.statuses == [{ANA: "offline"}]
    assert presence.last_seen.saved[ANA].status == "offline"


async def test_lease_lapse_republishes_and_rechecks(presence: PresenceSetup) -> None:
    """After a lapse the own people are said anew, and those who are watched are looked at."""
    lapses: list[None] = []
    presence.subscriptions.on_lease_lapsed = lambda: lapses.append(None)
    eye = RecordingWatcher()
    await presence.subscriptions.watch(eye, [ANA])
    presence.subscriptions.start()
    await until(lambda: presence.subscriptions.live_instances)
    presence.store.unavailable = True
    await until(lambda: presence.subscriptions.lease_renewal_failed)
    presence.store.states[ANA] = "online"
    presence.store.unavailable = False

    await until(lambda: eye.statuses)
    assert eye.statuses == [{ANA: "online"}]
    assert lapses == [None]
