"""One conversation on several instances: one order, no gaps and no duplicates after any failure."""

import asyncio
from collections.abc import AsyncIterator
from functools import partial
from typing import Any

import pytest

from actors.conversations.commands import AddMember, DraftOutcome, Edit, RemoveMember, Send
from actors.conversations.conversation import Conversation
from actors.conversations.draft_forwarder import (
    DraftForwarded,
    ForwardDrafts,
    forward_decoder,
    forward_encoder,
)
from actors.conversations.drafts import create_draft
from actors.conversations.forwarding_state import ForwardingState
from actors.conversations.future_reply import FutureReply
from actors.core import Core
from actors.protocol.errors import ApiError
from storage.records.messaging import MessageEntry
from tests.actors.fake_cluster import ANA, BEN, CYD, FakeCluster, RecordingMember, card, send, stored_seq
from tests.until import until


@pytest.fixture
async def cluster() -> AsyncIterator[FakeCluster]:
    cluster = FakeCluster()
    yield cluster
    await cluster.close()


async def log_of(cluster: FakeCluster, conversation_id: str) -> list[MessageEntry]:
    entries = await cluster.messaging.read(conversation_id, 0, 1_000_000)
    return [entry for entry in entries if isinstance(entry, MessageEntry)]


async def refused_code(future: "asyncio.Future[Any]") -> str:
    with pytest.raises(ApiError) as refusal:
        await future
    return refusal.value.code


async def test_messages_of_one_sender_keep_their_order(cluster: FakeCluster) -> None:
    """Seqs have no gaps and follow the order of sending."""
    core = await cluster.start_instance()
    room = await cluster.create_group(core, ANA, BEN)
    member = await cluster.join_room(core, room, BEN)
    sends = [send(core, room, ANA, f"m{number}") for number in range(50)]
    seqs = [(await stored_seq(sent))[0] for sent in sends]

    assert seqs == list(range(1, 51))
    assert member.contents == [f"m{number}" for number in range(50)]
    assert member.seqs == seqs


async def test_retry_returns_the_first_message_and_takes_no_seq(cluster: FakeCluster) -> None:
    """The same client_id returns the first message with `duplicate` true."""
    core = await cluster.start_instance()
    room = await cluster.create_group(core, ANA, BEN)
    first = await stored_seq(send(core, room, ANA, "hi", "c1"))
    again = await stored_seq(send(core, room, ANA, "hi", "c1"))
    following = await stored_seq(send(core, room, ANA, "more", "c2"))

    assert (first, again, following) == ((1, False), (1, True), (2, False))


async def test_concurrent_retry_on_one_instance_is_stored_once(cluster: FakeCluster) -> None:
    """A retry that arrives before the first result gets the same message as a duplicate."""
    core = await cluster.start_instance()
    room = await cluster.create_group(core, ANA, BEN)
    first, again = send(core, room, ANA, "hi", "c1"), send(core, room, ANA, "hi", "c1")

    assert {await stored_seq(first), await stored_seq(again)} == {(1, False), (1, True)}
    assert len(await log_of(cluster, room)) == 1


async def test_concurrent_retry_on_two_instances_is_stored_once(cluster: FakeCluster) -> None:
    """The store's unique index detects retries on another instance."""
    here, there = await cluster.start_instance(), await cluster.start_instance()
    room = await cluster.create_group(here, ANA, BEN)
    results = [
        await asyncio.gather(
            stored_seq(send(here, room, ANA, f"m{number}")), stored_seq(send(there, room, ANA, f"m{number}"))
        )
        for number in range(20)
    ]

    for (seq, duplicate), (other_seq, other_duplicate) in results:
        assert seq == other_seq
        assert {duplicate, other_duplicate} == {False, True}
    assert len(await log_of(cluster, room)) == 20


async def test_same_client_id_with_other_content_is_a_conflict(cluster: FakeCluster) -> None:
    """The conflict is detected before and after the first message is stored."""
    core = await cluster.start_instance()
    room = await cluster.create_group(core, ANA, BEN)
    first, conflicting = send(core, room, ANA, "hi", "c1"), send(core, room, ANA, "ho", "c1")

    assert await refused_code(conflicting) == "idempotency.conflict"
    assert await stored_seq(first) == (1, False)
    assert await refused_code(send(core, room, ANA, "ho", "c1")) == "idempotency.conflict"


