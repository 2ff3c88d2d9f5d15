"""Contract of `MessagingStore`, in memory and on MongoDB."""

import asyncio
import itertools
from collections.abc import AsyncIterator
from urllib.parse import urlsplit

import msgspec
import pytest

from storage.contracts.identifiers import direct_conversation_id, entry_id, new_attempt_id, new_id
from storage.contracts.messaging import (
    Appended,
    ChangeEntry,
    ConversationRecord,
    ConversationSummary,
    Duplicates,
    Entry,
    FormerMember,
    LastMessage,
    MembershipDelta,
    MessageEntry,
    MessageState,
    MessagingStore,
    ReactionRecord,
    ReadMark,
    SeqConflict,
)
from storage.contracts.pending_effects import PendingEffect
from storage.embedded import StoreUrls
from storage.errors import Unavailable
from storage.memory.messaging import MemoryMessaging
from storage.mongo import client
from storage.mongo.messaging import MongoMessaging
from tests.tcp_proxy import TcpProxy

NOW_MS = 1_790_000_000_123
_client_ids = itertools.count(1)


@pytest.fixture(params=["memory", "mongo"])
async def store(request: pytest.FixtureRequest) -> AsyncIterator[MessagingStore]:
    """An open store; the real one contains data of other tests, under other ids."""
    if request.param == "memory":
        yield MemoryMessaging()
        return
    mongo = await MongoMessaging.open(request.getfixturevalue("stores").mongo, "convene_contract")
    yield mongo
    mongo.close()


@pytest.fixture
def room() -> str:
    """The id of a conversation whose log is empty."""
    return new_id()


def message(conversation_id: str, seq: int, *, sender: str = "ana", **fields: object) -> MessageEntry:
    entry = MessageEntry(
        id=entry_id(conversation_id, seq),
        conversation_id=conversation_id,
        seq=seq,
        changed_seq=seq,
        attempt_id=new_attempt_id(),
        sender_id=sender,
        client_id=f"client-{next(_client_ids)}",
        content=f"text {seq}",
        message_type="TEXT",
        mentions=(),
        reply_to=None,
        created_at_ms=NOW_MS + seq,
    )
    return msgspec.structs.replace(entry, **fields)


def change(conversation_id: str, seq: int, changed_seq: int, **state_fields: object) -> ChangeEntry:
    state = MessageState(content=f"text {changed_seq}", edited_at_ms=None, deleted_at_ms=None, reactions=())
    return ChangeEntry(
        id=entry_id(conversation_id, seq),
        conversation_id=conversation_id,
        seq=seq,
        attempt_id=new_attempt_id(),
        sender_id="ana",
        client_id=f"client-{next(_client_ids)}",
        message_id=entry_id(conversation_id, changed_seq),
        state=msgspec.structs.replace(state, **state_fields),
        created_at_ms=NOW_MS + seq,
    )


def group(*participants: str, **fields: object) -> ConversationRecord:
    conversation = ConversationRecord(
        id=new_id(),
        type="GROUP",
        name="Hikers",
        participants=participants,
        admins=participants[:1],
        created_at_ms=NOW_MS,
    )
    return msgspec.structs.replace(conversation, **fields)


async def append_all(store: MessagingStore, *entries: Entry) -> None:
    assert await store.append(entries) == Appended(len(entries))


async def seqs(store: MessagingStore, conversation_id: str) -> list[int]:
    return [entry.seq for entry in await store.read(conversation_id, 0, 10**6)]


async def get_message(store: MessagingStore, conversation_id: str, seq: int) -> MessageEntry:
    (found,) = await store.find_messages([entry_id(conversation_id, seq)])
    return found


# The log: appending


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
    rivals = [message(room, 1, sender=f"user-{number}") for number in range(64)]
    results = await asyncio.gather(*(store.append([rival]) for rival in rivals))
    assert sorted(results, key=lambda result: result.stored_count) == [Appended(0, SeqConflict())] * 63 + [
        Appended(1)
    ]
    (stored,) = await store.read(room, 0, 10)
    assert stored == rivals[results.index(Appended(1))]


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


# The log: reading


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


# The log: what changes do to messages


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


# Conversations


async def test_concurrent_create_stores_one_conversation(store: MessagingStore) -> None:
    """One call creates it; all others get the stored one."""
    ids = group().id
    rivals = [group("ana", "bob", id=ids, name=f"rival {number}") for number in range(32)]
    answers = await asyncio.gather(*(store.create(rival) for rival in rivals))
    assert answers.count(None) == 1
    winner = rivals[answers.index(None)]
    assert [answer for answer in answers if answer is not None] == [winner] * 31
    assert await store.get(ids) == winner


