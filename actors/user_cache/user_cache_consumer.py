"""Keeps a service's user cache current, from events and by periodic reconciliation.

The higher version wins, in whatever order events arrive. Missing entries are loaded by `UserCards`.
"""

import logging
from collections.abc import Awaitable, Callable, Sequence
from functools import partial

from actors.domain_events.event_types import UserDeleted, UserUpserted, decode_event
from actors.runtime.periodic_job import PeriodicJob, run_all
from storage.contracts.domain_events import CursorUpdate, OutboxEvent
from storage.contracts.user_cache import UserCache, UserSnapshot, UserSnapshotStore

_log = logging.getLogger(__name__)
RECONCILE_INTERVAL_S = 600.0
USERS_PER_PAGE = 1000


class UserCacheConsumer:
    """A `Consumer`. `remove_user` deletes the service's data of a deleted user, and must be idempotent."""

    def __init__(
        self, service: str, user_cache: UserCache, remove_user: Callable[[str], Awaitable[None]]
    ) -> None:
        self._service = service
        self._user_cache = user_cache
        self._remove_user = remove_user

    @property
    def name(self) -> str:
        # The key of a cursor is the same in every release; `copies` is a former name of user caches.
        return f"{self._service}.copies"

    async def handle(self, events: Sequence[OutboxEvent], cursor_update: CursorUpdate | None) -> None:
        snapshots: list[UserSnapshot] = []
        for event in events:
            match decode_event(event):
                case UserUpserted() as user:
                    snapshots.append(
                        UserSnapshot(
                            user.id,
                            user.username,
                            user.display_name,
                            user.avatar_url,
                            user.verified,
                            user.version,
                        )
                    )
                case UserDeleted() as user:
                    snapshots.append(_tombstone(user.id, user.version))
        # Tombstones first, so that no older event restores a user while their data is deleted.
        deleted_ids = [snapshot.id for snapshot in snapshots if snapshot.deleted]
        if deleted_ids:
            await self._user_cache.apply([snapshot for snapshot in snapshots if snapshot.deleted], None)
        for user_id in deleted_ids:
            await self._remove_user(user_id)
        await self._user_cache.apply(snapshots, cursor_update)

    async def on_outbox_restored(self) -> None:
        """Nothing to reset: an event is compared by the version of its user, not by its id."""


class UserCacheReconciler:
    """Compares user caches with the User service periodically, page by page, and repairs stale entries.

    Runs on every instance at a random time; repairs are idempotent.
    """

    def __init__(self, user_snapshots: UserSnapshotStore, user_caches: Sequence[UserCache]) -> None:
        self._user_snapshots = user_snapshots
        self._user_caches = user_caches
        # For each cache, the id up to which it was compared by a call that failed.
        self._compared_ids = [""] * len(user_caches)
        self._job = PeriodicJob(
            "reconciliation of user caches", self.reconcile, RECONCILE_INTERVAL_S, waits_first=True
        )
        self.repaired_count = 0

    def start(self) -> None:
        self._job.start()

    async def close(self) -> None:
        await self._job.close()

    async def reconcile(self) -> int:
        """Compare all entries. Returns how many were repaired.

        Raises:
            StorageError: the next call continues, in each cache that failed, where this one stopped.
        """
        before = self.repaired_count
        try:
            await run_all(partial(self._reconcile, number) for number in range(len(self._user_caches)))
        finally:
            repaired = self.repaired_count - before
            if repaired:
                _log.warning("user caches reconciled: %d stale entries repaired", repaired)
        return repaired

    async def _reconcile(self, number: int) -> None:
        user_cache = self._user_caches[number]
        while snapshots := await user_cache.page(self._compared_ids[number], USERS_PER_PAGE):
            self.repaired_count += await self._reconcile_page(user_cache, snapshots)
            self._compared_ids[number] = snapshots[-1].id
        self._compared_ids[number] = ""

    async def _reconcile_page(self, user_cache: UserCache, cached: Sequence[UserSnapshot]) -> int:
        ids = [snapshot.id for snapshot in cached]
        current_by_id = {snapshot.id: snapshot for snapshot in await self._user_snapshots.find(ids)}
        stale: list[UserSnapshot] = []
        for snapshot in cached:
            current = current_by_id.get(snapshot.id)
            if current is None and not snapshot.deleted:
                stale.append(_tombstone(snapshot.id, snapshot.version + 1))
            elif current is not None and current.version > snapshot.version:
                stale.append(current)
        if stale:
            await user_cache.apply(stale, None)
        return len(stale)


def _tombstone(user_id: str, version: int) -> UserSnapshot:
    return UserSnapshot(user_id, "deleted", None, None, verified=False, version=version, deleted=True)
