"""The contract of the Messaging service's store, held by the one in memory and by MongoDB alike."""

import asyncio
import itertools
from collections.abc import AsyncIterator
from urllib.parse import urlsplit

import msgspec
import pytest

from storage.contracts.identifiers import entry_id, new_attempt_id, new_id
from storage.contracts.messaging import (
    Appended,
    ChangeEntry,
    ConversationRecord,
    ConversationSummary,
    Duplicate,
    Entry,
    LastMessage,
    MembershipDelta,
    MessageEntry,
    MessageState,
    MessagingStore,
    ReactionRecord,
    ReadMark,
    SeqConflict,
)
from storage.embedded import StoreUrls
from storage.errors import Unavailable
from storage.memory.messaging import MemoryMessaging
from storage.mongo import client
from storage.mongo.messaging import MongoMessaging
from tests.storage.tcp_proxy import TcpProxy

NOW_MS = 1_790_000_000_123
_client_ids = itertools.count(1)


@pytest.fixture(params=["memory", "mongo"])
async def store(request: pytest.FixtureRequest) -> AsyncIterator[MessagingStore]:
    """An open store; the real one holds what other tests left, under other ids."""
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


async def test_entries_come_back_as_they_were_stored(store: MessagingStore, room: str) -> None:
    """Every field of a message and of a change survives the way through the store."""
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


async def test_one_batch_carries_many_conversations(store: MessagingStore) -> None:
    """Entries of several logs may go in one batch."""
    rooms = [new_id() for _ in range(5)]
    await append_all(store, *(message(one, seq) for seq in (1, 2) for one in rooms))
    assert [await seqs(store, one) for one in rooms] == [[1, 2]] * 5


async def test_taken_seq_in_the_middle_leaves_a_prefix(store: MessagingStore, room: str) -> None:
    """What stands before the refused entry is stored, what stands behind it is not."""
    await append_all(store, message(room, 3, sender="bob"))
    batch = [message(room, seq) for seq in (1, 2, 3, 4, 5)]
    assert await store.append(batch) == Appended(2, SeqConflict())
    assert await seqs(store, room) == [1, 2, 3]


async def test_duplicate_in_the_middle_leaves_a_prefix(store: MessagingStore, room: str) -> None:
    """A client id that is known stops the batch, and the answer is the original in its latest state."""
    original = message(room, 1)
    await append_all(store, original)
    await store.apply_change(change(room, 7, 1, content="edited"))
    batch = [message(room, 2), message(room, 3, client_id=original.client_id), message(room, 4)]
    result = await store.append(batch)
    expected = msgspec.structs.replace(original, content="edited", changed_seq=7)
    assert result == Appended(1, Duplicate(expected))
    assert await seqs(store, room) == [1, 2]


async def test_duplicate_of_a_change_answers_the_change(store: MessagingStore, room: str) -> None:
    """Changes are found by their client id as messages are."""
    edit = change(room, 2, 1, content="edited")
    await append_all(store, message(room, 1), edit)
    again = msgspec.structs.replace(edit, seq=3, id=entry_id(room, 3), attempt_id=new_attempt_id())
    assert await store.append([again]) == Appended(0, Duplicate(edit))


async def test_same_client_id_is_free_to_others(store: MessagingStore, room: str) -> None:
    """The key is conversation, sender and client id together."""
    mine = message(room, 1)
    theirs = message(room, 2, sender="bob", client_id=mine.client_id)
    elsewhere = message(new_id(), 1, client_id=mine.client_id)
    await append_all(store, mine, theirs, elsewhere)


async def test_repeat_of_a_stored_batch_counts_as_stored(store: MessagingStore, room: str) -> None:
    """The very same entries again are a success, and nothing is stored twice."""
    batch = [message(room, seq) for seq in (1, 2, 3)]
    await append_all(store, *batch)
    await append_all(store, *batch)
    assert await store.read(room, 0, 10) == batch


async def test_repeat_after_a_part_was_stored_stores_the_rest(store: MessagingStore, room: str) -> None:
    """Wherever an attempt broke off, the same batch again completes it."""
    batch = [message(room, seq) for seq in range(1, 8)]
    await append_all(store, *batch[:3])
    await append_all(store, *batch)
    assert await store.read(room, 0, 10) == batch


