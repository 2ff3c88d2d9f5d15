"""Copies are compared with their owner, and what differs is mended, however it came about."""

import random
from collections.abc import Sequence

import msgspec
import pytest

from actors.user_cache import user_cache_consumer
from actors.user_cache.user_cache_consumer import UserCacheReconciler
from storage.errors import Unavailable
from storage.records.domain_events import CursorUpdate
from storage.records.user_cache import UserSnapshot
from storage.records.users import ProfileChange
from tests.actors.user_cache.conftest import Houses
from tests.until import until


class Elsewhere:
    """Another service's copy of one person; away for as many looks as it is told."""

    def __init__(self, copy: UserSnapshot, away: int = 0) -> None:
        self.kept = {copy.id: copy}
        self.away = away

    async def apply(self, snapshots: Sequence[UserSnapshot], cursor_update: CursorUpdate | None) -> None:
        self.kept.update({one.id: one for one in snapshots})

    async def find(self, ids: Sequence[str]) -> list[UserSnapshot]:
        return [self.kept[one] for one in ids if one in self.kept]

    async def page(self, after: str, limit: int) -> list[UserSnapshot]:
        if self.away:
            self.away -= 1
            raise Unavailable
        return [one for one in self.kept.values() if one.id > after][:limit]


@pytest.fixture(autouse=True)
def small_ranges(monkeypatch: pytest.MonkeyPatch) -> None:
    """Several ranges, so that their seams are met."""
    monkeypatch.setattr(user_cache_consumer, "USERS_PER_PAGE", 3)


async def copied(houses: Houses, count: int) -> list[UserSnapshot]:
    """That many people and their copies, in the order of ids."""
    people = [await houses.somebody(f"Person {number}") for number in range(count)]
    copies = await houses.owner.find([one.id for one in people])
    await houses.copies.apply(copies, None)
    return sorted(copies, key=lambda one: one.id)


async def test_what_is_right_is_left_alone(houses: Houses) -> None:
    """Nothing is mended; with nobody there is nothing to compare."""
    comparison = UserCacheReconciler(houses.owner, [houses.copies])
    assert await comparison.reconcile() == 0
    await copied(houses, 7)
    assert await comparison.reconcile() == 0


async def test_stale_copies_are_mended(houses: Houses) -> None:
    """Updates that were never told are found at the owner, in whatever range they stand."""
    copies = await copied(houses, 8)
    changed = [copies[at].id for at in (0, 2, 3, 7)]
    for user_id in changed:
        await houses.accounts.change(user_id, ProfileChange(display_name="Anew"))
    comparison = UserCacheReconciler(houses.owner, [houses.copies])

    assert await comparison.reconcile() == len(changed)
    assert {one.id for one in await houses.copies.page("", 100) if one.display_name == "Anew"} == set(changed)
    assert await comparison.reconcile() == 0
    assert comparison.repaired_count == len(changed)


async def test_who_is_missing_at_the_owner_is_marked_deleted(houses: Houses) -> None:
    """A deletion that was never told; once marked it stays so and is not mended again."""
    copies = await copied(houses, 5)
    await houses.owner.delete(copies[1].id)
    comparison = UserCacheReconciler(houses.owner, [houses.copies])

    assert await comparison.reconcile() == 1
    (gone,) = await houses.copies.find([copies[1].id])
    assert (gone.deleted, gone.username, gone.display_name) == (True, "deleted", None)
    assert await comparison.reconcile() == 0
    await houses.copies.apply([msgspec.structs.replace(copies[1], username="back")], None)
    assert [one.deleted for one in await houses.copies.find([copies[1].id])] == [True]


async def test_every_service_is_compared(houses: Houses) -> None:
    """What one lacks is no business of another."""
    copies = await copied(houses, 4)
    await houses.accounts.change(copies[0].id, ProfileChange(display_name="Anew"))

    elsewhere = Elsewhere(copies[0])
    assert await UserCacheReconciler(houses.owner, [houses.copies, elsewhere]).reconcile() == 2
    assert elsewhere.kept[copies[0].id].display_name == "Anew"


async def test_it_runs_by_itself_and_ends(houses: Houses, monkeypatch: pytest.MonkeyPatch) -> None:
    """At intervals, also after a time in which the stores were away."""
    monkeypatch.setattr(user_cache_consumer, "RECONCILE_INTERVAL_S", 0.01)
    monkeypatch.setattr(random, "uniform", lambda _low, _high: 1.0)
    copies = await copied(houses, 2)
    comparison = UserCacheReconciler(houses.owner, [Elsewhere(copies[0], away=3), houses.copies])
    comparison.start()
    for copy in copies:
        await houses.accounts.change(copy.id, ProfileChange(display_name="Anew"))
    await until(lambda: comparison.repaired_count == 3)
    await comparison.close()

    assert {one.display_name for one in await houses.copies.page("", 10)} == {"Anew"}
