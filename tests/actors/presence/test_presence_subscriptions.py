"""Presence subscriptions: watchers receive only changes of the users they watch."""

import asyncio
import logging
from collections.abc import AsyncIterator, Sequence

import msgspec
import pytest

from actors.presence import presence_subscriptions
from actors.presence.local_presence import LocalPresence
from actors.presence.presence_service import PresenceService
from actors.presence.presence_subscriptions import PresenceSubscriptions
from actors.protocol.presence import PresenceChanged
from actors.runtime.timer_wheel import TimerWheel
from storage.contracts.presence import LastSeen, LeaseRenewal
from storage.errors import Unavailable
from storage.memory.bus import MemoryBroker, MemoryBus
from tests.actors.presence.recording_stores import RecordingLastSeenStore, RecordingPresenceStore
from tests.until import until

ANA, BEN, CYD = "ana", "ben", "cyd"


class RecordingWatcher:
    """A `Watcher` that records its frames."""

    def __init__(self, user_id: str = "eve") -> None:
        self.user_id = user_id
        self.statuses: list[dict[str, str]] = []
        self.frames: list[bytes] = []

    def push_ephemeral(self, framed: bytes) -> None:
        self.frames.append(framed)
        frame = msgspec.json.decode(framed, type=PresenceChanged)
        self.statuses.append({presence.user_id: presence.status for presence in frame.presences})


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
    presence = PresenceSetup()
    yield presence
    await presence.subscriptions.close()
    presence.wheel.close()


async def test_watch_returns_statuses_then_pushes_changes(presence: PresenceSetup) -> None:
    """Coalesced changes are one frame; unchanged statuses are not sent."""
    presence.store.states[ANA] = "online"
    watcher = RecordingWatcher()
    presences = await presence.subscriptions.watch(watcher, [ANA, BEN, CYD])
    assert [record.status for record in presences] == ["online", "offline", "offline"]

    presence.store.states.update({BEN: "away", CYD: "online"})
    for user_id in (ANA, BEN, CYD):
        presence.subscriptions.mark_changed(user_id)

    await until(lambda: watcher.statuses)
    assert watcher.statuses == [{BEN: "away", CYD: "online"}]


async def test_frame_for_equal_watch_lists_is_encoded_once(presence: PresenceSetup) -> None:
    """Watchers of the same users share one encoded frame; other watchers get their own."""
    watchers, other = [RecordingWatcher() for _ in range(5)], RecordingWatcher()
    for watcher in watchers:
        await presence.subscriptions.watch(watcher, [ANA])
    await presence.subscriptions.watch(other, [ANA, BEN])
    presence.store.states.update({ANA: "online", BEN: "online"})
    for user_id in (ANA, BEN):
        presence.subscriptions.mark_changed(user_id)

    await until(lambda: other.statuses and all(watcher.statuses for watcher in watchers))
    assert len({id(watcher.frames[0]) for watcher in watchers}) == 1
    assert [watcher.statuses for watcher in watchers] == [[{ANA: "online"}]] * 5
    assert other.statuses == [{ANA: "online", BEN: "online"}]


async def test_later_watcher_does_not_hide_a_change_from_the_first(presence: PresenceSetup) -> None:
    """The second one reads the change before it is pushed: both know it then, and the next one."""
    first, second = RecordingWatcher(), RecordingWatcher()
    await presence.subscriptions.watch(first, [ANA])
    presence.store.states[ANA] = "online"
    presence.subscriptions.mark_changed(ANA)
    (answer,) = await presence.subscriptions.watch(second, [ANA])
    assert answer.status == "online"
    await until(lambda: first.statuses)
    presence.store.states[ANA] = "away"
    presence.subscriptions.mark_changed(ANA)

    await until(lambda: {ANA: "away"} in first.statuses and {ANA: "away"} in second.statuses)
    assert first.statuses == [{ANA: "online"}, {ANA: "away"}]


async def test_watch_replaces_the_previous_list(presence: PresenceSetup) -> None:
    """Users no longer watched are not pushed, and their topics are unsubscribed."""
    watcher = RecordingWatcher()
    await presence.subscriptions.watch(watcher, [ANA])
    await presence.subscriptions.watch(watcher, [BEN])
    presence.store.states.update({ANA: "online", BEN: "online"})
    presence.subscriptions.mark_changed(ANA)
    presence.subscriptions.mark_changed(BEN)

    await until(lambda: watcher.statuses)
    assert watcher.statuses == [{BEN: "online"}]
    assert presence.bus.statistics().topics == 1