async def test_repeat_that_meets_a_rival_stops_at_it(store: MessagingStore, room: str) -> None:
    """Own entries count as stored up to the first seq that somebody else took meanwhile."""
    batch = [message(room, seq) for seq in range(1, 6)]
    await append_all(store, *batch[:2])
    await append_all(store, message(room, 3, sender="bob"))
    assert await store.append(batch) == Appended(2, SeqConflict())


async def test_own_draft_at_another_seq_is_a_duplicate(store: MessagingStore, room: str) -> None:
    """A renumbered entry whose first attempt was stored after all is answered with that one."""
    first = message(room, 1)
    await append_all(store, first)
    moved = msgspec.structs.replace(first, seq=2, changed_seq=2, id=entry_id(room, 2))
    assert await store.append([moved]) == Appended(0, Duplicate(first))


async def test_other_attempt_at_the_same_seq_is_a_duplicate(store: MessagingStore, room: str) -> None:
    """Same sender, client id and seq but another draft: somebody else stored it."""
    first = message(room, 1)
    await append_all(store, first)
    other = msgspec.structs.replace(first, attempt_id=new_attempt_id())
    assert await store.append([other]) == Appended(0, Duplicate(first))


async def test_twin_in_one_batch_is_a_duplicate(store: MessagingStore, room: str) -> None:
    """Two entries of one batch with the same client id: the first is stored, the second refused."""
    first = message(room, 1)
    result = await store.append([first, message(room, 2, client_id=first.client_id), message(room, 3)])
    assert result == Appended(1, Duplicate(first))
    assert await seqs(store, room) == [1]


async def test_one_seq_under_64_rivals_is_given_once(store: MessagingStore, room: str) -> None:
    """Of many concurrent appends of one seq exactly one succeeds; the others hear that it is taken."""
    rivals = [message(room, 1, sender=f"user-{number}") for number in range(64)]
    results = await asyncio.gather(*(store.append([rival]) for rival in rivals))
    assert sorted(results, key=lambda result: result.stored_count) == [Appended(0, SeqConflict())] * 63 + [
        Appended(1)
    ]
    (stored,) = await store.read(room, 0, 10)
    assert stored == rivals[results.index(Appended(1))]


async def test_one_client_id_under_rivals_is_stored_once(store: MessagingStore, room: str) -> None:
    """Of many concurrent attempts with one client id one is stored, and all others are told that one."""
    client_id = message(room, 1).client_id
    attempts = [message(room, seq, client_id=client_id) for seq in range(1, 17)]
    results = await asyncio.gather(*(store.append([attempt]) for attempt in attempts))
    (stored,) = await store.read(room, 0, 100)
    refused = [result.conflict for result in results if result.conflict is not None]
    assert refused == [Duplicate(stored)] * 15


async def test_rival_runs_leave_no_hole(store: MessagingStore, room: str) -> None:
    """Two writers that append overlapping runs make one log without holes."""

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


async def test_probe_tells_1500_conversations_at_once(store: MessagingStore) -> None:
    """Exactly those with an entry right behind the seq given are named."""
    rooms = [new_id() for _ in range(1500)]
    grown = rooms[::7]
    await append_all(store, *(message(one, 5) for one in grown))
    assert await store.find_advanced([(one, 4) for one in rooms]) == set(grown)
    assert await store.find_advanced([(one, 5) for one in rooms]) == set()
    assert await store.find_advanced([]) == set()


async def test_messages_by_id_leave_out_changes_and_unknown_ids(store: MessagingStore, room: str) -> None:
    """Only messages are answered."""
    first, second = message(room, 1), message(room, 2)
    edit = change(room, 3, 1)
    await append_all(store, first, second, edit)
    found = await store.find_messages([second.id, edit.id, new_id(), first.id])
    assert sorted(found, key=lambda entry: entry.seq) == [first, second]
    assert await store.find_messages([]) == []


async def fill_with_changes(store: MessagingStore, conversation_id: str) -> list[int]:
    """Fill a log of 700 entries in which only every 23rd is a message; answers their seqs."""
    entries = [
        message(conversation_id, n) if n % 23 == 0 else change(conversation_id, n, 23) for n in range(1, 701)
    ]
    await append_all(store, *entries)
    return [entry.seq for entry in entries if isinstance(entry, MessageEntry)]