async def test_non_member_and_unknown_conversation_get_the_same_error(cluster: FakeCluster) -> None:
    """A non-member cannot find out whether a conversation exists."""
    core = await cluster.start_instance()
    room = await cluster.create_group(core, ANA, BEN)

    assert await refused_code(send(core, room, CYD, "x")) == "conversation.not_found"
    assert await refused_code(send(core, "f" * 24, CYD, "x")) == "conversation.not_found"


async def test_two_instances_write_one_log_without_gaps(cluster: FakeCluster) -> None:
    """While both instances send, all members receive the same messages in the same order."""
    here, there = await cluster.start_instance(), await cluster.start_instance()
    room = await cluster.create_group(here, ANA, BEN)
    members = [await cluster.join_room(here, room, ANA), await cluster.join_room(there, room, BEN)]
    sends = []
    for number in range(100):
        sends += [send(here, room, ANA, f"a{number}"), send(there, room, BEN, f"b{number}")]
        if number % 10 == 0:
            await asyncio.sleep(0)
    seqs = [(await stored_seq(sent))[0] for sent in sends]
    await until(lambda: all(len(member.seqs) == 200 for member in members))

    assert sorted(seqs) == list(range(1, 201))
    assert members[0].frames == members[1].frames
    assert members[0].seqs == list(range(1, 201))
    for name in ("a", "b"):
        contents = [content for content in members[0].contents if content.startswith(name)]
        assert contents == [f"{name}{number}" for number in range(100)]


async def test_lost_bus_frames_are_recovered_from_the_log(cluster: FakeCluster) -> None:
    """With every third bus frame dropped, members receive all seqs, including the last."""
    here, there = await cluster.start_instance(), await cluster.start_instance()
    room = await cluster.create_group(here, ANA, BEN)
    member = await cluster.join_room(there, room, BEN)
    count = 0

    def lose(topic: str, _frame: bytes) -> bool:
        nonlocal count
        count += topic.startswith("c:")
        return count % 3 == 0

    cluster.broker.should_drop = lose
    for number in range(31):
        await stored_seq(send(here, room, ANA, f"m{number}"))
    await until(lambda: len(member.seqs) == 31)

    assert member.seqs == list(range(1, 32))
    assert there.rooms.statistics().repairs > 0


@pytest.mark.parametrize("kept", [0, 1, 5, 9])
async def test_partly_stored_batch_leaves_no_gap(cluster: FakeCluster, kept: int) -> None:
    """Entries stored before a failure are kept; the rest is stored after them, once."""
    core = await cluster.start_instance()
    room = await cluster.create_group(core, ANA, BEN)
    await stored_seq(send(core, room, ANA, "first"))
    cluster.messaging.fail_next(after_storing=kept)
    sends = [send(core, room, ANA, f"m{number}") for number in range(10)]
    results = [await stored_seq(sent) for sent in sends]

    assert results == [(seq, False) for seq in range(2, 12)]
    assert [entry.seq for entry in await log_of(cluster, room)] == list(range(1, 12))


async def test_queued_draft_of_removed_member_is_refused(cluster: FakeCluster) -> None:
    """Membership is checked again when a draft gets its seq, after entries of other instances."""
    here, there = await cluster.start_instance(), await cluster.start_instance()
    room = await cluster.create_group(here, ANA, BEN)
    await stored_seq(send(there, room, BEN, "active here"))
    cluster.broker.disconnect()
    await here.conversations.change_membership(room, RemoveMember(card(ANA), card(BEN)))

    assert await refused_code(send(there, room, BEN, "too late")) == "conversation.not_found"
    assert [entry.content for entry in await log_of(cluster, room)] == [
        "active here",
        "@user1 removed @user2",
    ]


async def test_added_member_can_send_on_every_instance(cluster: FakeCluster) -> None:
    """A new member is in the document and is known to instances where the conversation was active."""
    here, there = await cluster.start_instance(), await cluster.start_instance()
    room = await cluster.create_group(here, ANA, BEN)
    await stored_seq(send(there, room, BEN, "active here"))
    await here.conversations.change_membership(room, AddMember(card(ANA), card(CYD)))

    assert (await stored_seq(send(there, room, CYD, "hello")))[0] == 3
    conversation = await there.conversations.get(CYD, room)
    assert conversation.member_count == 3


