"""Where the consumers of a service stand, and what they could not take."""

import asyncio
from datetime import UTC, datetime

import msgspec
import pytest

from storage.contracts.domain_events import Cursor, CursorUpdate, OutboxEvent
from storage.errors import Conflict
from storage.postgres.cursors import PostgresCursors
from storage.postgres.statement import load_statement
from tests.storage.service_database import ServiceDatabase

MOVE = load_statement("common", "cursors", "cursor_advance").text
NAME = "posts.copies"
START, NEXT, FAR = Cursor("here"), Cursor("here", 5, 50), Cursor("here", 6, 10)
EVENT = OutboxEvent(50, 5, "ana", "user.updated", b'{"n": 1}', datetime(2026, 1, 1, tzinfo=UTC))


@pytest.fixture
async def cursors(social_database: ServiceDatabase) -> PostgresCursors:
    """With one consumer at its beginning."""
    made = social_database.instance_a.cursors
    await made.create(NAME, START)
    return made


async def test_first_place_stays(cursors: PostgresCursors) -> None:
    """Whoever begins again begins nothing; others begin for themselves."""
    await cursors.create(NAME, FAR)
    assert await cursors.get(NAME) == START
    assert await cursors.get("another") is None
    await cursors.create("another", FAR)
    assert (await cursors.get(NAME), await cursors.get("another")) == (START, FAR)


@pytest.mark.parametrize(
    "before",
    [NEXT, Cursor("elsewhere"), Cursor("here", 0, 1), Cursor("here", 1, 0)],
)
async def test_step_from_anywhere_else_conflicts(cursors: PostgresCursors, before: Cursor) -> None:
    """Each part of a place counts; the cursor stays."""
    with pytest.raises(Conflict) as refused:
        await cursors.advance(CursorUpdate(NAME, before, FAR))
    assert refused.value.constraint == "cursor"
    assert await cursors.get(NAME) == START
    with pytest.raises(Conflict, match="cursor"):
        await cursors.advance(CursorUpdate("nobody", START, FAR))


async def test_cursor_moves_to_any_place(cursors: PostgresCursors) -> None:
    """Also back to the beginning, and to another history."""
    elsewhere = Cursor("elsewhere")
    for before, after in ((START, NEXT), (NEXT, FAR), (FAR, START), (START, START), (START, elsewhere)):
        await cursors.advance(CursorUpdate(NAME, before, after))
        assert await cursors.get(NAME) == after


async def test_same_step_is_taken_once(social_database: ServiceDatabase, cursors: PostgresCursors) -> None:
    """Of twenty on two instances one gets on, the others conflict."""
    other = (await social_database.instance()).cursors
    outcomes = await asyncio.gather(
        *((cursors, other)[n % 2].advance(CursorUpdate(NAME, START, NEXT)) for n in range(20)),
        return_exceptions=True,
    )
    assert sum(isinstance(one, Conflict) for one in outcomes) == 19
    assert await cursors.get(NAME) == NEXT


@pytest.mark.parametrize("ends_well", [True, False])
async def test_step_that_meets_the_same_under_way_waits_for_it(
    social_database: ServiceDatabase, cursors: PostgresCursors, ends_well: bool
) -> None:
    """It conflicts when the first is taken, and is taken when the first is not."""
    beside = await social_database.connection()
    moving = beside.transaction()
    await moving.start()
    await beside.execute(MOVE, NAME, "here", 0, 0, "here", 5, 50)
    step = await social_database.start_until_blocked(cursors.advance(CursorUpdate(NAME, START, FAR)))
    if ends_well:
        await moving.commit()
        with pytest.raises(Conflict, match="cursor"):
            await step
    else:
        await moving.rollback()
        await step
    assert await cursors.get(NAME) == (NEXT if ends_well else FAR)


async def test_buried_event_is_kept_as_it_was(cursors: PostgresCursors) -> None:
    """With the kind of the failure; the same one of the same consumer once."""
    await cursors.add_dead_letter(NAME, EVENT, "ValueError", None)
    await cursors.add_dead_letter(NAME, EVENT, "TypeError", None)
    await cursors.add_dead_letter("another", EVENT, "ValueError", None)
    first, second = await cursors.dead_letters(10)
    assert (first.consumer, first.reason, second.consumer) == (NAME, "ValueError", "another")
    assert first.event == msgspec.structs.replace(EVENT, xid=0)
    assert await cursors.dead_letter_count() == 2
    assert await cursors.dead_letters(1) == [first]


async def test_dropped_letter_is_gone(cursors: PostgresCursors) -> None:
    """The others stay; dropping it again does nothing; it may be buried anew."""
    await cursors.add_dead_letter(NAME, EVENT, "ValueError", None)
    await cursors.add_dead_letter(NAME, msgspec.structs.replace(EVENT, id=51), "ValueError", None)
    first, second = await cursors.dead_letters(10)
    for _ in range(2):
        await cursors.delete_dead_letter(first.id)
        assert await cursors.dead_letters(10) == [second]
    await cursors.add_dead_letter(NAME, EVENT, "ValueError", None)
    assert await cursors.dead_letter_count() == 2


async def test_number_used_again_after_a_restore_is_another_letter(cursors: PostgresCursors) -> None:
    """The key tells two events of one number apart."""
    await cursors.add_dead_letter(NAME, EVENT, "ValueError", None)
    await cursors.add_dead_letter(NAME, msgspec.structs.replace(EVENT, key="ben"), "ValueError", None)
    assert await cursors.dead_letter_count() == 2


async def test_burying_and_moving_on_are_one(cursors: PostgresCursors) -> None:
    """Whoever is elsewhere buries nothing; also what is buried already may be moved on from."""
    with pytest.raises(Conflict, match="cursor"):
        await cursors.add_dead_letter(NAME, EVENT, "ValueError", CursorUpdate(NAME, NEXT, FAR))
    assert (await cursors.dead_letter_count(), await cursors.get(NAME)) == (0, START)
    await cursors.add_dead_letter(NAME, EVENT, "ValueError", CursorUpdate(NAME, START, NEXT))
    assert (await cursors.dead_letter_count(), await cursors.get(NAME)) == (1, NEXT)
    await cursors.add_dead_letter(NAME, EVENT, "ValueError", CursorUpdate(NAME, NEXT, FAR))
    assert (await cursors.dead_letter_count(), await cursors.get(NAME)) == (1, FAR)
