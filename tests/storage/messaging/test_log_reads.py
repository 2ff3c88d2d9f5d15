"""Contract of `MessagingStore`: reading the log, and what changes do to messages."""

import asyncio
import itertools

import pytest

from storage.contracts.identifiers import new_id
from storage.contracts.message_log import MembershipDelta, MessageEntry, ReactionRecord
from storage.contracts.messaging import MessagingStore
from tests.storage.messaging.records import NOW_MS, append_all, change, get_message, message


async def test_find_advanced_checks_1500_conversations_at_once(store: MessagingStore) -> None:
    """Exactly those with an entry at the next seq are returned."""
    rooms = [new_id() for _ in range(1500)]
    advanced = rooms[::7]
    await append_all(store, *(message(one, 5) for one in advanced))
    assert await store.find_advanced([(one, 4) for one in rooms]) == set(advanced)
    assert await store.find_advanced([(one, 5) for one in rooms]) == set()
    assert await store.find_advanced([]) == set()


async def test_find_messages_omits_changes_and_unknown_ids(store: MessagingStore, room: str) -> None:
    """Only messages are returned."""
    first, second = message(room, 1), message(room, 2)
    edit = change(room, 3, 1)
    await append_all(store, first, second, edit)
    found = await store.find_messages([second.id, edit.id, new_id(), first.id])
    assert sorted(found, key=lambda entry: entry.seq) == [first, second]
    assert await store.find_messages([]) == []


async def fill_with_changes(store: MessagingStore, conversation_id: str) -> list[int]:
    """Fill a log with 700 entries in which every 23rd is a message; return their seqs."""
    entries = [
        message(conversation_id, n) if n % 23 == 0 else change(conversation_id, n, 23) for n in range(1, 701)
    ]
    await append_all(store, *entries)
    return [entry.seq for entry in entries if isinstance(entry, MessageEntry)]


@pytest.mark.parametrize("newest", [True, False])
async def test_page_is_full_despite_changes_in_between(
    store: MessagingStore, room: str, newest: bool
) -> None:
    """A page holds `limit` messages in either direction."""
    known = await fill_with_changes(store, room)
    for before, after, limit in itertools.product((701, 600, 47, 24), (0, 23, 24, 300), (1, 7, 100)):
        page = await store.page_messages(room, before, after, limit, newest=newest)
        inside = [seq for seq in known if after < seq < before]
        expected = inside[::-1][:limit] if newest else inside[:limit]
        assert [entry.seq for entry in page] == expected, (before, after, limit)


async def test_range_without_messages_is_an_empty_page(store: MessagingStore, room: str) -> None:
    """No error is raised."""
    await append_all(store, message(room, 1), change(room, 2, 1))
    assert await store.page_messages(room, 3, 1, 20, newest=True) == []
    assert await store.page_messages(room, 1, 1, 20, newest=False) == []
    assert await store.page_messages(room, 0, 5, 20, newest=True) == []


async def test_count_unread_counts_text_of_others_only(store: MessagingStore, room: str) -> None:
    """Own, deleted and SYSTEM messages, changes, and messages up to the mark do not count."""
    await append_all(
        store,
        message(room, 1, sender="bob"),
        message(room, 2, sender="bob"),
        message(room, 3),
        message(room, 4, sender="bob", message_type="SYSTEM", membership=MembershipDelta(2)),
        change(room, 5, 2),
        message(room, 6, sender="bob"),
        message(room, 7, sender="eve"),
        change(room, 8, 6, content="", deleted_at_ms=NOW_MS),
    )
    assert await store.count_unread(room, "ana", 1, 1000) == 3
    await store.apply_change(change(room, 8, 6, content="", deleted_at_ms=NOW_MS))
    assert await store.count_unread(room, "ana", 1, 1000) == 2
    assert await store.count_unread(room, "ana", 1, 1) == 1
    assert await store.count_unread(room, "ana", 7, 1000) == 0


async def test_latest_change_wins_in_any_order(store: MessagingStore, room: str) -> None:
    """Applying a change twice has no further effect."""
    await append_all(store, message(room, 1))
    later = change(room, 9, 1, content="$later", reactions=(ReactionRecord("🙂", ("bob",)),))
    earlier = change(room, 5, 1, content="earlier", edited_at_ms=NOW_MS)
    for applied in (earlier, later, later, earlier):
        await store.apply_change(applied)
    found = await get_message(store, room, 1)
    assert (found.content, found.edited_at_ms, found.changed_seq) == ("$later", None, 9)
    assert found.reactions == (ReactionRecord("🙂", ("bob",)),)
    await store.apply_change(change(room, 12, 1, deleted_at_ms=NOW_MS))
    found = await get_message(store, room, 1)
    assert (found.deleted_at_ms, found.reactions, found.changed_seq) == (NOW_MS, (), 12)


async def test_change_of_an_unknown_message_does_nothing(store: MessagingStore, room: str) -> None:
    """It raises no error and changes no other entry."""
    await store.apply_change(change(room, 5, 1))
    assert await store.read(room, 0, 10) == []
    edit = change(room, 1, 9)
    await append_all(store, edit)
    await store.apply_change(change(room, 2, 1))
    assert await store.read(room, 0, 10) == [edit]


async def test_mark_read_by_is_idempotent(store: MessagingStore, room: str) -> None:
    """Messages of others in the range record the reader once, with the first time."""
    await append_all(
        store,
        *(message(room, seq, sender="bob") for seq in (1, 2, 3)),
        message(room, 4, sender="ana"),
        change(room, 5, 1),
        message(room, 6, sender="bob"),
    )
    await store.mark_read_by(room, "ana", 1, 3, NOW_MS)
    await store.mark_read_by(room, "ana", 0, 5, NOW_MS + 50)
    await store.mark_read_by(room, "eve", 2, 3, NOW_MS + 60)
    page = await store.page_messages(room, 7, 0, 10, newest=False)
    readers = {entry.seq: [(by.user_id, by.read_at_ms) for by in entry.read_by] for entry in page}
    assert readers == {
        1: [("ana", NOW_MS + 50)],
        2: [("ana", NOW_MS)],
        3: [("ana", NOW_MS), ("eve", NOW_MS + 60)],
        4: [],
        6: [],
    }


async def test_concurrent_mark_read_by_records_a_reader_once(store: MessagingStore, room: str) -> None:
    """Many devices may mark the same messages at once."""
    await append_all(store, *(message(room, seq, sender="bob") for seq in range(1, 6)))
    await asyncio.gather(*(store.mark_read_by(room, "ana", 0, 5, NOW_MS + n) for n in range(16)))
    page = await store.page_messages(room, 6, 0, 10, newest=False)
    assert [len(entry.read_by) for entry in page] == [1] * 5