@pytest.mark.parametrize("newest", [True, False])
async def test_page_is_full_though_changes_lie_between(
    store: MessagingStore, room: str, newest: bool
) -> None:
    """A page holds `limit` messages in the direction asked for, however many changes lie between them."""
    known = await fill_with_changes(store, room)
    for before, after, limit in itertools.product((701, 600, 47, 24), (0, 23, 24, 300), (1, 7, 100)):
        page = await store.page_messages(room, before, after, limit, newest=newest)
        inside = [seq for seq in known if after < seq < before]
        expected = inside[::-1][:limit] if newest else inside[:limit]
        assert [entry.seq for entry in page] == expected, (before, after, limit)


async def test_page_of_nothing_is_empty(store: MessagingStore, room: str) -> None:
    """A range without messages gives an empty page."""
    await append_all(store, message(room, 1), change(room, 2, 1))
    assert await store.page_messages(room, 3, 1, 20, newest=True) == []
    assert await store.page_messages(room, 1, 1, 20, newest=False) == []
    assert await store.page_messages(room, 0, 5, 20, newest=True) == []


async def test_unread_counts_texts_of_others_only(store: MessagingStore, room: str) -> None:
    """Own, deleted and SYSTEM messages, changes, and what is below the mark do not count."""
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


async def test_change_is_applied_unless_the_message_is_further(store: MessagingStore, room: str) -> None:
    """The latest change wins in whatever order they are applied, and twice is as once."""
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
    """Applying it is no failure, and changes no other entry."""
    await store.apply_change(change(room, 5, 1))
    assert await store.read(room, 0, 10) == []
    edit = change(room, 1, 9)
    await append_all(store, edit)
    await store.apply_change(change(room, 2, 1))
    assert await store.read(room, 0, 10) == [edit]


async def test_read_marks_on_messages_are_repeatable(store: MessagingStore, room: str) -> None:
    """Others' messages in the range note the reader once, with the first moment."""
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


async def test_reader_is_noted_once_under_concurrency(store: MessagingStore, room: str) -> None:
    """Many devices that mark the same messages at once leave one note of the user."""
    await append_all(store, *(message(room, seq, sender="bob") for seq in range(1, 6)))
    await asyncio.gather(*(store.mark_read_by(room, "ana", 0, 5, NOW_MS + n) for n in range(16)))
    page = await store.page_messages(room, 6, 0, 10, newest=False)
    assert [len(entry.read_by) for entry in page] == [1] * 5


# Conversations


async def test_conversation_is_created_once_under_any_race(store: MessagingStore) -> None:
    """Of many concurrent creations of one id one is new; all others are answered that one."""
    ids = group().id
    rivals = [group("ana", "bob", id=ids, name=f"rival {number}") for number in range(32)]
    answers = await asyncio.gather(*(store.create(rival) for rival in rivals))
    assert answers.count(None) == 1
    winner = rivals[answers.index(None)]
    assert [answer for answer in answers if answer is not None] == [winner] * 31
    assert await store.get(ids) == winner


async def test_conversation_comes_back_as_it_was_created(store: MessagingStore) -> None:
    """Every field survives; an unknown id is nothing."""
    made = group("ana", "bob", name=None, type="DIRECT", last_seq=4, applied_seq=3)
    made = msgspec.structs.replace(made, last_message=LastMessage("hi", "ana", NOW_MS))
    assert await store.create(made) is None
    assert await store.get(made.id) == made
    assert await store.get(new_id()) is None


async def test_projection_is_never_overwritten_by_an_older_one(store: MessagingStore) -> None:
    """Participants, admins and name follow the highest `applied_seq`; the rest is left alone."""
    made = group("ana", "bob")
    await store.create(made)
    replace = msgspec.structs.replace
    newer = replace(made, participants=("ana", "eve"), admins=("eve",), name="$name", applied_seq=8)
    older = replace(made, participants=("ana",), name=None, applied_seq=5, last_seq=77)
    for projected in (older, newer, older, replace(older, applied_seq=8)):
        await store.save_projection(projected)
    assert await store.get(made.id) == newer
    await store.save_projection(group("ana", applied_seq=3))


async def test_standings_name_the_conversations_of_a_user(store: MessagingStore) -> None:
    """All of a user without their members, or those asked for with them; never a foreign one."""
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


async def test_memberships_of_many_are_found_together(store: MessagingStore) -> None:
    """Each with the heads of their own; nobody is shown a foreign one, and who has none is not there."""
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