async def test_conversation_is_read_as_created(store: MessagingStore) -> None:
    """Every field is preserved; an unknown id is None."""
    made = group("ana", "bob", name=None, type="DIRECT", last_seq=4, applied_seq=3)
    made = msgspec.structs.replace(made, last_message=LastMessage("hi", "ana", NOW_MS))
    assert await store.create(made) is None
    assert await store.get(made.id) == made
    assert await store.get(new_id()) is None


async def test_older_projection_is_ignored(store: MessagingStore) -> None:
    """Participants, admins and name follow the highest `applied_seq`; other fields stay."""
    made = group("ana", "bob")
    await store.create(made)
    replace = msgspec.structs.replace
    newer = replace(made, participants=("ana", "eve"), admins=("eve",), name="$name", applied_seq=8)
    older = replace(made, participants=("ana",), name=None, applied_seq=5, last_seq=77)
    for projected in (older, newer, older, replace(older, applied_seq=8)):
        await store.save_projection(projected)
    assert await store.get(made.id) == newer
    await store.save_projection(group("ana", applied_seq=3))


async def test_list_memberships_returns_own_conversations_only(store: MessagingStore) -> None:
    """All of a user's without members, or those asked for with members."""
    ana, bob = new_id(), new_id()
    mine, shared, foreign = group(ana), group(ana, bob), group(bob)
    for made in (mine, shared, foreign):
        await store.create(made)
    await store.save_summaries(
        [ConversationSummary(shared.id, 6, LastMessage("hi", ana, NOW_MS), ((ana, 6), (bob, 2)))]
    )
    everything = {standing.conversation.id: standing for standing in await store.list_memberships(ana, None)}
    assert everything.keys() == {mine.id, shared.id}
    assert everything[shared.id].last_sent_seq == 6
    assert everything[mine.id].last_sent_seq == 0
    assert everything[shared.id].conversation.participants == ()
    assert everything[shared.id].conversation.admins == ()
    assert everything[shared.id].conversation.last_message == LastMessage("hi", ana, NOW_MS)
    (named,) = await store.list_memberships(bob, [shared.id, mine.id, new_id()])
    assert named.conversation.participants == (ana, bob)
    assert named.last_sent_seq == 2
    assert await store.list_memberships(bob, []) == []


async def test_activity_pages_are_ordered_by_last_message_or_creation(store: MessagingStore) -> None:
    """Latest first, equal times by id; a key excludes itself and everything above."""
    ana = new_id()
    quiet = [group(ana) for _ in range(3)]
    active = group(ana, new_id())
    for made in (*quiet, active, group(new_id())):
        await store.create(made)
    later_ms = active.created_at_ms + 5000
    await store.save_summaries(
        [ConversationSummary(active.id, 6, LastMessage("hi", ana, later_ms), ((ana, 6),))]
    )
    listed = [(later_ms, active.id)]
    listed += sorted(((made.created_at_ms, made.id) for made in quiet), reverse=True)
    found = await store.page_activity(ana, None, 10)
    assert [(each.last_activity_ms, each.conversation_id) for each in found] == listed
    assert [each.last_seq for each in found] == [6, *(made.last_seq for made in quiet)]
    for count in range(4):
        rest = await store.page_activity(ana, listed[count], 2)
        assert [(each.last_activity_ms, each.conversation_id) for each in rest] == listed[count + 1 :][:2]


async def test_users_sharing_a_conversation_are_found(store: MessagingStore) -> None:
    """In groups and direct conversations, once each; strangers and the user's own id are not."""
    ana, bob, eve, dan, cai = (new_id() for _ in range(5))
    for members in ((ana, bob), (ana, bob, eve), (dan, eve), (cai,)):
        await store.create(group(*members))
    assert await store.users_sharing_conversation(ana, [bob, eve, dan, cai, new_id()]) == {bob, eve}
    assert await store.users_sharing_conversation(ana, []) == set()
    assert await store.users_sharing_conversation(cai, [ana, bob]) == set()


