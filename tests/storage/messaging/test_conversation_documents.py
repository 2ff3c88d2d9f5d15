"""Contract of `MessagingStore`: the documents of conversations."""

import asyncio

import msgspec

from storage.contracts.identifiers import direct_conversation_id, new_id
from storage.contracts.messaging import (
    ConversationRecord,
    ConversationSummary,
    FormerMember,
    LastMessage,
    MessagingStore,
)
from tests.storage.messaging.records import NOW_MS, group


async def test_concurrent_create_stores_one_conversation(store: MessagingStore) -> None:
    """One call creates it; all others get the stored one."""
    ids = group().id
    competitors = [group("ana", "bob", id=ids, name=f"rival {number}") for number in range(32)]
    answers = await asyncio.gather(*(store.create(competitor) for competitor in competitors))
    assert answers.count(None) == 1
    winner = competitors[answers.index(None)]
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


async def test_user_in_many_conversations_is_found_among_others(store: MessagingStore) -> None:
    """Also if the others have few, and not if only all of them together have many."""
    ana, bob, eve, dan = (new_id() for _ in range(4))
    for members in [(ana, bob)] * 2 + [(ana, eve)]:
        await store.create(group(*members))
    for user_ids in ([ana], [ana, bob], [dan, eve, bob, ana]):
        assert await store.any_user_in_many(user_ids, 3)
        assert not await store.any_user_in_many(user_ids, 4)
    assert not await store.any_user_in_many([bob, eve], 3)
    assert not await store.any_user_in_many([], 1)


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


async def test_last_sent_seqs_are_read_from_the_document(store: MessagingStore) -> None:
    """They are advanced by summaries only."""
    made = group("ana", "bob")
    await store.create(made)
    assert await store.last_sent_seqs(made.id) == {}
    await store.save_summaries([ConversationSummary(made.id, 5, None, (("ana", 5), ("bob", 3)))])
    await store.save_summaries([ConversationSummary(made.id, 4, None, (("ana", 4),))])

    assert await store.last_sent_seqs(made.id) == {"ana": 5, "bob": 3}


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
