"""Contract of `MessagingStore`: read marks."""

import asyncio

from storage.contracts.identifiers import new_id
from storage.contracts.messaging import (
    MessagingStore,
    ReadMark,
)
from tests.storage.messaging.records import NOW_MS


async def test_concurrent_read_marks_keep_the_highest(store: MessagingStore, room: str) -> None:
    """With its time."""
    marks = [ReadMark(room, "ana", seq, NOW_MS + seq) for seq in (3, 9, 1, 7, 5, 8, 2, 4, 6)]
    await asyncio.gather(*(store.advance_read_mark(mark) for mark in marks))
    assert await store.get_read_marks([(room, "ana")]) == [ReadMark(room, "ana", 9, NOW_MS + 9)]
    assert await store.advance_read_mark(ReadMark(room, "ana", 2, NOW_MS + 99)) == 9
    assert await store.get_read_marks([(room, "ana")]) == [ReadMark(room, "ana", 9, NOW_MS + 9)]
    assert await store.advance_read_mark(ReadMark(room, "ana", 10, NOW_MS + 100)) == 10
    assert await store.advance_read_mark(ReadMark(room, "ben", 1, NOW_MS)) == 1


async def test_concurrent_first_read_marks_keep_the_highest(store: MessagingStore) -> None:
    """Also if many devices create a member's first mark at once."""
    rooms = [new_id() for _ in range(10)]
    rising = [ReadMark(room, "ana", seq, NOW_MS + seq) for seq in range(1, 9) for room in rooms]
    await asyncio.gather(*(store.advance_read_mark(mark) for mark in rising))
    marks = await store.get_read_marks([(room, "ana") for room in rooms])
    assert [mark.read_seq for mark in marks] == [8] * 10


async def test_read_marks_are_absent_if_nothing_was_marked(store: MessagingStore, room: str) -> None:
    """Existing marks are returned with their conversation and user."""
    other = new_id()
    await store.advance_read_mark(ReadMark(room, "ana", 3, NOW_MS))
    await store.advance_read_mark(ReadMark(other, "bob", 4, NOW_MS))
    keys = [(room, "ana"), (room, "bob"), (other, "bob"), (other, "ana")]
    assert {
        (mark.conversation_id, mark.user_id): mark.read_seq for mark in await store.get_read_marks(keys)
    } == {
        (room, "ana"): 3,
        (other, "bob"): 4,
    }
    assert await store.get_read_marks([]) == []


async def test_muting_and_reading_are_independent(store: MessagingStore, room: str) -> None:
    """In any order and concurrently, each changes only its own field."""
    key = (room, "ana")
    await store.set_muted(*key, muted=True)
    assert await store.get_read_marks([key]) == [ReadMark(*key, muted=True)]
    await asyncio.gather(
        store.advance_read_mark(ReadMark(*key, 5, NOW_MS)), store.set_muted(*key, muted=True)
    )
    assert await store.get_read_marks([key]) == [ReadMark(*key, 5, NOW_MS, muted=True)]
    await store.set_muted(*key, muted=False)
    assert await store.get_read_marks([key]) == [ReadMark(*key, 5, NOW_MS)]
    other = (room, "bob")
    await asyncio.gather(
        store.advance_read_mark(ReadMark(*other, 5, NOW_MS)), store.set_muted(*other, muted=True)
    )
    assert await store.get_read_marks([other]) == [ReadMark(*other, 5, NOW_MS, muted=True)]