async def test_slow_lookup_does_not_replace_a_later_list(presence: PresenceSetup) -> None:
    """Who is visible is found out later for the first list than for the second, which stays."""
    may_find = {ANA: asyncio.Event(), BEN: asyncio.Event()}

    async def find_visible(_viewer_id: str, user_ids: Sequence[str]) -> set[str]:
        await may_find[user_ids[0]].wait()
        return set(user_ids)

    local = LocalPresence(presence.store, presence.last_seen, presence.wheel, "here", 1.0)
    service = PresenceService(local, presence.subscriptions, find_visible)
    watcher, gone = RecordingWatcher(), RecordingWatcher()
    first = asyncio.create_task(service.watch(watcher, watcher.user_id, [ANA]))
    second = asyncio.create_task(service.watch(watcher, watcher.user_id, [BEN]))
    closed = asyncio.create_task(service.watch(gone, gone.user_id, [ANA]))
    await asyncio.sleep(0)
    presence.subscriptions.unwatch(gone)
    may_find[BEN].set()
    await second
    may_find[ANA].set()
    assert [one.user_id for one in [*await first, *await closed]] == [ANA, ANA]

    presence.store.states.update({ANA: "online", BEN: "online"})
    presence.subscriptions.mark_changed(ANA)
    presence.subscriptions.mark_changed(BEN)
    await until(lambda: watcher.statuses)
    assert watcher.statuses == [{BEN: "online"}]
    assert presence.bus.statistics().topics == 1


async def test_block_ends_watching_both_ways(presence: PresenceSetup) -> None:
    """A block ends watching in both directions; other watches stay."""
    ana, ben, cyd = RecordingWatcher(ANA), RecordingWatcher(BEN), RecordingWatcher(CYD)
    await presence.subscriptions.watch(ana, [BEN, CYD])
    await presence.subscriptions.watch(ben, [ANA])
    await presence.subscriptions.watch(cyd, [ANA, BEN])

    presence.subscriptions.unwatch_between(ANA, BEN)
    presence.store.states.update({ANA: "online", BEN: "online", CYD: "online"})
    for user_id in (ANA, BEN, CYD):
        presence.subscriptions.mark_changed(user_id)

    await until(lambda: ana.statuses and cyd.statuses)
    assert ana.statuses == [{CYD: "online"}]
    assert cyd.statuses == [{ANA: "online", BEN: "online"}]
    assert ben.statuses == []
    presence.subscriptions.unwatch(ana)


async def test_unwatch_stops_pushes_and_unsubscribes(presence: PresenceSetup) -> None:
    """`unwatch` removes the watcher and its topics."""
    watcher, other = RecordingWatcher(), RecordingWatcher()
    await presence.subscriptions.watch(watcher, [ANA])
    await presence.subscriptions.watch(other, [ANA])
    presence.subscriptions.unwatch(watcher)
    presence.store.states[ANA] = "online"
    presence.subscriptions.mark_changed(ANA)

    await until(lambda: other.statuses)
    assert watcher.statuses == []
    presence.subscriptions.unwatch(other)
    assert presence.bus.statistics().topics == 0


async def test_dead_instance_users_go_offline_once(presence: PresenceSetup) -> None:
    """An expired lease rechecks all watched users and saves `last_seen` of the instance's users."""
    presence.store.live_instances = ["here", "there"]
    presence.store.states.update({ANA: "online", BEN: "online"})
    watcher = RecordingWatcher()
    await presence.subscriptions.watch(watcher, [ANA, BEN])
    presence.subscriptions.start()
    await until(lambda: presence.subscriptions.live_instances == {"here", "there"})
    presence.store.orphaned_user_ids = [ANA]
    del presence.store.states[ANA]

    presence.store.live_instances = ["here"]

    await until(lambda: watcher.statuses)
    await until(lambda: ANA in presence.last_seen.saved)
    assert watcher.statuses == [{ANA: "offline"}]
    assert presence.last_seen.saved[ANA].status == "offline"


async def test_lease_lapse_republishes_and_rechecks(presence: PresenceSetup) -> None:
    """After a lapsed lease the own users are republished and watched users rechecked."""
    lapses: list[None] = []
    presence.subscriptions.on_lease_lapsed = lambda: lapses.append(None)
    watcher = RecordingWatcher()
    await presence.subscriptions.watch(watcher, [ANA])
    presence.subscriptions.start()
    await until(lambda: presence.subscriptions.live_instances)
    presence.store.unavailable = True
    await until(lambda: presence.subscriptions.lease_renewal_failed)
    presence.store.states[ANA] = "online"
    presence.store.unavailable = False

    await until(lambda: watcher.statuses)
    assert watcher.statuses == [{ANA: "online"}]
    assert lapses == [None]


