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

from actors.presence.attendance import OFFLINE
from actors.runtime.wheel import Timer, Wheel
from actors.wire.frames import frame_encoder
from actors.wire.moment import now_ms, rfc3339
from actors.wire.presence import Presence, PresenceChanged
from storage.contracts.bus import Bus
from storage.contracts.presence import LastSeenStore, PresenceBoard, presence_topic
from storage.errors import Unavailable
from storage.records.presence import LastSeen

_log = logging.getLogger(__name__)
BEAT_S = 1.0
COALESCE_S = 0.25
LOOKED_AT_ONCE = 500


class Watcher(Protocol):
    @property
    def user_id(self) -> str: ...

    def push_hint(self, ready: bytes) -> None:
        """Some of those who are watched are another; may be missed."""


class Watching:
    def __init__(
        self,
        board: PresenceBoard,
        seen: LastSeenStore,
        bus: Bus,
        wheel: Wheel,
        instance: str,
        framed: Callable[[bytes], bytes],
    ) -> None:
        self._board = board
        self._seen = seen
        self._bus = bus
        self._wheel = wheel
        self._instance = instance
        self._framed = framed
        self._lists: dict[Watcher, tuple[str, ...]] = {}
        self._watchers: dict[str, dict[Watcher, None]] = {}
        self._known: dict[str, str] = {}
        self._changed: dict[str, None] = {}
        self._timer: Timer | None = None
        # Instances with a lease at the last beat, and whether that beat failed.
        self.living: set[str] = set()
        self.missed = False
        self._beating: asyncio.Task[None] | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self.on_lapse: Callable[[], None] = lambda: None

    def start(self) -> None:
        self._beating = asyncio.create_task(self._beat())

    async def close(self) -> None:
        tasks = [*self._tasks, *([self._beating] if self._beating else [])]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def watch(self, watcher: Watcher, user_ids: Sequence[str]) -> list[Presence]:
        """Replace a watcher's list; answers how everybody on it is now. Raises `Unavailable`."""
        self.unwatch(watcher)
        wanted = tuple(dict.fromkeys(user_ids))
        new = [one for one in wanted if one not in self._watchers]
        self._lists[watcher] = wanted
        for user_id in wanted:
            self._watchers.setdefault(user_id, {})[watcher] = None
        if new:
            await self._bus.subscribe([presence_topic(one) for one in new])
        return await self.look(wanted)

    def unwatch(self, watcher: Watcher) -> None:
        for user_id in self._lists.pop(watcher, ()):
            self._forget(user_id, watcher)

    def _forget(self, user_id: str, watcher: Watcher) -> None:
        watchers = self._watchers[user_id]
        watchers.pop(watcher, None)
        if not watchers:
            del self._watchers[user_id]
            self._known.pop(user_id, None)
            self._bus.unsubscribe([presence_topic(user_id)])

    def part(self, one: str, other: str) -> None:
        """Between those two there is a block: neither watches the other any more."""
        for viewer_id, watched_id in ((one, other), (other, one)):
            for watcher in list(self._watchers.get(watched_id, ())):
                if watcher.user_id == viewer_id:
                    self._lists[watcher] = tuple(id_ for id_ in self._lists[watcher] if id_ != watched_id)
                    self._forget(watched_id, watcher)

    async def look(self, user_ids: Sequence[str]) -> list[Presence]:
        """How people are now, with when they were last seen. Raises `Unavailable`."""
        found = await self._board.look(user_ids)
        seen = await self._seen.last_seen(user_ids)
        for one in found:
            if one.user_id in self._watchers:
                self._known[one.user_id] = one.status
        return [_shown(one.user_id, one.status, seen) for one in found]

    def heard(self, user_id: str) -> None:
        """Somebody may be another."""
        if user_id in self._watchers:
            self._changed[user_id] = None
            if self._timer is None:
                self._timer = self._wheel.after(COALESCE_S, self._look_soon)

    def look_at_all(self) -> None:
        """Words may have been missed, or an instance has died."""
        for user_id in self._watchers:
            self.heard(user_id)

    def _look_soon(self) -> None:
        self._timer = None
        changed, self._changed = list(self._changed), {}
        task = asyncio.create_task(self._tell(changed))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _tell(self, user_ids: Sequence[str]) -> None:
        for start in range(0, len(user_ids), LOOKED_AT_ONCE):
            try:
                found = await self._board.look(user_ids[start : start + LOOKED_AT_ONCE])
                news = [one for one in found if self._known.get(one.user_id) != one.status]
                seen = await self._seen.last_seen([one.user_id for one in news]) if news else {}
            except Unavailable:
                # It is looked at again when the broker is back.
                return
            told: dict[Watcher, list[Presence]] = {}
            for one in news:
                if one.user_id in self._watchers:
                    self._known[one.user_id] = one.status
                    shown = _shown(one.user_id, one.status, seen)
                    for watcher in self._watchers[one.user_id]:
                        told.setdefault(watcher, []).append(shown)
            # Those who watch the same people are told the same, which is made once.
            made: dict[tuple[str, ...], bytes] = {}
            for watcher, presences in told.items():
                names = tuple(one.user_id for one in presences)
                if names not in made:
                    made[names] = self._framed(frame_encoder.encode(PresenceChanged(presences)))
                watcher.push_hint(made[names])

    async def _beat(self) -> None:
        while True:
            try:
                living = set(await self._board.beat(self._instance))
            except Unavailable:
                self.missed = True
            else:
                if self.missed:
                    # The lease may have run out, and with a restart everything is gone.
                    self.on_lapse()
                    self.look_at_all()
                self.missed = False
                dead, self.living = self.living - living, living
                if dead:
                    self.look_at_all()
                    with contextlib.suppress(Unavailable):
                        await self._bury(dead)
            await asyncio.sleep(BEAT_S)

    async def _bury(self, dead: set[str]) -> None:
        for instance in dead:
            left = await self._board.bury(instance)
            gone = (
                [one.user_id for one in await self._board.look(left) if one.status == OFFLINE] if left else []
            )
            if gone:
                _log.info("an instance is gone: %d people went with it", len(gone))
                await self._seen.note_seen([LastSeen(user_id, OFFLINE, now_ms()) for user_id in gone])


def _shown(user_id: str, status: str, seen: dict[str, int]) -> Presence:
    last = seen.get(user_id)
    return Presence(user_id, status, rfc3339(last) if last is not None else None)
