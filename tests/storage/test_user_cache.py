"""Contract of `UserCache`: the newest version wins in any order, and deleted users stay deleted."""

import asyncio
import random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from storage.contracts.domain_events import Cursor, CursorUpdate
from storage.contracts.user_cache import UserSnapshot
from storage.errors import Conflict
from storage.postgres.user_cache import PostgresUserCache
from tests.storage.service_database import ServiceDatabase, random_id, sorted_random_ids

VERSIONS = 6
NAME = "social.copies"
START, NEXT = Cursor("here"), Cursor("here", 5, 50)


@pytest.fixture
def copies(social_database: ServiceDatabase) -> PostgresUserCache:
    return social_database.instance_a.user_cache


def make_snapshot(user_id: str, version: int, *, deleted: bool = False) -> UserSnapshot:
    return UserSnapshot(
        user_id,
        "deleted" if deleted else f"name{version}",
        None if version % 2 else f"Name {version}",
        None if deleted else "https://example.test/a.png",
        verified=not deleted and version % 3 == 0,
        version=version,
        deleted=deleted,
    )


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], database=None
)
@given(
    order=st.permutations(range(1, VERSIONS + 1)),
    again=st.lists(st.integers(1, VERSIONS), max_size=4),
    cuts=st.sets(st.integers(1, VERSIONS + 3)),
    ends=st.booleans(),
)
async def test_newest_version_wins_in_any_order(
    copies: PostgresUserCache, order: list[int], again: list[int], cuts: set[int], ends: bool
) -> None:
    """In any batches and repetitions; a deleted user is not restored."""
    user_id = random_id()

    def version(number: int) -> UserSnapshot:
        return make_snapshot(user_id, number, deleted=ends and number == VERSIONS)

    batch: list[UserSnapshot] = []
    highest = 0
    for at, number in enumerate([*order, *again]):
        batch.append(version(number))
        highest = max(highest, number)
        if at in cuts:
            await copies.apply(batch, None)
            batch = []
            assert await copies.find([user_id]) == [version(highest)]
    await copies.apply(batch, None)
    assert await copies.find([user_id]) == [version(VERSIONS)]


async def test_batch_stores_new_and_newer_snapshots(copies: PostgresUserCache) -> None:
    """Others stay."""
    ana, ben, cai = sorted_random_ids(3)
    await copies.apply([make_snapshot(ana, 5), make_snapshot(ben, 5)], None)
    await copies.apply([make_snapshot(cai, 1), make_snapshot(ben, 6), make_snapshot(ana, 4)], None)
    await copies.apply([], None)
    found = sorted(await copies.find([cai, ben, ana, ana, random_id(), "no id"]), key=lambda one: one.id)
    assert found == [make_snapshot(ana, 5), make_snapshot(ben, 6), make_snapshot(cai, 1)]
    assert await copies.find([]) == []


async def test_pages_are_in_id_order(copies: PostgresUserCache) -> None:
    """Including deleted users; each once."""
    ids = sorted_random_ids(7)
    shuffled = random.Random(1).sample(ids, 7)
    await copies.apply([make_snapshot(one, 1, deleted=one == ids[2]) for one in shuffled], None)
    for limit in (1, 3, 100):
        seen: list[UserSnapshot] = []
        while some := await copies.page(seen[-1].id if seen else "", limit):
            assert len(some) <= limit
            seen += some
        assert [one.id for one in seen] == ids
    assert [one.deleted for one in seen].count(True) == 1


async def test_snapshots_and_cursor_are_written_together(
    social_database: ServiceDatabase, copies: PostgresUserCache
) -> None:
    """From another cursor nothing is stored; an empty batch advances the cursor."""
    cursors = social_database.instance_a.cursors
    ana = random_id()
    await cursors.create(NAME, START)
    with pytest.raises(Conflict, match="cursor"):
        await copies.apply([make_snapshot(ana, 1)], CursorUpdate(NAME, NEXT, START))
    assert (await copies.find([ana]), await cursors.get(NAME)) == ([], START)
    await copies.apply([make_snapshot(ana, 1)], CursorUpdate(NAME, START, NEXT))
    assert (await copies.find([ana]), await cursors.get(NAME)) == ([make_snapshot(ana, 1)], NEXT)
    await copies.apply([], CursorUpdate(NAME, NEXT, START))
    assert await cursors.get(NAME) == START


async def test_one_of_two_concurrent_readers_succeeds(
    social_database: ServiceDatabase, copies: PostgresUserCache
) -> None:
    """The other's batch is rolled back, though its snapshots were newer."""
    ana = random_id()
    other = (await social_database.instance()).user_cache
    await social_database.instance_a.cursors.create(NAME, START)
    outcomes = await asyncio.gather(
        copies.apply([make_snapshot(ana, 1)], CursorUpdate(NAME, START, NEXT)),
        other.apply([make_snapshot(ana, 2)], CursorUpdate(NAME, START, NEXT)),
        return_exceptions=True,
    )
    taken = [number for number, one in enumerate(outcomes, 1) if one is None]
    assert len(taken) == 1
    assert await copies.find([ana]) == [make_snapshot(ana, taken[0])]


async def test_overlapping_batches_of_two_instances_do_not_deadlock(
    social_database: ServiceDatabase, copies: PostgresUserCache
) -> None:
    """In any order within a batch; the newest snapshots are stored at the end."""
    other = (await social_database.instance()).user_cache
    ids = sorted_random_ids(40)

    async def apply(number: int) -> None:
        rng = random.Random(number)
        batch = [make_snapshot(one, rng.randrange(1, 50)) for one in rng.sample(ids, 30)]
        await (copies, other)[number % 2].apply([*batch, make_snapshot(ids[number], 50)], None)

    await asyncio.gather(*(apply(number) for number in range(40)))
    assert await copies.page("", 100) == [make_snapshot(one, 50) for one in ids]


async def test_maximum_length_names_fit(copies: PostgresUserCache) -> None:
    """Everything the User service accepts can be cached."""
    long = UserSnapshot(random_id(), "n" * 50, "\N{ROCKET}" * 100, "u" * 500, verified=True, version=2**62)
    await copies.apply([long], None)
    assert await copies.find([long.id]) == [long]