async def test_paused_instance_republishes_although_no_renewal_failed(presence: PresenceSetup) -> None:
    """Its lease lapsed while it was paused, so other instances removed the states of its users."""
    lapses: list[None] = []
    presence.subscriptions.on_lease_lapsed = lambda: lapses.append(None)
    presence.subscriptions.start()
    await until(lambda: presence.store.renewals)
    assert lapses == []

    presence.store.lease_lapsed = True

    await until(lambda: lapses)
    renewals = presence.store.renewals
    await until(lambda: presence.store.renewals > renewals)
    assert lapses == [None]


async def test_change_that_could_not_be_read_is_pushed_later(
    presence: PresenceSetup, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After the `last_seen` store failed, the change is read again without another change."""
    monkeypatch.setattr(presence_subscriptions, "RETRY_DELAY_S", 0.02)
    watcher = RecordingWatcher()
    await presence.subscriptions.watch(watcher, [ANA])
    get_last_seen = presence.last_seen.get_last_seen
    attempts = 0

    async def fail_once(user_ids: Sequence[str]) -> dict[str, int]:
        nonlocal attempts
        attempts += 1
        if attempts == 1:
            raise Unavailable
        return await get_last_seen(user_ids)

    monkeypatch.setattr(presence.last_seen, "get_last_seen", fail_once)
    presence.store.states[ANA] = "online"
    presence.subscriptions.mark_changed(ANA)

    await until(lambda: watcher.statuses)
    assert watcher.statuses == [{ANA: "online"}]
    assert attempts == 2


async def test_expired_instance_is_removed_when_the_store_is_back(
    presence: PresenceSetup, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its users get their `last_seen` although the first attempt failed."""
    remove_instance = presence.store.remove_instance
    attempts = 0

    async def fail_once(instance: str) -> list[str]:
        nonlocal attempts
        attempts += 1
        if attempts == 1:
            raise Unavailable
        return await remove_instance(instance)

    monkeypatch.setattr(presence.store, "remove_instance", fail_once)
    presence.store.live_instances = ["here", "there"]
    presence.store.orphaned_user_ids = [ANA]
    presence.subscriptions.start()
    await until(lambda: presence.subscriptions.live_instances == {"here", "there"})
    presence.store.live_instances = ["here"]

    await until(lambda: ANA in presence.last_seen.saved)
    assert attempts == 2


async def test_last_seen_of_a_dead_instance_is_saved_when_the_store_is_back(
    presence: PresenceSetup, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Its states were removed before; the lease of this instance is renewed meanwhile. It is logged once."""
    caplog.set_level(logging.INFO, presence_subscriptions.__name__)
    save_last_seen = presence.last_seen.save_last_seen
    is_back = asyncio.Event()
    attempts = 0

    async def fail_once(entries: Sequence[LastSeen]) -> None:
        nonlocal attempts
        attempts += 1
        if attempts == 1:
            await is_back.wait()
            raise Unavailable
        await save_last_seen(entries)

    monkeypatch.setattr(presence.last_seen, "save_last_seen", fail_once)
    presence.store.live_instances = ["here", "there"]
    presence.store.orphaned_user_ids = [ANA]
    presence.subscriptions.start()
    await until(lambda: presence.subscriptions.live_instances == {"here", "there"})
    presence.store.live_instances = ["here"]
    await until(lambda: attempts)
    renewals = presence.store.renewals
    await until(lambda: presence.store.renewals > renewals + 2)
    is_back.set()

    await until(lambda: ANA in presence.last_seen.saved)
    await until(lambda: any("lease of an instance" in record.message for record in caplog.records))
    assert attempts == 2
    assert len([record for record in caplog.records if "lease of an instance" in record.message]) == 1


async def test_lease_is_renewed_after_an_unexpected_error(
    presence: PresenceSetup, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Without it all users of the instance would be offline for others. The error is logged."""
    renew_lease, failures = presence.store.renew_lease, [RuntimeError("unexpected")]

    async def fail_once(instance: str) -> LeaseRenewal:
        if failures:
            raise failures.pop()
        return await renew_lease(instance)

    monkeypatch.setattr(presence.store, "renew_lease", fail_once)
    presence.subscriptions.start()

    await until(lambda: presence.store.renewals)
    assert [record.levelname for record in caplog.records] == ["ERROR"]
