"""User caches are compared with the User service, and stale entries are repaired."""

import random
from collections.abc import Sequence

import msgspec
import pytest

from actors.user_cache import user_cache_consumer
from actors.user_cache.user_cache_consumer import UserCacheReconciler
from storage.contracts.domain_events import CursorUpdate
from storage.contracts.user_cache import UserSnapshot
from storage.contracts.users import ProfileChange
from storage.errors import Unavailable
from tests.actors.user_cache.conftest import UserCacheSetup
from tests.until import until


class FakeUserCache:
    """A cache with one entry; unavailable for the first `failures_left` reads."""

    def __init__(self, snapshot: UserSnapshot, failures_left: int = 0) -> None:
        self.snapshots = {snapshot.id: snapshot}
        self.failures_left = failures_left

    async def apply(self, snapshots: Sequence[UserSnapshot], cursor_update: CursorUpdate | None) -> None:
        self.snapshots.update({snapshot.id: snapshot for snapshot in snapshots})

    async def find(self, ids: Sequence[str]) -> list[UserSnapshot]:
        return [self.snapshots[user_id] for user_id in ids if user_id in self.snapshots]

    async def page(self, after: str, limit: int) -> list[UserSnapshot]:
        if self.failures_left:
            self.failures_left -= 1
            raise Unavailable
        return [snapshot for snapshot in self.snapshots.values() if snapshot.id > after][:limit]


@pytest.fixture(autouse=True)
def small_ranges(monkeypatch: pytest.MonkeyPatch) -> None:
    """Small pages, so that page borders are covered."""
    monkeypatch.setattr(user_cache_consumer, "USERS_PER_PAGE", 3)


async def register_cached_users(setup: UserCacheSetup, count: int) -> list[UserSnapshot]:
    """Register users and cache them; return them ordered by id."""
    people = [await setup.register_user(f"Person {number}") for number in range(count)]
    copies = await setup.user_snapshots.find([snapshot.id for snapshot in people])
    await setup.user_cache.apply(copies, None)
    return sorted(copies, key=lambda snapshot: snapshot.id)


async def test_current_entries_are_not_repaired(setup: UserCacheSetup) -> None:
    """Current entries, and an empty cache, need no repair."""
    comparison = UserCacheReconciler(setup.user_snapshots, [setup.user_cache])
    assert await comparison.reconcile() == 0
    await register_cached_users(setup, 7)
    assert await comparison.reconcile() == 0


async def test_stale_entries_are_repaired(setup: UserCacheSetup) -> None:
    """Entries that missed an update are repaired, on every page."""
    copies = await register_cached_users(setup, 8)
    changed = [copies[at].id for at in (0, 2, 3, 7)]
    for user_id in changed:
        await setup.user_store.change(user_id, ProfileChange(display_name="Renamed"))
    comparison = UserCacheReconciler(setup.user_snapshots, [setup.user_cache])

    assert await comparison.reconcile() == len(changed)
    assert {
        snapshot.id for snapshot in await setup.user_cache.page("", 100) if snapshot.display_name == "Renamed"
    } == set(changed)
    assert await comparison.reconcile() == 0
    assert comparison.repaired_count == len(changed)


async def test_user_missing_at_the_source_is_marked_deleted(setup: UserCacheSetup) -> None:
    """An entry that missed a deletion becomes a tombstone, which is not repaired again."""
    copies = await register_cached_users(setup, 5)
    await setup.user_snapshots.delete(copies[1].id)
    comparison = UserCacheReconciler(setup.user_snapshots, [setup.user_cache])

    assert await comparison.reconcile() == 1
    (gone,) = await setup.user_cache.find([copies[1].id])
    assert (gone.deleted, gone.username, gone.display_name) == (True, "deleted", None)
    assert await comparison.reconcile() == 0
    await setup.user_cache.apply([msgspec.structs.replace(copies[1], username="back")], None)
    assert [snapshot.deleted for snapshot in await setup.user_cache.find([copies[1].id])] == [True]


async def test_every_user_cache_is_reconciled(setup: UserCacheSetup) -> None:
    """Each cache is compared and repaired independently."""
    copies = await register_cached_users(setup, 4)
    await setup.user_store.change(copies[0].id, ProfileChange(display_name="Renamed"))

    elsewhere = FakeUserCache(copies[0])
    assert await UserCacheReconciler(setup.user_snapshots, [setup.user_cache, elsewhere]).reconcile() == 2
    assert elsewhere.snapshots[copies[0].id].display_name == "Renamed"


async def test_reconciler_runs_periodically_until_closed(
    setup: UserCacheSetup, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The reconciler runs periodically, and continues after a store failure."""
    monkeypatch.setattr(user_cache_consumer, "RECONCILE_INTERVAL_S", 0.01)
    monkeypatch.setattr(random, "uniform", lambda _low, _high: 1.0)
    copies = await register_cached_users(setup, 2)
    comparison = UserCacheReconciler(
        setup.user_snapshots, [FakeUserCache(copies[0], failures_left=3), setup.user_cache]
    )
    comparison.start()
    for copy in copies:
        await setup.user_store.change(copy.id, ProfileChange(display_name="Renamed"))
    await until(lambda: comparison.repaired_count == 3)
    await comparison.close()

    assert {snapshot.display_name for snapshot in await setup.user_cache.page("", 10)} == {"Renamed"}


class RecordingUserCache(FakeUserCache):
    """A cache that records its reads and fails at one of them."""

    def __init__(self, snapshots: Sequence[UserSnapshot], failing_read: int) -> None:
        super().__init__(snapshots[0])
        self.snapshots = {snapshot.id: snapshot for snapshot in snapshots}
        self.reads: list[str] = []
        self._failing_read = failing_read

    async def page(self, after: str, limit: int) -> list[UserSnapshot]:
        self.reads.append(after)
        if len(self.reads) == self._failing_read:
            raise Unavailable
        return await super().page(after, limit)


async def test_reconciliation_continues_where_it_failed(setup: UserCacheSetup) -> None:
    """From the same page of that cache, so that its end is reached; other caches are compared meanwhile."""
    copies = await register_cached_users(setup, 7)
    await setup.user_store.change(copies[0].id, ProfileChange(display_name="Renamed"))
    failing = RecordingUserCache(copies, failing_read=2)
    comparison = UserCacheReconciler(setup.user_snapshots, [failing, setup.user_cache])
    with pytest.raises(Unavailable):
        await comparison.reconcile()
    assert comparison.repaired_count == 2
    await comparison.reconcile()
    await comparison.reconcile()

    pages = ["", copies[2].id, copies[5].id, copies[6].id]
    assert failing.reads == [*pages[:2], *pages[1:], *pages]
