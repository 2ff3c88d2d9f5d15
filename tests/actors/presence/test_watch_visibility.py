"""Presence watches end when the viewer may no longer see the user: nothing is pushed after that."""

import asyncio
from collections.abc import AsyncIterator, Sequence

import pytest

from actors.presence.local_presence import LocalPresence
from actors.presence.presence_service import PresenceService
from actors.presence.presence_subscriptions import PresenceSubscriptions
from actors.runtime.timer_wheel import TimerWheel
from storage.errors import Unavailable
from storage.memory.bus import MemoryBroker, MemoryBus
from tests.actors.presence.recording_stores import RecordingLastSeenStore, RecordingPresenceStore
from tests.until import until

ANA, BEN, CYD = "ana", "ben", "cyd"


class Viewer:
    """A `Watcher` without frames: the tests read the watch lists."""

    def __init__(self, user_id: str) -> None:
        self.user_id = user_id

    def push_ephemeral(self, framed: bytes) -> None:
        raise AssertionError(framed)


class Presence:
    """A presence service whose users see each other unless the pair is in `hidden`."""

    def __init__(self) -> None:
        self.hidden: set[frozenset[str]] = set()
        self.reads: list[str] = []
        self.failures = 0
        self.read_gate = asyncio.Event()
        self.read_gate.set()
        self.wheel = TimerWheel(asyncio.get_running_loop(), 0.01)
        store, last_seen = RecordingPresenceStore(), RecordingLastSeenStore()
        self.subscriptions = PresenceSubscriptions(
            store, last_seen, MemoryBus(MemoryBroker()), self.wheel, "here", bytes
        )
        self.service = PresenceService(
            LocalPresence(store, last_seen, self.wheel, "here", 1.0), self.subscriptions, self.visible_users
        )

    async def visible_users(self, viewer_id: str, user_ids: Sequence[str]) -> set[str]:
        """Decide first and answer when the gate is open, as a slow store does."""
        self.reads.append(viewer_id)
        visible = {one for one in user_ids if frozenset({viewer_id, one}) not in self.hidden}
        await self.read_gate.wait()
        if self.failures:
            self.failures -= 1
            raise Unavailable
        return visible

    def hide(self, one: str, other: str) -> None:
        self.hidden.add(frozenset({one, other}))

    def watched_by(self, user_id: str) -> set[str]:
        """Return whom the user watches, and who watches the user."""
        return self.subscriptions.watches_of([user_id]).get(user_id, set())


@pytest.fixture
async def presence() -> AsyncIterator[Presence]:
    presence = Presence()
    yield presence
    await presence.service.close()
    presence.wheel.close()


async def test_watches_end_in_both_directions(presence: Presence) -> None:
    """One check of the user whose permissions changed ends both; other watches stay."""
    await presence.service.watch(Viewer(ANA), ANA, [BEN, CYD])
    await presence.service.watch(Viewer(BEN), BEN, [ANA, CYD])
    presence.hide(ANA, BEN)

    presence.service.watch_visibility.recheck([ANA])

    await until(lambda: presence.watched_by(ANA) == {CYD})
    assert presence.watched_by(BEN) == {CYD}


async def test_change_while_a_watch_begins_ends_it(presence: Presence) -> None:
    """The permission was read before the change, and the list is set after it."""
    presence.read_gate.clear()
    watch = asyncio.create_task(presence.service.watch(Viewer(ANA), ANA, [BEN]))
    await until(lambda: presence.reads)
    presence.hide(ANA, BEN)
    presence.service.watch_visibility.end_between(ANA, BEN)
    presence.read_gate.set()
    await watch

    await until(lambda: not presence.watched_by(ANA))


async def test_failed_check_is_repeated(presence: Presence) -> None:
    """Without the stores a watch that should end stays only until they are back."""
    await presence.service.watch(Viewer(ANA), ANA, [BEN])
    presence.hide(ANA, BEN)
    presence.failures = 1

    presence.service.watch_visibility.recheck([BEN])

    await until(lambda: not presence.watched_by(ANA))
    assert presence.reads == [ANA, BEN, BEN]


async def test_all_watches_are_checked_after_lost_messages(presence: Presence) -> None:
    """Users without watches are not looked up."""
    await presence.service.watch(Viewer(ANA), ANA, [BEN])
    await presence.service.watch(Viewer(CYD), CYD, [BEN])
    presence.hide(ANA, BEN)
    presence.reads.clear()

    presence.service.watch_visibility.recheck_all()

    await until(lambda: not presence.watched_by(ANA))
    await until(lambda: sorted(presence.reads) == [ANA, CYD])
    assert presence.watched_by(CYD) == {BEN}


async def test_changes_of_users_who_watch_no_one_read_nothing(presence: Presence) -> None:
    """A leave or an unfollow costs nothing where no one watches."""
    await presence.service.watch(Viewer(ANA), ANA, [BEN])
    presence.reads.clear()

    presence.service.watch_visibility.recheck([CYD])
    presence.service.watch_visibility.recheck([ANA])

    await until(lambda: presence.reads)
    assert presence.reads == [ANA]
