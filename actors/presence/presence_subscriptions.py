"""Who watches whom on this instance, and what they were told last.

    board says that somebody changed -> looked at together, at intervals -> only those who watch, only news

An instance that dies takes its people along: its lease is missed within a moment, all who are watched here
are looked at once, and what its people left behind is cleared. It never tells a watcher what is the same.
"""

import asyncio
import contextlib
import logging
from collections.abc import Callable, Sequence
from typing import Protocol

from actors.presence.local_presence import OFFLINE
from actors.protocol.presence import Presence, PresenceChanged
from actors.protocol.server_frames import server_frame_encoder
from actors.protocol.timestamps import now_ms, rfc3339_from_ms
from actors.runtime.timer_wheel import Timer, TimerWheel
from storage.contracts.bus import Bus
from storage.contracts.presence import LastSeen, LastSeenStore, PresenceStore, presence_topic
from storage.errors import Unavailable

_log = logging.getLogger(__name__)
LEASE_RENEWAL_S = 1.0
COALESCE_DELAY_S = 0.25
USERS_PER_READ = 500


class PresenceWatcher(Protocol):
    @property
    def user_id(self) -> str: ...

    def push_ephemeral(self, framed: bytes) -> None:
        """Some of those who are watched are another; may be missed."""


class PresenceSubscriptions:
    def __init__(
        self,
        store: PresenceStore,
        last_seen: LastSeenStore,
        bus: Bus,
        wheel: TimerWheel,
        instance: str,
        encode_frame: Callable[[bytes], bytes],
    ) -> None:
        self._store = store
        self._last_seen = last_seen
        self._bus = bus
        self._wheel = wheel
        self._instance = instance
        self._encode_frame = encode_frame
        self._watch_lists: dict[PresenceWatcher, tuple[str, ...]] = {}
        self._watchers: dict[str, dict[PresenceWatcher, None]] = {}
        self._pushed_statuses: dict[str, str] = {}
        self._changed: dict[str, None] = {}
        self._coalesce_timer: Timer | None = None
        # Instances with a lease at the last beat, and whether that beat failed.
        self.live_instances: set[str] = set()
        self.lease_renewal_failed = False
        self._lease_task: asyncio.Task[None] | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self.on_lease_lapsed: Callable[[], None] = lambda: None

    def start(self) -> None:
        self._lease_task = asyncio.create_task(self._keep_lease())

    async def close(self) -> None:
        tasks = [*self._tasks, *([self._lease_task] if self._lease_task else [])]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def watch(self, watcher: PresenceWatcher, user_ids: Sequence[str]) -> list[Presence]:
        """Replace a watcher's list; answers how everybody on it is now. Raises `Unavailable`."""
        self.unwatch(watcher)
        wanted = tuple(dict.fromkeys(user_ids))
        new = [one for one in wanted if one not in self._watchers]
        self._watch_lists[watcher] = wanted
        for user_id in wanted:
            self._watchers.setdefault(user_id, {})[watcher] = None
        if new:
            await self._bus.subscribe([presence_topic(one) for one in new])
        return await self.get(wanted)

    def unwatch(self, watcher: PresenceWatcher) -> None:
        for user_id in self._watch_lists.pop(watcher, ()):
            self._remove_watcher(user_id, watcher)

    def _remove_watcher(self, user_id: str, watcher: PresenceWatcher) -> None:
        watchers = self._watchers[user_id]
        watchers.pop(watcher, None)
        if not watchers:
            del self._watchers[user_id]
            self._pushed_statuses.pop(user_id, None)
            self._bus.unsubscribe([presence_topic(user_id)])

    def unwatch_blocked(self, one: str, other: str) -> None:
        """Between those two there is a block: neither watches the other any more."""
        for viewer_id, watched_id in ((one, other), (other, one)):
            for watcher in list(self._watchers.get(watched_id, ())):
                if watcher.user_id == viewer_id:
                    self._watch_lists[watcher] = tuple(
                        id_ for id_ in self._watch_lists[watcher] if id_ != watched_id
                    )
                    self._remove_watcher(watched_id, watcher)

    async def get(self, user_ids: Sequence[str]) -> list[Presence]:
        """How people are now, with when they were last seen. Raises `Unavailable`."""
        found = await self._store.get(user_ids)
        seen = await self._last_seen.get_last_seen(user_ids)
        for one in found:
            if one.user_id in self._watchers:
                self._pushed_statuses[one.user_id] = one.status
        return [_to_presence(one.user_id, one.status, seen) for one in found]

    def mark_changed(self, user_id: str) -> None:
        """Somebody may be another."""
        if user_id in self._watchers:
            self._changed[user_id] = None
            if self._coalesce_timer is None:
                self._coalesce_timer = self._wheel.call_later(COALESCE_DELAY_S, self._start_push)

    def recheck_all(self) -> None:
        """Words may have been missed, or an instance has died."""
        for user_id in self._watchers:
            self.mark_changed(user_id)

    def _start_push(self) -> None:
        self._coalesce_timer = None
        changed, self._changed = list(self._changed), {}
        task = asyncio.create_task(self._push_changes(changed))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _push_changes(self, user_ids: Sequence[str]) -> None:
        for start in range(0, len(user_ids), USERS_PER_READ):
            try:
                found = await self._store.get(user_ids[start : start + USERS_PER_READ])
                news = [one for one in found if self._pushed_statuses.get(one.user_id) != one.status]
                seen = await self._last_seen.get_last_seen([one.user_id for one in news]) if news else {}
            except Unavailable:
                # It is looked at again when the broker is back.
                return
            told: dict[PresenceWatcher, list[Presence]] = {}
            for one in news:
                if one.user_id in self._watchers:
                    self._pushed_statuses[one.user_id] = one.status
                    shown = _to_presence(one.user_id, one.status, seen)
                    for watcher in self._watchers[one.user_id]:
                        told.setdefault(watcher, []).append(shown)
            # Those who watch the same people are told the same, which is made once.
            made: dict[tuple[str, ...], bytes] = {}
            for watcher, presences in told.items():
                names = tuple(one.user_id for one in presences)
                if names not in made:
                    made[names] = self._encode_frame(server_frame_encoder.encode(PresenceChanged(presences)))
                watcher.push_ephemeral(made[names])

    async def _keep_lease(self) -> None:
        while True:
            try:
                living = set(await self._store.renew_lease(self._instance))
            except Unavailable:
                self.lease_renewal_failed = True
            else:
                if self.lease_renewal_failed:
                    # The lease may have run out, and with a restart everything is gone.
                    self.on_lease_lapsed()
                    self.recheck_all()
                self.lease_renewal_failed = False
                dead, self.live_instances = self.live_instances - living, living
                if dead:
                    self.recheck_all()
                    with contextlib.suppress(Unavailable):
                        await self._remove_instances(dead)
            await asyncio.sleep(LEASE_RENEWAL_S)

    async def _remove_instances(self, instances: set[str]) -> None:
        for instance in instances:
            left = await self._store.remove_instance(instance)
            gone = (
                [one.user_id for one in await self._store.get(left) if one.status == OFFLINE] if left else []
            )
            if gone:
                _log.info("an instance is gone: %d people went with it", len(gone))
                await self._last_seen.save_last_seen(
                    [LastSeen(user_id, OFFLINE, now_ms()) for user_id in gone]
                )


def _to_presence(user_id: str, status: str, last_seen_ms: dict[str, int]) -> Presence:
    last = last_seen_ms.get(user_id)
    return Presence(user_id, status, rfc3339_from_ms(last) if last is not None else None)
