"""A service's copies of people: the newest version wins, whatever the order, and the deleted stay so."""

import asyncio
import random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from storage.errors import Conflict
from storage.postgres.copies import PostgresUserCopies
from storage.records.copies import UserCopy
from storage.records.sync import Place, Step
from tests.storage.service_database import ServiceDatabase, some_id, some_ids

VERSIONS = 6
NAME = "social.copies"
START, NEXT = Place("here"), Place("here", 5, 50)


@pytest.fixture
def copies(social_database: ServiceDatabase) -> PostgresUserCopies:
    return social_database.first.copies


def copy_of(user_id: str, version: int, *, deleted: bool = False) -> UserCopy:
    return UserCopy(
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
    copies: PostgresUserCopies, order: list[int], again: list[int], cuts: set[int], ends: bool
) -> None:
    """In whatever batches and however often they come; where the newest is the end, nothing comes back."""
    user_id = some_id()

    def version(number: int) -> UserCopy:
        return copy_of(user_id, number, deleted=ends and number == VERSIONS)

    batch: list[UserCopy] = []
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


async def test_batch_takes_in_many_at_once(copies: PostgresUserCopies) -> None:
    """Those that are new and those that are newer; the others stay."""
    ana, ben, cai = some_ids(3)
    await copies.apply([copy_of(ana, 5), copy_of(ben, 5)], None)
    await copies.apply([copy_of(cai, 1), copy_of(ben, 6), copy_of(ana, 4)], None)
    await copies.apply([], None)
    found = sorted(await copies.find([cai, ben, ana, ana, some_id(), "no id"]), key=lambda one: one.id)
    assert found == [copy_of(ana, 5), copy_of(ben, 6), copy_of(cai, 1)]
    assert await copies.find([]) == []


async def test_pages_come_in_the_order_of_ids(copies: PostgresUserCopies) -> None:
    """The deleted too; each once."""
    ids = some_ids(7)
    shuffled = random.Random(1).sample(ids, 7)
    await copies.apply([copy_of(one, 1, deleted=one == ids[2]) for one in shuffled], None)
    for limit in (1, 3, 100):
        seen: list[UserCopy] = []
        while some := await copies.page(seen[-1].id if seen else "", limit):
            assert len(some) <= limit
            seen += some
        assert [one.id for one in seen] == ids
    assert [one.deleted for one in seen].count(True) == 1


async def test_copies_and_cursor_move_together(
    social_database: ServiceDatabase, copies: PostgresUserCopies
) -> None:
    """Whoever is elsewhere takes nothing in; also an empty batch moves the cursor."""
    cursors = social_database.first.cursors
    ana = some_id()
    await cursors.begin(NAME, START)
    with pytest.raises(Conflict, match="cursor"):
        await copies.apply([copy_of(ana, 1)], Step(NAME, NEXT, START))
    assert (await copies.find([ana]), await cursors.place(NAME)) == ([], START)
    await copies.apply([copy_of(ana, 1)], Step(NAME, START, NEXT))
    assert (await copies.find([ana]), await cursors.place(NAME)) == ([copy_of(ana, 1)], NEXT)
    await copies.apply([], Step(NAME, NEXT, START))
    assert await cursors.place(NAME) == START


async def test_two_readers_of_one_step_take_it_in_once(
    social_database: ServiceDatabase, copies: PostgresUserCopies
) -> None:
    """The other's batch leaves no trace, though its copies were newer."""
    ana = some_id()
    other = (await social_database.instance()).copies
    await social_database.first.cursors.begin(NAME, START)
    outcomes = await asyncio.gather(
        copies.apply([copy_of(ana, 1)], Step(NAME, START, NEXT)),
        other.apply([copy_of(ana, 2)], Step(NAME, START, NEXT)),
        return_exceptions=True,
    )
    taken = [number for number, one in enumerate(outcomes, 1) if one is None]
    assert len(taken) == 1
    assert await copies.find([ana]) == [copy_of(ana, taken[0])]


async def test_overlapping_batches_of_two_instances_do_not_deadlock(
    social_database: ServiceDatabase, copies: PostgresUserCopies
) -> None:
    """In whatever order each has them; the newest of all are there at the end."""
    other = (await social_database.instance()).copies
    ids = some_ids(40)

    async def apply(number: int) -> None:
        chance = random.Random(number)
        batch = [copy_of(one, chance.randrange(1, 50)) for one in chance.sample(ids, 30)]
        await (copies, other)[number % 2].apply([*batch, copy_of(ids[number], 50)], None)

    await asyncio.gather(*(apply(number) for number in range(40)))
    assert await copies.page("", 100) == [copy_of(one, 50) for one in ids]


async def test_names_as_long_as_users_may_have_fit(copies: PostgresUserCopies) -> None:
    """Whatever the User service takes, a copy takes."""
    long = UserCopy(some_id(), "n" * 50, "\N{ROCKET}" * 100, "u" * 500, verified=True, version=2**62)
    await copies.apply([long], None)
    assert await copies.find([long.id]) == [long]
