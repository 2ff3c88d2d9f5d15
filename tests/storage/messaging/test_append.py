"""Contract of `MessagingStore`, in memory and on MongoDB: appending to the log."""

import asyncio

import msgspec

from storage.contracts.identifiers import entry_id, new_attempt_id, new_id
from storage.contracts.message_log import (
    Appended,
    Duplicates,
    MembershipDelta,
    MessageEntry,
    ReactionRecord,
    SeqConflict,
)
from storage.contracts.messaging import MessagingStore
from tests.storage.messaging.records import NOW_MS, append_all, change, message, seqs


async def test_entries_are_read_as_stored(store: MessagingStore, room: str) -> None:
    """Every field of a message and of a change is preserved."""
    system = message(
        room,
        1,
        message_type="SYSTEM",
        membership=MembershipDelta(3, joined=("bob",), left=("eve",), name="Hikers", admins=("ana", "bob")),
    )
    bare = message(room, 2, membership=MembershipDelta(1))
    text = message(room, 3, mentions=("bob", "eve"), reply_to=system.id, content="$größer \u0000 🙂")
    edit = change(
        room,
        4,
        3,
        content="other",
        edited_at_ms=NOW_MS + 9,
        deleted_at_ms=NOW_MS + 10,
        reactions=(ReactionRecord("🙂", ("ana", "bob")),),
    )
    await append_all(store, system, bare, text, edit)
    assert await store.read(room, 0, 4) == [system, bare, text, edit]
    assert await store.read(room, 1, 3) == [bare, text]


async def test_batch_may_contain_many_conversations(store: MessagingStore) -> None:
    """Entries of several logs may be appended together."""
    rooms = [new_id() for _ in range(5)]
    await append_all(store, *(message(one, seq) for seq in (1, 2) for one in rooms))
    assert [await seqs(store, one) for one in rooms] == [[1, 2]] * 5


async def test_conflict_in_the_middle_stores_a_prefix(store: MessagingStore, room: str) -> None:
    """Entries before the conflict are stored, later ones are not."""
    await append_all(store, message(room, 3, sender="bob"))
    batch = [message(room, seq) for seq in (1, 2, 3, 4, 5)]
    assert await store.append(batch) == Appended(2, SeqConflict())
    assert await seqs(store, room) == [1, 2, 3]


async def test_duplicate_in_the_middle_stores_a_prefix(store: MessagingStore, room: str) -> None:
    """A known client id stops the batch and returns the original in its latest state."""
    original = message(room, 1)
    await append_all(store, original)
    await store.apply_change(change(room, 7, 1, content="edited"))
    batch = [message(room, 2), message(room, 3, client_id=original.client_id), message(room, 4)]
    result = await store.append(batch)
    expected = msgspec.structs.replace(original, content="edited", changed_seq=7)
    assert result == Appended(1, Duplicates((expected,)))
    assert await seqs(store, room) == [1, 2]


async def test_all_duplicates_of_a_batch_are_returned_at_once(store: MessagingStore, room: str) -> None:
    """Of several senders, and not those of another log in the same batch."""
    first, second = message(room, 1), message(room, 2, sender="bob")
    other_room = new_id()
    elsewhere = message(other_room, 1)
    await append_all(store, first, second, elsewhere)
    batch = [
        message(room, 3),
        message(room, 4, client_id=first.client_id),
        message(room, 5),
        message(room, 6, sender="bob", client_id=second.client_id),
        message(other_room, 2, client_id=elsewhere.client_id),
    ]
    assert await store.append(batch) == Appended(1, Duplicates((first, second)))


async def test_duplicate_of_a_change_returns_the_change(store: MessagingStore, room: str) -> None:
    """Changes are found by client id like messages."""
    edit = change(room, 2, 1, content="edited")
    await append_all(store, message(room, 1), edit)
    again = msgspec.structs.replace(edit, seq=3, id=entry_id(room, 3), attempt_id=new_attempt_id())
    assert await store.append([again]) == Appended(0, Duplicates((edit,)))


async def test_client_id_is_unique_per_sender_and_conversation(store: MessagingStore, room: str) -> None:
    """The key is conversation, sender and client id."""
    mine = message(room, 1)
    theirs = message(room, 2, sender="bob", client_id=mine.client_id)
    elsewhere = message(new_id(), 1, client_id=mine.client_id)
    await append_all(store, mine, theirs, elsewhere)


async def test_conflicts_are_found_without_storing(store: MessagingStore) -> None:
    """A taken seq, duplicates behind a taken seq, an own stored entry, and a free seq."""
    taken, repeated, own, free = (new_id() for _ in range(4))
    stored = [message(repeated, seq) for seq in (1, 2)]
    mine = message(own, 1)
    await append_all(store, message(taken, 1), *stored, mine)
    batches = [
        [message(taken, 1), message(taken, 2)],
        [
            message(repeated, 1, client_id=stored[0].client_id),
            message(repeated, 2),
            message(repeated, 3, client_id=stored[1].client_id),
        ],
        [mine, message(own, 2)],
        [message(free, 1)],
    ]
    assert await store.find_conflicts(batches) == [SeqConflict(), Duplicates(tuple(stored)), None, None]
    assert [await seqs(store, one) for one in (taken, repeated, own, free)] == [[1], [1, 2], [1], []]