async def test_summary_is_never_overwritten_by_an_older_one(store: MessagingStore) -> None:
    """The higher `last_seq` wins; without a message the last one stays; what each member sent only grows."""
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


async def test_read_mark_only_moves_forward_under_concurrency(store: MessagingStore, room: str) -> None:
    """The highest of many concurrent marks stands, with its moment."""
    marks = [ReadMark(room, "ana", seq, NOW_MS + seq) for seq in (3, 9, 1, 7, 5, 8, 2, 4, 6)]
    await asyncio.gather(*(store.advance_read_mark(mark) for mark in marks))
    assert await store.get_read_marks([(room, "ana")]) == [ReadMark(room, "ana", 9, NOW_MS + 9)]
    assert await store.advance_read_mark(ReadMark(room, "ana", 2, NOW_MS + 99)) == 9
    assert await store.get_read_marks([(room, "ana")]) == [ReadMark(room, "ana", 9, NOW_MS + 9)]
    assert await store.advance_read_mark(ReadMark(room, "ana", 10, NOW_MS + 100)) == 10
    assert await store.advance_read_mark(ReadMark(room, "ben", 1, NOW_MS)) == 1


async def test_first_read_mark_is_not_lost_in_a_race(store: MessagingStore) -> None:
    """Also when many devices make a member's first mark at once, the highest stands."""
    rooms = [new_id() for _ in range(10)]
    rising = [ReadMark(room, "ana", seq, NOW_MS + seq) for seq in range(1, 9) for room in rooms]
    await asyncio.gather(*(store.advance_read_mark(mark) for mark in rising))
    marks = await store.get_read_marks([(room, "ana") for room in rooms])
    assert [mark.read_seq for mark in marks] == [8] * 10


async def test_marks_are_absent_where_nothing_was_marked(store: MessagingStore, room: str) -> None:
    """Only marks that were made are answered, each under its own conversation and user."""
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


async def test_muting_and_reading_do_not_disturb_each_other(store: MessagingStore, room: str) -> None:
    """Either may come first, both may come at once, and each changes its own part only."""
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
    """A real write and read succeed, again and again."""
    await store.check()
    await store.check()


async def test_failing_in_the_middle_leaves_a_prefix_and_a_repeat_completes_it(room: str) -> None:
    """The store in memory stores as many entries as told, fails, and takes the same batch again."""
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


async def test_unknown_outcome_and_the_same_batch_again_store_once(
    stores: StoreUrls, room: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A batch whose acknowledgement is lost is `Unavailable` though stored; the repeat finds it."""
    monkeypatch.setattr(client, "TIMEOUT_MS", 1000)
    host, port = urlsplit(stores.mongo).hostname or "", urlsplit(stores.mongo).port or 0
    loop = asyncio.get_running_loop()
    proxy = TcpProxy(lambda protocol: loop.create_connection(protocol, host, port))
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


async def test_store_that_is_away_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where no server answers, everything raises `Unavailable`."""
    monkeypatch.setattr(client, "TIMEOUT_MS", 300)
    memory = MemoryMessaging()
    memory.unavailable = True
    with pytest.raises(Unavailable):
        await memory.check()
    with pytest.raises(Unavailable):
        await MongoMessaging.open("mongodb://127.0.0.1:9/")


async def test_a_key_keeps_what_it_was_first_used_for(store: MessagingStore) -> None:
    """Of many who claim a key at once one is first, and all are told what it claimed."""
    key = new_id()
    kept = await asyncio.gather(
        *(store.claim_idempotency_key(key, f"digest {number}") for number in range(16))
    )

    assert len(set(kept)) == 1
    assert await store.claim_idempotency_key(key, "another") == kept[0]
    assert await store.claim_idempotency_key(new_id(), "another") == "another"


async def test_who_sent_up_to_where_is_known_from_the_document(store: MessagingStore) -> None:
    """Each sender's own last seq, moved forward by flushes only."""
    made = group("ana", "bob")
    await store.create(made)
    assert await store.last_sent_seqs(made.id) == {}
    await store.save_summaries([ConversationSummary(made.id, 5, None, (("ana", 5), ("bob", 3)))])
    await store.save_summaries([ConversationSummary(made.id, 4, None, (("ana", 4),))])

    assert await store.last_sent_seqs(made.id) == {"ana": 5, "bob": 3}