async def test_only_admins_change_membership(cluster: FakeCluster) -> None:
    """A member who is not an admin is refused, and no entry is stored."""
    core = await cluster.start_instance()
    room = await cluster.create_group(core, ANA, BEN)

    with pytest.raises(ApiError, match="permission"):
        await core.conversations.change_membership(room, AddMember(card(BEN), card(CYD)))
    assert await log_of(cluster, room) == []


async def test_no_op_membership_change_takes_no_seq(cluster: FakeCluster) -> None:
    """Adding an existing member succeeds without an entry."""
    core = await cluster.start_instance()
    room = await cluster.create_group(core, ANA, BEN)
    await core.conversations.change_membership(room, AddMember(card(ANA), card(BEN)))

    assert await log_of(cluster, room) == []


async def test_missing_projection_is_repaired_on_activation(cluster: FakeCluster) -> None:
    """Activation projects membership entries that a crashed process did not write to the document."""
    here = await cluster.start_instance()
    room = await cluster.create_group(here, ANA, BEN)
    project = cluster.messaging.save_projection
    cluster.messaging.save_projection = do_nothing  # type: ignore[method-assign, assignment]
    await here.conversations.change_membership(room, AddMember(card(ANA), card(CYD)))
    cluster.messaging.save_projection = project  # type: ignore[method-assign]
    there = await cluster.start_instance()
    assert await stored_seq(send(there, room, CYD, "hello")) == (2, False)

    record = await cluster.messaging.get(room)
    assert record is not None
    assert record.participants == (ANA, BEN, CYD)


async def do_nothing(*_: object) -> None:
    """Replace a store method in a process that crashes before the call."""


async def test_new_subscriber_receives_only_later_entries(cluster: FakeCluster) -> None:
    """A room starts at the head of the log and delivers every entry after it."""
    here, there = await cluster.start_instance(), await cluster.start_instance()
    room = await cluster.create_group(here, ANA, BEN)
    for number in range(5):
        await stored_seq(send(here, room, ANA, f"m{number}"))
    member = await cluster.join_room(there, room, BEN)
    for number in range(5, 10):
        await stored_seq(send(here, room, ANA, f"m{number}"))
    await until(lambda: len(member.seqs) == 5)

    assert member.seqs == [6, 7, 8, 9, 10]


async def test_subscriber_with_older_state_gets_lagged(cluster: FakeCluster) -> None:
    """The range between the subscriber's seq and the first delivered entry is reported."""
    core = await cluster.start_instance()
    room = await cluster.create_group(core, ANA, BEN)
    for number in range(3):
        await stored_seq(send(core, room, ANA, f"m{number}"))
    member = RecordingMember(BEN, core.flusher)
    await core.rooms.join(member, [(room, 1)], report_missed=True)
    await stored_seq(send(core, room, ANA, "next"))
    await until(lambda: member.seqs)

    assert member.gaps == [(2, 3)]
    assert member.seqs == [4]


async def test_lists_are_current_before_summaries_are_written(cluster: FakeCluster) -> None:
    """A list is current on every instance, before and after the summary is written."""
    here, there = await cluster.start_instance(), await cluster.start_instance()
    room = await cluster.create_group(here, ANA, BEN)
    await stored_seq(send(here, room, ANA, "one"))
    await stored_seq(send(here, room, ANA, "two"))
    before = await there.conversations.get(BEN, room)
    await until(lambda: len(here.summary_writer) == 0 and here.summary_writer._flush_task is None)
    after = await there.conversations.get(BEN, room)

    assert before == after
    assert (after.last_seq, after.unread_count, after.read_seq) == (2, 2, 0)
    assert after.last_message is not None
    assert after.last_message.content == "two"
    assert (await there.conversations.get(ANA, room)).read_seq == 2


async def test_read_marks_move_forward_only_up_to_the_head(cluster: FakeCluster) -> None:
    """A lower seq changes nothing, and a seq above the head moves the mark to the head."""
    core = await cluster.start_instance()
    room = await cluster.create_group(core, ANA, BEN)
    for number in range(3):
        await stored_seq(send(core, room, ANA, f"m{number}"))

    first = await core.conversations.mark_read(BEN, room, 2)
    back = await core.conversations.mark_read(BEN, room, 1)
    ahead = await core.conversations.mark_read(BEN, room, 99)

    assert (first.read_seq, first.unread_count) == (2, 1)
    assert (back.read_seq, back.unread_count) == (2, 1)
    assert (ahead.read_seq, ahead.unread_count) == (3, 0)


