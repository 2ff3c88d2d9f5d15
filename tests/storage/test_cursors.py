"""Contract of `Cursors`: cursors and dead letters."""

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


async def test_first_cursor_stays(cursors: PostgresCursors) -> None:
    """Creating it again changes nothing; each consumer has its own."""
    await cursors.create(NAME, FAR)
    assert await cursors.get(NAME) == START
    assert await cursors.get("another") is None
    await cursors.create("another", FAR)
    assert (await cursors.get(NAME), await cursors.get("another")) == (START, FAR)


@pytest.mark.parametrize(
    "before",
    [NEXT, Cursor("elsewhere"), Cursor("here", 0, 1), Cursor("here", 1, 0)],
)
async def test_update_from_another_cursor_conflicts(cursors: PostgresCursors, before: Cursor) -> None:
    """Every field is compared; the cursor stays."""
    with pytest.raises(Conflict) as refused:
        await cursors.advance(CursorUpdate(NAME, before, FAR))
    assert refused.value.constraint == "cursor"
    assert await cursors.get(NAME) == START
    with pytest.raises(Conflict, match="cursor"):
        await cursors.advance(CursorUpdate("nobody", START, FAR))


async def test_cursor_can_move_anywhere(cursors: PostgresCursors) -> None:
    """Also back to the start and to another source."""
    elsewhere = Cursor("elsewhere")
    for before, after in ((START, NEXT), (NEXT, FAR), (FAR, START), (START, START), (START, elsewhere)):
        await cursors.advance(CursorUpdate(NAME, before, after))
        assert await cursors.get(NAME) == after


async def test_same_update_succeeds_once(social_database: ServiceDatabase, cursors: PostgresCursors) -> None:
    """Of twenty on two instances one succeeds and the others conflict."""
    other = (await social_database.instance()).cursors
    outcomes = await asyncio.gather(
        *((cursors, other)[n % 2].advance(CursorUpdate(NAME, START, NEXT)) for n in range(20)),
        return_exceptions=True,
    )
    assert sum(isinstance(one, Conflict) for one in outcomes) == 19
    assert await cursors.get(NAME) == NEXT


@pytest.mark.parametrize("ends_well", [True, False])
async def test_update_waits_for_a_concurrent_one(
    social_database: ServiceDatabase, cursors: PostgresCursors, ends_well: bool
) -> None:
    """It conflicts if the first commits, and succeeds if the first rolls back."""
    other_connection = await social_database.connection()
    moving = other_connection.transaction()
    await moving.start()
    await other_connection.execute(MOVE, NAME, "here", 0, 0, "here", 5, 50)
    step = await social_database.start_until_blocked(cursors.advance(CursorUpdate(NAME, START, FAR)))
    if ends_well:
        await moving.commit()
        with pytest.raises(Conflict, match="cursor"):
            await step
    else:
        await moving.rollback()
        await step
    assert await cursors.get(NAME) == (NEXT if ends_well else FAR)


async def test_dead_letter_keeps_the_event(cursors: PostgresCursors) -> None:
    """With the type of the error; the same event of a consumer is kept once."""
    await cursors.add_dead_letter(NAME, EVENT, "ValueError", None)
    await cursors.add_dead_letter(NAME, EVENT, "TypeError", None)
    await cursors.add_dead_letter("another", EVENT, "ValueError", None)
    first, second = await cursors.dead_letters(10)
    assert (first.consumer, first.reason, second.consumer) == (NAME, "ValueError", "another")
    assert first.event == msgspec.structs.replace(EVENT, xid=0)
    assert await cursors.dead_letter_count() == 2
    assert await cursors.dead_letters(1) == [first]


async def test_deleted_dead_letter_is_gone(cursors: PostgresCursors) -> None:
    """Others stay; deleting again does nothing; it can be added again."""
    await cursors.add_dead_letter(NAME, EVENT, "ValueError", None)
    await cursors.add_dead_letter(NAME, msgspec.structs.replace(EVENT, id=51), "ValueError", None)
    first, second = await cursors.dead_letters(10)
    for _ in range(2):
        await cursors.delete_dead_letter(first.id)
        assert await cursors.dead_letters(10) == [second]
    await cursors.add_dead_letter(NAME, EVENT, "ValueError", None)
    assert await cursors.dead_letter_count() == 2


async def test_reused_event_id_is_another_dead_letter(cursors: PostgresCursors) -> None:
    """After a restore, the key distinguishes two events with the same id."""
    await cursors.add_dead_letter(NAME, EVENT, "ValueError", None)
    await cursors.add_dead_letter(NAME, msgspec.structs.replace(EVENT, key="ben"), "ValueError", None)
    assert await cursors.dead_letter_count() == 2


async def test_dead_letter_and_cursor_are_written_together(cursors: PostgresCursors) -> None:
    """From another cursor nothing is stored; an event already stored can be skipped."""
    with pytest.raises(Conflict, match="cursor"):
        await cursors.add_dead_letter(NAME, EVENT, "ValueError", CursorUpdate(NAME, NEXT, FAR))
    assert (await cursors.dead_letter_count(), await cursors.get(NAME)) == (0, START)
    await cursors.add_dead_letter(NAME, EVENT, "ValueError", CursorUpdate(NAME, START, NEXT))
    assert (await cursors.dead_letter_count(), await cursors.get(NAME)) == (1, NEXT)
    await cursors.add_dead_letter(NAME, EVENT, "ValueError", CursorUpdate(NAME, NEXT, FAR))
    assert (await cursors.dead_letter_count(), await cursors.get(NAME)) == (1, FAR)