async def test_last_seqs_by_user_returns_many_users(store: MessagingStore) -> None:
    """Each user gets only own conversations; users without any are absent."""
    ana, bob, eve = new_id(), new_id(), new_id()
    mine, shared, foreign = group(ana), group(ana, bob, new_id()), group(new_id())
    for made in (mine, shared, foreign):
        await store.create(made)
    await store.save_summaries(
        [ConversationSummary(shared.id, 6, LastMessage("hi", ana, NOW_MS), ((ana, 6),))]
    )
    found = await store.last_seqs_by_user([ana, bob, eve])
    assert found == {ana: {mine.id: mine.last_seq, shared.id: 6}, bob: {shared.id: 6}}
    assert await store.last_seqs_by_user([eve]) == {}


async def test_older_summary_is_ignored(store: MessagingStore) -> None:
    """The higher `last_seq` wins; a missing last message keeps the stored one; last sent seqs only grow."""
    ana, bob = new_id(), new_id()
    made, other = group(ana, bob), group(ana)
    await store.create(made)
    await store.create(other)
    latest = LastMessage("$last_seq", bob, NOW_MS)
    await store.save_summaries(
        [
            ConversationSummary(made.id, 9, latest, ((ana, 7), (bob, 9))),
            ConversationSummary(made.id, 4, LastMessage("old", ana, NOW_MS), ((ana, 8), (bob, 3))),
            ConversationSummary(new_id(), 4, None, ()),
            ConversationSummary(other.id, 2, None, ((ana, 2),)),
        ]
    )
    await store.save_summaries([ConversationSummary(made.id, 12, None, ((ana, 5),))])
    await store.save_summaries([])
    found = await store.get(made.id)
    assert found is not None
    assert (found.last_seq, found.last_message) == (12, latest)
    sent = {
        standing.conversation.id: standing.last_sent_seq
        for standing in await store.list_memberships(ana, None)
    }
    assert sent == {made.id: 8, other.id: 2}


# Read marks


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


# Whether it works


async def test_check_passes_while_the_store_works(store: MessagingStore) -> None:
    """Repeated checks succeed."""
    await store.check()
    await store.check()


async def test_injected_failure_stores_a_prefix_and_a_retry_completes_it(room: str) -> None:
    """The in-memory store stores as many entries as requested, fails, and accepts the batch again."""
    store = MemoryMessaging()
    batch = [message(room, seq) for seq in range(1, 6)]
    store.fail_next(after_storing=2)
    with pytest.raises(Unavailable):
        await store.append(batch)
    assert await seqs(store, room) == [1, 2]
    await append_all(store, *batch)
    store.fail_next(after_storing=9)
    with pytest.raises(Unavailable):
        await store.append([message(room, 6)])
    assert await seqs(store, room) == [1, 2, 3, 4, 5, 6]