async def test_stream_frames_lost_during_broker_outage_start_a_new_epoch(cluster: FakeCluster) -> None:
    """A lost `conversation.joined` frame makes clients resync through a new epoch."""
    core = await cluster.start_instance()
    before = (await cluster.streams.positions([BEN]))[0]
    cluster.broker.disconnect()
    await cluster.create_group(core, ANA, BEN)
    cluster.broker.reconnect()

    async with asyncio.timeout(5):
        while (await cluster.streams.positions([BEN]))[0].epoch == before.epoch:  # noqa: ASYNC110
            await asyncio.sleep(0)


async def test_sweeper_completes_membership_effect_of_crashed_instance(cluster: FakeCluster) -> None:
    """If an instance crashes after storing a membership change, another instance's sweeper notifies."""
    here, there = await cluster.start_instance(), await cluster.start_instance()
    room = await cluster.create_group(here, ANA, BEN)
    before = (await cluster.streams.positions([CYD]))[0]
    here.membership_notifier.notify_change = do_nothing  # type: ignore[method-assign, assignment]
    cluster.messaging.remove_pending_effect = do_nothing  # type: ignore[method-assign, assignment]
    await here.conversations.change_membership(room, AddMember(card(ANA), card(CYD)))
    del cluster.messaging.remove_pending_effect
    assert (await cluster.streams.positions([CYD]))[0] == before

    await there.pending_effect_sweeper.sweep(older_than_ms=0)

    assert (await cluster.streams.positions([CYD]))[0].position == before.position + 1
    assert await cluster.messaging.list_pending_effects() == []


async def test_membership_effect_is_settled_after_notification(cluster: FakeCluster) -> None:
    """After a successful notification no pending effect is left."""
    core = await cluster.start_instance()
    room = await cluster.create_group(core, ANA, BEN)
    await core.conversations.change_membership(room, AddMember(card(ANA), card(CYD)))

    assert await cluster.messaging.list_pending_effects() == []


async def flood(cluster: FakeCluster, here: Core, there: Core) -> str:
    """Send 200 messages from each of two instances concurrently, eight at a time."""
    room = await cluster.create_group(here, ANA, BEN)
    await cluster.join_room(here, room, ANA)
    await cluster.join_room(there, room, BEN)

    async def send_all(core: Core, sender_id: str, name: str) -> None:
        for start in range(0, 200, 8):
            await asyncio.gather(
                *(stored_seq(send(core, room, sender_id, f"{name}{start + offset}")) for offset in range(8))
            )

    await asyncio.gather(send_all(here, ANA, "a"), send_all(there, BEN, "b"))
    return room


def in_order(entries: list[MessageEntry]) -> bool:
    contents = [entry.content for entry in entries]
    return all(
        [content for content in contents if content.startswith(name)]
        == [f"{name}{number}" for number in range(200)]
        for name in ("a", "b")
    )


async def test_drafts_are_forwarded_after_losing_seqs(cluster: FakeCluster) -> None:
    """After two conflicts drafts are forwarded for a while: each is stored once, in order, and answered."""
    here, there = await cluster.start_instance(), await cluster.start_instance()
    forwarded = stored = 0

    def count(topic: str, frame: bytes) -> bool:
        nonlocal forwarded, stored
        if topic.startswith("i:"):
            event = forward_decoder.decode(frame)
            forwarded += isinstance(event, ForwardDrafts)
            stored += isinstance(event, DraftForwarded) and event.outcome.entry is not None
        return False

    cluster.broker.should_drop = count
    room = await flood(cluster, here, there)
    entries = await log_of(cluster, room)

    assert forwarded > 0
    assert stored > 0
    assert [entry.seq for entry in entries] == list(range(1, 401))
    assert in_order(entries)


