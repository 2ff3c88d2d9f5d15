"""Copies are compared with their owner, and what differs is mended, however it came about."""

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
    """Another service's copy of one person; away for as many looks as it is told."""

    def __init__(self, snapshot: UserSnapshot, failures_left: int = 0) -> None:
        self.snapshots = {snapshot.id: snapshot}
        self.failures_left = failures_left

    async def apply(self, snapshots: Sequence[UserSnapshot], cursor_update: CursorUpdate | None) -> None:
        self.snapshots.update({one.id: one for one in snapshots})

    async def find(self, ids: Sequence[str]) -> list[UserSnapshot]:
        return [self.snapshots[one] for one in ids if one in self.snapshots]

    async def page(self, after: str, limit: int) -> list[UserSnapshot]:
        if self.failures_left:
            self.failures_left -= 1
            raise Unavailable
        return [one for one in self.snapshots.values() if one.id > after][:limit]


@pytest.fixture(autouse=True)
def small_ranges(monkeypatch: pytest.MonkeyPatch) -> None:
    """Several ranges, so that their seams are met."""
    monkeypatch.setattr(user_cache_consumer, "USERS_PER_PAGE", 3)


async def register_cached_users(houses: UserCacheSetup, count: int) -> list[UserSnapshot]:
    """That many people and their copies, in the order of ids."""
    people = [await houses.register_user(f"Person {number}") for number in range(count)]
    copies = await houses.user_snapshots.find([one.id for one in people])
    await houses.user_cache.apply(copies, None)
    return sorted(copies, key=lambda one: one.id)


async def test_current_entries_are_not_repaired(houses: UserCacheSetup) -> None:
    """Nothing is mended; with nobody there is nothing to compare."""
    comparison = UserCacheReconciler(houses.user_snapshots, [houses.user_cache])
    assert await comparison.reconcile() == 0
    await register_cached_users(houses, 7)
    assert await comparison.reconcile() == 0


async def test_stale_entries_are_repaired(houses: UserCacheSetup) -> None:
    """Updates that were never told are found at the owner, in whatever range they stand."""
    copies = await register_cached_users(houses, 8)
    changed = [copies[at].id for at in (0, 2, 3, 7)]
    for user_id in changed:
        await houses.user_store.change(user_id, ProfileChange(display_name="Anew"))
    comparison = UserCacheReconciler(houses.user_snapshots, [houses.user_cache])

    assert await comparison.reconcile() == len(changed)
    assert {one.id for one in await houses.user_cache.page("", 100) if one.display_name == "Anew"} == set(
        changed
    )
    assert await comparison.reconcile() == 0
    assert comparison.repaired_count == len(changed)


async def test_user_missing_at_the_source_is_marked_deleted(houses: UserCacheSetup) -> None:
    """A deletion that was never told; once marked it stays so and is not mended again."""
    copies = await register_cached_users(houses, 5)
    await houses.user_snapshots.delete(copies[1].id)
    comparison = UserCacheReconciler(houses.user_snapshots, [houses.user_cache])

    assert await comparison.reconcile() == 1
    (gone,) = await houses.user_cache.find([copies[1].id])
    assert (gone.deleted, gone.username, gone.display_name) == (True, "deleted", None)
    assert await comparison.reconcile() == 0
    await houses.user_cache.apply([msgspec.structs.replace(copies[1], username="back")], None)
    assert [one.deleted for one in await houses.user_cache.find([copies[1].id])] == [True]


async def test_every_user_cache_is_reconciled(houses: UserCacheSetup) -> None:
    """What one lacks is no business of another."""
    copies = await register_cached_users(houses, 4)
    await houses.user_store.change(copies[0].id, ProfileChange(display_name="Anew"))

    elsewhere = FakeUserCache(copies[0])
    assert await UserCacheReconciler(houses.user_snapshots, [houses.user_cache, elsewhere]).reconcile() == 2
    assert elsewhere.snapshots[copies[0].id].display_name == "Anew"


async def test_reconciler_runs_periodically_until_closed(
    houses: UserCacheSetup, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At intervals, also after a time in which the stores were away."""
    monkeypatch.setattr(user_cache_consumer, "RECONCILE_INTERVAL_S", 0.01)
    monkeypatch.setattr(random, "uniform", lambda _low, _high: 1.0)
    copies = await register_cached_users(houses, 2)
    comparison = UserCacheReconciler(
        houses.user_snapshots, [FakeUserCache(copies[0], failures_left=3), houses.user_cache]
    )
    comparison.start()
    for copy in copies:
        await houses.user_store.change(copy.id, ProfileChange(display_name="Anew"))
    await until(lambda: comparison.repaired_count == 3)
    await comparison.close()

    assert {one.display_name for one in await houses.user_cache.page("", 10)} == {"Anew"}