async def test_retry_after_a_lost_acknowledgement_stores_once(
    stores: StoreUrls, room: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first call raises `Unavailable` although it stored the batch."""
    monkeypatch.setattr(client, "TIMEOUT_MS", 1000)
    host, port = urlsplit(stores.mongo).hostname or "", urlsplit(stores.mongo).port or 0
    proxy = TcpProxy(f"tcp://{host}:{port}")
    url = stores.mongo.replace(f":{port}", f":{await proxy.start()}")
    store = await MongoMessaging.open(url, "convene_contract")
    try:
        batch = [message(room, seq) for seq in (1, 2, 3)]
        proxy.drop_reply_to = b"insert\0"
        with pytest.raises(Unavailable):
            await store.append(batch)
        proxy.drop_reply_to = None
        assert proxy.dropped_replies
        assert await store.read(room, 0, 10) == batch
        await append_all(store, *batch, message(room, 4))
        assert await seqs(store, room) == [1, 2, 3, 4]
    finally:
        # Its good-bye waits for an answer, which the proxy in this loop must bring.
        await asyncio.to_thread(store.close)
        await proxy.close()


async def test_unreachable_store_raises_unavailable(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every method does."""
    monkeypatch.setattr(client, "TIMEOUT_MS", 300)
    memory = MemoryMessaging()
    memory.unavailable = True
    with pytest.raises(Unavailable):
        await memory.check()
    with pytest.raises(Unavailable):
        await MongoMessaging.open("mongodb://127.0.0.1:9/")


async def test_idempotency_key_keeps_its_first_digest(store: MessagingStore) -> None:
    """Of concurrent claims one is first, and all return its digest."""
    key = new_id()
    kept = await asyncio.gather(
        *(store.claim_idempotency_key(key, f"digest {number}") for number in range(16))
    )

    assert len(set(kept)) == 1
    assert await store.claim_idempotency_key(key, "another") == kept[0]
    assert await store.claim_idempotency_key(new_id(), "another") == "another"


async def test_last_sent_seqs_are_read_from_the_document(store: MessagingStore) -> None:
    """They are advanced by summaries only."""
    made = group("ana", "bob")
    await store.create(made)
    assert await store.last_sent_seqs(made.id) == {}
    await store.save_summaries([ConversationSummary(made.id, 5, None, (("ana", 5), ("bob", 3)))])
    await store.save_summaries([ConversationSummary(made.id, 4, None, (("ana", 4),))])

    assert await store.last_sent_seqs(made.id) == {"ana": 5, "bob": 3}


def pending_effect(room: str) -> PendingEffect:
    return PendingEffect(new_id(), room, "one", 7, 1_790_000_000_000)


async def test_pending_effects_are_listed_by_key_and_removed(store: MessagingStore, room: str) -> None:
    """In pages, each effect once; storing one again changes nothing."""
    effects = sorted((pending_effect(room) for _ in range(5)), key=lambda effect: effect.key)
    for effect in [*effects, effects[0]]:
        await store.add_pending_effect(effect)
    first_page = await store.list_pending_effects("", 2)
    assert len(first_page) == 2
    stored = [*first_page, *await store.list_pending_effects(first_page[-1].key, 10_000)]
    assert [effect for effect in stored if effect.conversation_id == room] == effects

    for effect in effects:
        await store.remove_pending_effect(effect.key)
        await store.remove_pending_effect(effect.key)
    assert not [effect for effect in await store.list_pending_effects("", 10_000) if effect in effects]


async def test_pending_effect_is_claimed_once(store: MessagingStore, room: str) -> None:
    """Of concurrent claims one succeeds, and only for the effect as it was read."""
    effect = pending_effect(room)
    await store.add_pending_effect(effect)
    claims = await asyncio.gather(*(store.claim_pending_effect(effect, f"claim {n}") for n in range(8)))
    assert claims.count(True) == 1
    claimed = msgspec.structs.replace(effect, claim=f"claim {claims.index(True)}")
    assert not await store.claim_pending_effect(effect, "late")
    assert await store.claim_pending_effect(claimed, "again")
    await store.remove_pending_effect(effect.key)
    assert not await store.claim_pending_effect(msgspec.structs.replace(effect, claim="again"), "gone")


async def test_knowing_needs_a_group_or_an_own_step_in_a_direct_conversation(store: MessagingStore) -> None:
    """A direct conversation counts for who opened it, and for the other once a message is summarised."""
    ana, shares, opened, wrote, silent, unknown = [f"{name}-{new_id()}" for name in "abcdef"]
    group = ConversationRecord(new_id(), "GROUP", "g", (shares, "x", ana), (shares,), NOW_MS)
    directs = [
        ConversationRecord(direct_conversation_id(*pair), "DIRECT", None, pair, (), NOW_MS)
        for pair in ((opened, ana), (ana, wrote), (ana, silent))
    ]
    for record in (group, *directs):
        await store.create(record)
    others = [shares, opened, wrote, silent, unknown]
    assert await store.users_knowing(ana, others) == {shares, opened}
    await store.save_summaries([ConversationSummary(directs[1].id, 1, None, ((wrote, 1),))])
    assert await store.users_knowing(ana, others) == {shares, opened, wrote}
    assert await store.users_knowing(ana, [unknown]) == set()


async def test_projection_keeps_former_members(store: MessagingStore, room: str) -> None:
    """They come back with the document, in order; lists of conversations omit them."""
    record = ConversationRecord(room, "GROUP", "g", ("ana", "ben"), ("ana",), NOW_MS)
    await store.create(record)
    former = (FormerMember("ben", NOW_MS, removed=True), FormerMember("cyd", NOW_MS + 1, removed=False))
    after = msgspec.structs.replace(record, participants=("ana",), former_members=former, applied_seq=2)
    await store.save_projection(after)
    assert await store.get(room) == after
    (membership,) = [one for one in await store.list_memberships("ana", None) if one.conversation.id == room]
    assert membership.conversation.former_members == ()


async def test_membership_delta_by_rule_is_stored(store: MessagingStore, room: str) -> None:
    """A removal by rule is told from leaving when the log is read again."""
    delta = MembershipDelta(1, left=("ana",), by_rule=True)
    entry = message(room, 1, membership=delta)
    await store.append([entry])
    (stored,) = await store.read(room, 0, 1)
    assert isinstance(stored, MessageEntry)
    assert stored.membership == delta