async def test_unanswered_forwarded_drafts_are_stored_locally(
    cluster: FakeCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Forwarded drafts without a result are stored by their own instance, once and in order."""
    monkeypatch.setattr("actors.conversations.draft_forwarder.RESULT_TIMEOUT_S", 0.05)
    here, there = await cluster.start_instance(), await cluster.start_instance()
    cluster.broker.should_drop = lambda topic, _frame: topic.startswith("i:")
    room = await flood(cluster, here, there)
    entries = await log_of(cluster, room)

    assert [entry.seq for entry in entries] == list(range(1, 401))
    assert in_order(entries)


def forwarding_of(core: Core, conversation_id: str) -> ForwardingState:
    """Return the forwarding state of an active conversation."""
    ref = core.conversation_actors.get_active(conversation_id)
    assert ref is not None
    assert isinstance(ref.actor, Conversation)
    return ref.actor._pipeline._forwarding


def has_in_flight(forwarding: ForwardingState, count: int) -> bool:
    return forwarding.in_flight == count


async def test_later_drafts_wait_for_recalled_drafts(
    cluster: FakeCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When forwarded drafts time out at different times, later drafts of the sender do not overtake them."""
    here = await cluster.start_instance()
    cluster.broker.should_drop = lambda topic, _frame: topic.startswith("i:")
    room = await cluster.create_group(here, ANA, BEN)
    await stored_seq(send(here, room, ANA, "a0"))
    forwarding = forwarding_of(here, room)
    forwarding.last_writer, forwarding._forward_until = "gone", float("inf")
    sends = []
    for number, timeout_s in ((1, 0.02), (2, 0.3)):
        monkeypatch.setattr("actors.conversations.draft_forwarder.RESULT_TIMEOUT_S", timeout_s)
        sends.append(send(here, room, ANA, f"a{number}"))
        await until(partial(has_in_flight, forwarding, number))
    await until(partial(has_in_flight, forwarding, 1))
    sends.append(send(here, room, ANA, "a3"))

    for sent in sends:
        await stored_seq(sent)
    assert [entry.content for entry in await log_of(cluster, room)] == ["a0", "a1", "a2", "a3"]


@pytest.mark.parametrize("changed", [True, False], ids=["change", "no-op change"])
async def test_draft_after_a_change_does_not_overtake_forwarded_drafts(
    cluster: FakeCluster, monkeypatch: pytest.MonkeyPatch, changed: bool
) -> None:
    """The draft is forwarded too, or waits until the forwarded drafts are recalled."""
    monkeypatch.setattr("actors.conversations.draft_forwarder.RESULT_TIMEOUT_S", 0.1)
    here = await cluster.start_instance()
    cluster.broker.should_drop = lambda topic, _frame: topic.startswith("i:")
    room = await cluster.create_group(here, ANA, BEN)
    await stored_seq(send(here, room, ANA, "a0"))
    (first,) = await log_of(cluster, room)
    forwarding = forwarding_of(here, room)
    forwarding.last_writer, forwarding._forward_until = "gone", float("inf")
    sends = [send(here, room, ANA, "a1")]
    await until(partial(has_in_flight, forwarding, 1))
    edit = asyncio.ensure_future(
        here.conversations.change_message(ANA, room, Edit(first.id, "changed" if changed else "a0"))
    )
    await asyncio.sleep(0)
    sends.append(send(here, room, ANA, "a2"))

    for sent in sends:
        await stored_seq(sent)
    await edit
    assert [entry.content for entry in await log_of(cluster, room)][1:] == ["a1", "a2"]


async def test_draft_after_received_drafts_does_not_overtake_forwarded_drafts(
    cluster: FakeCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Drafts received from another instance are stored here; a local draft after them is forwarded."""
    monkeypatch.setattr("actors.conversations.draft_forwarder.RESULT_TIMEOUT_S", 0.1)
    here = await cluster.start_instance()
    cluster.broker.should_drop = lambda topic, _frame: topic.startswith("i:")
    room = await cluster.create_group(here, ANA, BEN)
    await stored_seq(send(here, room, ANA, "a0"))
    forwarding = forwarding_of(here, room)
    forwarding.last_writer, forwarding._forward_until = "gone", float("inf")
    sends = [send(here, room, ANA, "a1")]
    await until(partial(has_in_flight, forwarding, 1))
    received = FutureReply()
    for number in range(2):
        draft = create_draft(BEN, f"b{number}", f"b{number}", (), None)
        here.conversations.send(room, Send(draft, received if number else FutureReply(), forwarded=True))
    sends.append(send(here, room, ANA, "a2"))

    for sent in (*sends, received.future):
        await stored_seq(sent)
    contents = [entry.content for entry in await log_of(cluster, room)]
    assert [content for content in contents if content.startswith("a")] == ["a0", "a1", "a2"]
    assert [content for content in contents if content.startswith("b")] == ["b0", "b1"]


async def test_recalled_draft_that_was_overtaken_is_refused_with_retry(
    cluster: FakeCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A draft is refused with `retry` if the other instance stored a later draft of the same sender."""
    monkeypatch.setattr("actors.conversations.draft_forwarder.RESULT_TIMEOUT_S", 0.2)
    here, there = await cluster.start_instance(), await cluster.start_instance()
    cluster.broker.should_drop = lambda topic, _frame: topic.startswith("i:")
    room = await cluster.create_group(here, ANA, BEN)
    await stored_seq(send(here, room, ANA, "a0"))
    forwarding = forwarding_of(here, room)
    forwarding.last_writer, forwarding._forward_until = "gone", float("inf")
    lost, kept, other = send(here, room, ANA, "a1"), send(here, room, ANA, "a2"), send(here, room, BEN, "b1")
    await until(partial(has_in_flight, forwarding, 3))
    (attempt_id,) = [
        attempt_id
        for attempt_id, pending in here.draft_forwarder._in_flight.items()
        if "'a2'" in str(pending.command)
    ]
    pending = here.draft_forwarder._in_flight[attempt_id]
    assert isinstance(pending.command, Send)
    reply = FutureReply()
    there.conversations.send(room, Send(pending.command.draft, reply, forwarded=True))
    stored = await reply.future
    assert stored is not None
    outcome = DraftOutcome(attempt_id, stored[0], False, "", "", None, retry=False)
    here.draft_forwarder.on_bus_message(forward_encoder.encode(DraftForwarded(room, outcome)))

    assert (await stored_seq(kept))[0] == 2
    with pytest.raises(ApiError) as refusal:
        await lost
    assert refusal.value.retry
    assert (await stored_seq(other))[0] == 3
    assert (await stored_seq(send(here, room, ANA, "a1")))[0] == 4


async def test_forwarding_keeps_its_target_while_drafts_are_in_flight(cluster: FakeCluster) -> None:
    """A third instance could store later drafts first, so the target changes only when none is in flight."""
    forwarding = ForwardingState()
    forwarding.last_writer = "one"
    assert forwarding.start_forward(2) == ("one", 0)
    forwarding.last_writer = "other"
    assert forwarding.should_forward()
    assert forwarding.start_forward(1) == ("one", 2)
    for _ in range(3):
        forwarding.record_result(answered=True)
    assert forwarding.start_forward(1) == ("other", 3)


async def test_forwarded_drafts_with_lost_results_are_stored_once(
    cluster: FakeCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If the results are lost, the origin appends the drafts again and finds the stored ones."""
    monkeypatch.setattr("actors.conversations.draft_forwarder.RESULT_TIMEOUT_S", 0.05)
    here, there = await cluster.start_instance(), await cluster.start_instance()
    cluster.broker.should_drop = lambda topic, frame: (
        topic.startswith("i:") and isinstance(forward_decoder.decode(frame), DraftForwarded)
    )
    room = await flood(cluster, here, there)

    assert [entry.seq for entry in await log_of(cluster, room)] == list(range(1, 401))


async def test_failing_reply_leaves_no_other_command_unanswered(cluster: FakeCluster) -> None:
    """The actor restarts; the other commands of the batch are answered or refused with `retry`."""

    class BrokenReply(FutureReply):
        def stored(self, entry: MessageEntry, *, duplicate: bool) -> None:
            raise RuntimeError

    core = await cluster.start_instance()
    room = await cluster.create_group(core, ANA, BEN)
    await stored_seq(send(core, room, ANA, "active"))
    first = send(core, room, ANA, "first")
    core.conversations.send(room, Send(create_draft(ANA, "broken", "broken", (), None), BrokenReply()))
    rest = [send(core, room, ANA, f"m{number}") for number in range(5)]
    async with asyncio.timeout(5):
        results = await asyncio.gather(first, *rest, return_exceptions=True)
    again = [await stored_seq(send(core, room, ANA, f"m{number}")) for number in range(5)]

    assert not isinstance(results[0], BaseException)
    assert all(isinstance(result, ApiError) and result.retry for result in results[1:])
    assert again == [(seq, True) for seq in range(4, 9)]


async def test_lost_last_message_is_recovered_by_head_repeat(cluster: FakeCluster) -> None:
    """No later entry reveals the gap, so the head is published again."""
    here, there = await cluster.start_instance(), await cluster.start_instance()
    room = await cluster.create_group(here, ANA, BEN)
    member = await cluster.join_room(there, room, BEN)
    cluster.broker.should_drop = lambda topic, _frame: topic.startswith("c:")
    await stored_seq(send(here, room, ANA, "last message"))
    cluster.broker.should_drop = lambda _topic, _frame: False
    await until(lambda: member.contents == ["last message"])