async def test_append_is_idempotent(store: MessagingStore, room: str) -> None:
    """Appending the same entries again succeeds and stores nothing twice."""
    batch = [message(room, seq) for seq in (1, 2, 3)]
    await append_all(store, *batch)
    await append_all(store, *batch)
    assert await store.read(room, 0, 10) == batch


async def test_retry_after_a_partial_append_stores_the_rest(store: MessagingStore, room: str) -> None:
    """Wherever the first attempt stopped."""
    batch = [message(room, seq) for seq in range(1, 8)]
    await append_all(store, *batch[:3])
    await append_all(store, *batch)
    assert await store.read(room, 0, 10) == batch


async def test_retry_stops_at_a_seq_taken_by_another_writer(store: MessagingStore, room: str) -> None:
    """Own entries before it count as stored."""
    batch = [message(room, seq) for seq in range(1, 6)]
    await append_all(store, *batch[:2])
    await append_all(store, message(room, 3, sender="bob"))
    assert await store.append(batch) == Appended(2, SeqConflict())


async def test_own_entry_at_another_seq_is_a_duplicate(store: MessagingStore, room: str) -> None:
    """A renumbered entry whose first attempt was stored returns the stored one."""
    first = message(room, 1)
    await append_all(store, first)
    moved = msgspec.structs.replace(first, seq=2, changed_seq=2, id=entry_id(room, 2))
    assert await store.append([moved]) == Appended(0, Duplicates((first,)))


async def test_other_attempt_at_the_same_seq_is_a_duplicate(store: MessagingStore, room: str) -> None:
    """Same sender, client id and seq but another attempt id: another writer stored it."""
    first = message(room, 1)
    await append_all(store, first)
    other = msgspec.structs.replace(first, attempt_id=new_attempt_id())
    assert await store.append([other]) == Appended(0, Duplicates((first,)))


async def test_equal_client_ids_in_one_batch_are_a_duplicate(store: MessagingStore, room: str) -> None:
    """The first is stored, the second rejected."""
    first = message(room, 1)
    result = await store.append([first, message(room, 2, client_id=first.client_id), message(room, 3)])
    assert result == Appended(1, Duplicates((first,)))
    assert await seqs(store, room) == [1]


async def test_one_of_64_concurrent_appends_of_a_seq_succeeds(store: MessagingStore, room: str) -> None:
    """The others get `SeqConflict`."""
    competitors = [message(room, 1, sender=f"user-{number}") for number in range(64)]
    results = await asyncio.gather(*(store.append([competitor]) for competitor in competitors))
    assert sorted(results, key=lambda result: result.stored_count) == [Appended(0, SeqConflict())] * 63 + [
        Appended(1)
    ]
    (stored,) = await store.read(room, 0, 10)
    assert stored == competitors[results.index(Appended(1))]


async def test_concurrent_appends_of_one_client_id_store_once(store: MessagingStore, room: str) -> None:
    """The others get the stored entry."""
    client_id = message(room, 1).client_id
    attempts = [message(room, seq, client_id=client_id) for seq in range(1, 17)]
    results = await asyncio.gather(*(store.append([attempt]) for attempt in attempts))
    (stored,) = await store.read(room, 0, 100)
    refused = [result.conflict for result in results if result.conflict is not None]
    assert refused == [Duplicates((stored,))] * 15


async def test_concurrent_writers_leave_no_gap(store: MessagingStore, room: str) -> None:
    """Two writers appending overlapping runs produce one log without gaps."""

    async def write(sender: str) -> None:
        written = 0
        while written < 20:
            head = len(await store.read(room, 0, 10**6))
            batch = [message(room, head + n, sender=sender) for n in range(1, 6)]
            written += (await store.append(batch)).stored_count

    await asyncio.gather(write("ana"), write("bob"), write("eve"))
    stored = await seqs(store, room)
    assert stored == list(range(1, len(stored) + 1))


async def test_membership_delta_by_rule_is_stored(store: MessagingStore, room: str) -> None:
    """A removal by rule is distinguished from leaving when the log is read again."""
    delta = MembershipDelta(1, left=("ana",), by_rule=True)
    entry = message(room, 1, membership=delta)
    await store.append([entry])
    (stored,) = await store.read(room, 0, 1)
    assert isinstance(stored, MessageEntry)
    assert stored.membership == delta


async def test_entry_is_found_by_its_client_id(store: MessagingStore, room: str) -> None:
    """Of its sender in its conversation, in its latest state."""
    first = message(room, 1)
    await append_all(store, first, change(room, 2, 1, content="edited"))
    assert await store.find_by_client_id(room, first.sender_id, first.client_id) == first
    for other in ((new_id(), first.sender_id), (room, "bob")):
        assert await store.find_by_client_id(*other, first.client_id) is None
    assert await store.find_by_client_id(room, first.sender_id, "unknown") is None
