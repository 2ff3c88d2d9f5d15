"""Presence subscriptions of this instance, and the instance leases.

    store reports a change -> coalesced -> read in batches -> pushed to watchers if the status differs

Each instance holds a lease in the store. When the lease of another instance expires, all watched users are
checked once, and the expired instance's states are removed.
"""

import asyncio
import logging
from collections.abc import Callable, Collection, Iterable, Sequence
from functools import partial

from actors.delivery.watch_lists import Watcher, WatchLists, push_changes
from actors.presence.local_presence import OFFLINE
from actors.protocol.presence import Presence, PresenceChanged
from actors.protocol.server_frames import server_frame_encoder
from actors.protocol.timestamps import now_ms, rfc3339_from_ms
from actors.runtime.task_pool import TaskPool
from actors.runtime.timer_wheel import Timer, TimerWheel
from storage.contracts.bus import Bus, presence_topic
from storage.contracts.presence import LastSeen, LastSeenStore, PresenceRecord, PresenceStore
from storage.errors import Unavailable

_log = logging.getLogger(__name__)
LEASE_RENEWAL_S = 1.0
COALESCE_DELAY_S = 0.25
RETRY_DELAY_S = 1.0
USERS_PER_READ = 500


class PresenceSubscriptions:
    """Watchers receive `presence.changed` frames."""

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
        self._wheel = wheel
        self._instance = instance
        self._encode_frame = encode_frame
        self._pushed_statuses: dict[str, str] = {}
        self._watch_lists = WatchLists(
            bus, presence_topic, lambda user_id: self._pushed_statuses.pop(user_id, None)
        )
        self._changed: dict[str, None] = {}
        self._coalesce_timer: Timer | None = None
        # The instances that held a lease at the last renewal, and whether that renewal failed.
        self.live_instances: set[str] = set()
        self.lease_renewal_failed = False
        self._expired_instances: set[str] = set()
        # Users of removed instances whose `last_seen` is not saved yet.
        self._orphaned_users: dict[str, None] = {}
        self._is_cleaning_up = False
        self._task_pool = TaskPool("presence subscriptions")
        self.on_lease_lapsed: Callable[[], None] = lambda: None

    def start(self) -> None:
        self._task_pool.spawn(self._keep_lease())

    async def close(self) -> None:
        await self._task_pool.cancel()

    def announce_watch(self, watcher: Watcher) -> object:
        """Announce a call of `watch` whose users are not known yet. Return a token for it."""
        return self._watch_lists.announce(watcher)

    async def watch(
        self, watcher: Watcher, user_ids: Sequence[str], announced: object | None = None
    ) -> list[Presence]:
        """Replace the watcher's list and return the users' current presence. Raises `Unavailable`.

        A list that was `announced` does not replace a later one.
        """
        return await self.get(await self._watch_lists.replace(watcher, user_ids, announced))

    def unwatch(self, watcher: Watcher) -> None:
        self._watch_lists.remove(watcher)

    def unwatch_between(self, one: str, other: str) -> None:
        """End all watches between two users."""
        self._watch_lists.remove_id(one, other)
        self._watch_lists.remove_id(other, one)

    def watching_users(self) -> set[str]:
        """Return the users who watch others here."""
        return self._watch_lists.viewers()

    def watches_of(self, user_ids: Collection[str]) -> dict[str, set[str]]:
        """Return, for each of the users, whom they watch and who watches them; absent if neither."""
        return self._watch_lists.related_to(user_ids)

    async def get(self, user_ids: Sequence[str]) -> list[Presence]:
        """Return the users' current presence with their `last_seen`. Raises `Unavailable`."""
        records = await self._store.get(user_ids)
        # Earlier watchers know another status: they get this one, with which later ones are compared.
        outdated = self._replace_pushed_statuses(
            [record for record in records if record.user_id in self._pushed_statuses]
        )
        self._replace_pushed_statuses([record for record in records if record.user_id in self._watch_lists])
        last_seen_ms = await self._load_last_seen(user_ids, outdated)
        self._push_to_watchers(outdated, last_seen_ms)
        # A newer status may have been pushed meanwhile.
        return [
            _to_presence(
                record.user_id, self._pushed_statuses.get(record.user_id, record.status), last_seen_ms
            )
            for record in records
        ]

    def mark_changed(self, user_id: str) -> None:
        """Schedule a check of the user's status, if anyone watches the user."""
        if user_id in self._watch_lists:
            self._changed[user_id] = None
            if self._coalesce_timer is None:
                self._coalesce_timer = self._wheel.call_later(COALESCE_DELAY_S, self._start_push)

    def recheck_all(self) -> None:
        """Check all watched users: change messages may have been lost, or an instance has died."""
        self._mark_all_changed(self._watch_lists)

    def _mark_all_changed(self, user_ids: Iterable[str]) -> None:
        for user_id in user_ids:
            self.mark_changed(user_id)

    def _start_push(self) -> None:
        self._coalesce_timer = None
        changed, self._changed = list(self._changed), {}
        self._task_pool.spawn(self._push_changes(changed))

    async def _push_changes(self, user_ids: Sequence[str]) -> None:
        for start in range(0, len(user_ids), USERS_PER_READ):
            try:
                records = await self._store.get(user_ids[start : start + USERS_PER_READ])
                changed = self._replace_pushed_statuses(
                    [record for record in records if record.user_id in self._watch_lists]
                )
                last_seen_ms = (
                    await self._load_last_seen([record.user_id for record in changed], changed)
                    if changed
                    else {}
                )
            except Unavailable:
                self._wheel.call_later(RETRY_DELAY_S, partial(self._mark_all_changed, user_ids[start:]))
                return
            self._push_to_watchers(changed, last_seen_ms)

    def _replace_pushed_statuses(self, records: Sequence[PresenceRecord]) -> list[PresenceRecord]:
        """Set the status that watchers know. Return the records of those who know another, or none.

        Synchronous after the read of the records, so that of two reads the later one decides.
        """
        changed = [record for record in records if self._pushed_statuses.get(record.user_id) != record.status]
        for record in changed:
            self._pushed_statuses[record.user_id] = record.status
        return changed

    async def _load_last_seen(
        self, user_ids: Sequence[str], unpushed: Sequence[PresenceRecord]
    ) -> dict[str, int]:
        """Return when the users were last seen. On failure, those in `unpushed` count as not pushed."""
        try:
            return await self._last_seen.get_last_seen(user_ids)
        except BaseException:
            for record in unpushed:
                self._pushed_statuses.pop(record.user_id, None)
            raise

    def _push_to_watchers(self, records: Sequence[PresenceRecord], last_seen_ms: dict[str, int]) -> None:
        """Push what has not changed again since it was read."""
        changes_by_watcher: dict[Watcher, list[Presence]] = {}
        for record in records:
            if self._pushed_statuses.get(record.user_id) == record.status:
                presence = _to_presence(record.user_id, record.status, last_seen_ms)
                for watcher in self._watch_lists.watchers(record.user_id):
                    changes_by_watcher.setdefault(watcher, []).append(presence)
        push_changes(changes_by_watcher, self._encode)

    def _encode(self, presences: Sequence[Presence]) -> bytes:
        return self._encode_frame(server_frame_encoder.encode(PresenceChanged(list(presences))))

    async def renew_lease(self) -> Sequence[str]:
        """Renew the lease of this instance; return the instances that hold one. Raises `Unavailable`.

        If it had lapsed, others may have removed the states of this instance, which are published again.
        """
        renewal = await self._store.renew_lease(self._instance)
        # A renewal fails while the store restarts, which loses everything. A process that was paused had no
        # failure.
        if renewal.had_lapsed or self.lease_renewal_failed:
            self.on_lease_lapsed()
            self.recheck_all()
        self.lease_renewal_failed = False
        return renewal.instances

    async def _keep_lease(self) -> None:
        while True:
            try:
                self._on_lease_renewed(set(await self.renew_lease()))
            except Unavailable:
                self.lease_renewal_failed = True
            except Exception:  # noqa: BLE001 - without the lease all users of this instance were offline
                _log.exception("renewal of the presence lease failed and will run again")
            await asyncio.sleep(LEASE_RENEWAL_S)

    def _on_lease_renewed(self, live: set[str]) -> None:
        dead_instances, self.live_instances = self.live_instances - live, live
        if dead_instances:
            self.recheck_all()
        self._expired_instances = (self._expired_instances | dead_instances) - live
        if (self._expired_instances or self._orphaned_users) and not self._is_cleaning_up:
            self._is_cleaning_up = True
            # Not waited for: a slow store must not delay the next renewal.
            self._task_pool.spawn(self._clean_up())

    async def _clean_up(self) -> None:
        """Remove the states of expired instances. What fails is tried again after the next renewal."""
        try:
            for instance in list(self._expired_instances):
                self._orphaned_users.update(dict.fromkeys(await self._store.remove_instance(instance)))
                self._expired_instances.discard(instance)
            if self._orphaned_users:
                await self._save_orphaned_users(list(self._orphaned_users))
        finally:
            self._is_cleaning_up = False

    async def _save_orphaned_users(self, user_ids: Sequence[str]) -> None:
        records = await self._store.get(user_ids)
        offline_ids = [record.user_id for record in records if record.status == OFFLINE]
        if offline_ids:
            await self._last_seen.save_last_seen(
                [LastSeen(user_id, OFFLINE, now_ms()) for user_id in offline_ids]
            )
            # After the write, which is repeated while the store is unavailable.
            _log.info("lease of an instance expired; %d of its users are offline", len(offline_ids))
        for user_id in user_ids:
            self._orphaned_users.pop(user_id, None)


def _to_presence(user_id: str, status: str, last_seen_ms: dict[str, int]) -> Presence:
    last_seen = last_seen_ms.get(user_id)
    return Presence(user_id, status, rfc3339_from_ms(last_seen) if last_seen is not None else None)
