"""Presence of the users connected to this instance, combined from all their sessions.

    connect, disconnect, away -> combined state -> presence store, all changes of one loop tick together

A user who disconnects stays online for a grace period, so that a reconnect is not visible; this also holds
when the remaining device is away. Writes that failed are retried.
"""

import asyncio
import logging

from actors.protocol.timestamps import now_ms
from actors.runtime.timer_wheel import Timer, TimerWheel
from config.limits import LAST_SEEN_RETENTION_S
from storage.contracts.presence import LastSeen, LastSeenStore, PresenceStore
from storage.errors import Unavailable

_log = logging.getLogger(__name__)
ONLINE, AWAY, OFFLINE = "online", "away", "offline"
RETRY_S = 1.0
LAST_SEEN_DELAY_S = 1.0
UNSAVED_LAST_SEEN_MAX = 50_000
REFRESH_S = LAST_SEEN_RETENTION_S / 3
"""Interval in which all states are written again: the store forgets those that were set longer ago."""


class LocalPresence:
    def __init__(
        self, store: PresenceStore, last_seen: LastSeenStore, wheel: TimerWheel, instance: str, grace_s: float
    ) -> None:
        self._store = store
        self._last_seen = last_seen
        self._wheel = wheel
        self._instance = instance
        self._grace_s = grace_s
        # The number of sessions per user, and those of them that are away.
        self._session_counts: dict[str, int] = {}
        self._away_sessions: dict[str, set[object]] = {}
        self._grace_timers: dict[str, Timer] = {}
        self._published: dict[str, str] = {}
        self._unpublished: dict[str, None] = {}
        self._unsaved_last_seen: dict[str, LastSeen] = {}
        self._publish_task: asyncio.Task[None] | None = None
        self._refresh_timer: Timer | None = None
        self._last_seen_timer: Timer | None = None
        self._last_seen_task: asyncio.Task[None] | None = None
        self._publish_signal: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._store_unavailable = False
        self._closed = False

    def start(self) -> None:
        """Write all states again every `REFRESH_S`, so that none expires while its user is connected."""
        self._refresh_timer = self._wheel.call_later(REFRESH_S, self._refresh)

    def connect(self, user_id: str) -> None:
        timer = self._grace_timers.pop(user_id, None)
        if timer is not None:
            timer.cancel()
        self._session_counts[user_id] = self._session_counts.get(user_id, 0) + 1
        self._recompute(user_id)

    def disconnect(self, user_id: str, session: object) -> None:
        before = self.state(user_id)
        self._clear_away(user_id, session)
        self._session_counts[user_id] -= 1
        if self._session_counts[user_id] and self.state(user_id) == before:
            return
        timer = self._grace_timers.pop(user_id, None)
        if timer is not None:
            timer.cancel()
        self._grace_timers[user_id] = self._wheel.call_later(
            self._grace_s, lambda: self._on_grace_expired(user_id)
        )

    def set_away(self, user_id: str, session: object, *, away: bool) -> None:
        if away:
            self._away_sessions.setdefault(user_id, set()).add(session)
        else:
            self._clear_away(user_id, session)
        self._recompute(user_id)

    def state(self, user_id: str) -> str | None:
        """Return the status on this instance: None if not connected, online during the grace period."""
        count = self._session_counts.get(user_id)
        if count is None:
            return None
        if user_id in self._grace_timers:
            return ONLINE
        return AWAY if count and len(self._away_sessions.get(user_id, ())) >= count else ONLINE

    async def wait_published(self, user_id: str) -> None:
        """Wait until the user's state is in the store; returns at once while the store is unavailable."""
        while (
            not self._store_unavailable
            and not self._closed
            and self._published.get(user_id) != self.state(user_id)
        ):
            await asyncio.shield(self._publish_signal)

    def republish(self) -> None:
        """Write all states again: the store may have lost them."""
        self._published.clear()
        for user_id in self._session_counts:
            self._recompute(user_id)

    async def close(self) -> None:
        """Stop publishing. The lease expires later, which gives the users of this instance a grace period."""
        self._closed = True
        if self._refresh_timer is not None:
            self._refresh_timer.cancel()
        self._notify_waiters()
        if self._publish_task is not None:
            self._publish_task.cancel()
            await asyncio.gather(self._publish_task, return_exceptions=True)
        if self._last_seen_timer is not None:
            self._last_seen_timer.cancel()
        if self._last_seen_task is not None:
            await asyncio.wait([self._last_seen_task])
        await self._save_last_seen()

    def _refresh(self) -> None:
        self.start()
        self.republish()

    def _clear_away(self, user_id: str, session: object) -> None:
        away = self._away_sessions.get(user_id)
        if away is not None:
            away.discard(session)
            if not away:
                del self._away_sessions[user_id]

    def _on_grace_expired(self, user_id: str) -> None:
        self._grace_timers.pop(user_id, None)
        if not self._session_counts.get(user_id):
            self._session_counts.pop(user_id, None)
        self._recompute(user_id)

    def _recompute(self, user_id: str) -> None:
        if not self._closed and self._published.get(user_id) != self.state(user_id):
            self._unpublished[user_id] = None
            if self._publish_task is None:
                self._publish_task = asyncio.create_task(self._publish())

    async def _publish(self) -> None:
        try:
            # Collect the changes of one loop tick.
            await asyncio.sleep(0)
            while self._unpublished:
                user_ids, self._unpublished = self._unpublished, {}
                states = {user_id: self.state(user_id) for user_id in user_ids}
                try:
                    await self._store.set_states(self._instance, states)
                except Unavailable:
                    # The retry publishes the states current at that time.
                    self._unpublished = {**user_ids, **self._unpublished}
                    self._store_unavailable = True
                    self._wheel.call_later(RETRY_S, self._retry_publish)
                    return
                self._store_unavailable = False
                self._mark_published(states)
                self._notify_waiters()
        finally:
            self._publish_task = None
            self._notify_waiters()

    def _mark_published(self, states: dict[str, str | None]) -> None:
        now = now_ms()
        for user_id, state in states.items():
            if state is None:
                self._published.pop(user_id, None)
            else:
                self._published[user_id] = state
            self._unsaved_last_seen[user_id] = LastSeen(user_id, state or OFFLINE, now)
        if self._last_seen_timer is None:
            self._last_seen_timer = self._wheel.call_later(LAST_SEEN_DELAY_S, self._start_saving_last_seen)

    def _notify_waiters(self) -> None:
        signal, self._publish_signal = self._publish_signal, asyncio.get_running_loop().create_future()
        signal.set_result(None)

    def _retry_publish(self) -> None:
        if self._unpublished and self._publish_task is None and not self._closed:
            self._publish_task = asyncio.create_task(self._publish())

    def _start_saving_last_seen(self) -> None:
        self._last_seen_timer = None
        if not self._closed:
            self._last_seen_task = asyncio.create_task(self._save_last_seen())

    async def _save_last_seen(self) -> None:
        """Write the collected `last_seen` times, batched and up to `LAST_SEEN_DELAY_S` late."""
        records, self._unsaved_last_seen = self._unsaved_last_seen, {}
        if records:
            try:
                await self._last_seen.save_last_seen(list(records.values()))
            except Unavailable:
                _log.debug("last_seen of %d users could not be written yet", len(records))
                self._restore_last_seen(records)

    def _restore_last_seen(self, records: dict[str, LastSeen]) -> None:
        """Write records again later, with the newer ones added since."""
        merged = records | self._unsaved_last_seen
        self._unsaved_last_seen = dict(list(merged.items())[-UNSAVED_LAST_SEEN_MAX:])
        if self._last_seen_timer is None and not self._closed:
            self._last_seen_timer = self._wheel.call_later(LAST_SEEN_DELAY_S, self._start_saving_last_seen)
