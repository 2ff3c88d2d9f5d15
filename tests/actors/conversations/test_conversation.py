"""One conversation, several instances: one order, no hole, no duplicate, whatever fails."""

import asyncio
from collections.abc import AsyncIterator
from functools import partial
from typing import Any

import pytest

from actors.conversations.commands import AddMember, Edit, RemoveMember, Send
from actors.conversations.conversation import Conversation
from actors.conversations.draft_forwarder import (
    DraftForwarded,
    DraftOutcome,
    forward_decoder,
    forward_encoder,
)
from actors.conversations.drafts import create_draft
from actors.conversations.forwarding_state import ForwardingState
from actors.conversations.future_reply import FutureReply
from actors.core import Core
from actors.protocol.errors import ApiError
from storage.contracts.messaging import MessageEntry
from tests.actors.fake_cluster import ANA, BEN, CYD, FakeCluster, RecordingMember, card, send, stored_seq
from tests.until import until


@pytest.fixture
async def cluster() -> AsyncIterator[FakeCluster]:
    town = FakeCluster()
    yield town
    await town.close()


async def log_of(cluster: FakeCluster, conversation_id: str) -> list[MessageEntry]:
    entries = await cluster.messaging.read(conversation_id, 0, 1_000_000)
    return [entry for entry in entries if isinstance(entry, MessageEntry)]


async def refused_code(future: "asyncio.Future[Any]") -> str:
    with pytest.raises(ApiError) as refusal:
        await future
    return refusal.value.code


async def test_messages_of_one_sender_keep_their_order(cluster: FakeCluster) -> None:
    """Seqs are dense and in the order of sending."""
    core = await cluster.start_instance()
    room = await cluster.create_group(core, ANA, BEN)
    ear = await cluster.join_room(core, room, BEN)
    sent = [send(core, room, ANA, f"m{number}") for number in range(50)]
    seqs = [(await stored_seq(one))[0] for one in sent]

    assert seqs == list(range(1, 51))
    assert ear.contents == [f"m{number}" for number in range(50)]
    assert ear.seqs == seqs


async def test_retry_returns_the_first_message_and_takes_no_seq(cluster: FakeCluster) -> None:
    """The same client_id is the same message, with `duplicate` true."""
    core = await cluster.start_instance()
    room = await cluster.create_group(core, ANA, BEN)
    first = await stored_seq(send(core, room, ANA, "hi", "c1"))
    again = await stored_seq(send(core, room, ANA, "hi", "c1"))
    next_one = await stored_seq(send(core, room, ANA, "more", "c2"))

    assert (first, again, next_one) == ((1, False), (1, True), (2, False))


async def test_concurrent_retry_on_one_instance_is_stored_once(cluster: FakeCluster) -> None:
    """A retry that overtakes its first answer joins it."""
    core = await cluster.start_instance()
    room = await cluster.create_group(core, ANA, BEN)
    one, other = send(core, room, ANA, "hi", "c1"), send(core, room, ANA, "hi", "c1")

    assert {await stored_seq(one), await stored_seq(other)} == {(1, False), (1, True)}
    assert len(await log_of(cluster, room)) == 1


async def test_concurrent_retry_on_two_instances_is_stored_once(cluster: FakeCluster) -> None:
    """The unique index decides where no memory is shared."""
    here, there = await cluster.start_instance(), await cluster.start_instance()
    room = await cluster.create_group(here, ANA, BEN)
    answers = [
        await asyncio.gather(
            stored_seq(send(here, room, ANA, f"m{number}")), stored_seq(send(there, room, ANA, f"m{number}"))
        )
        for number in range(20)
    ]

    for (seq, duplicate), (other_seq, other_duplicate) in answers:
        assert seq == other_seq
        assert {duplicate, other_duplicate} == {False, True}
    assert len(await log_of(cluster, room)) == 20


async def test_same_client_id_with_other_content_is_a_conflict(cluster: FakeCluster) -> None:
    """Before and after the first one is stored."""
    core = await cluster.start_instance()
    room = await cluster.create_group(core, ANA, BEN)
    first, twin = send(core, room, ANA, "hi", "c1"), send(core, room, ANA, "ho", "c1")

    assert await refused_code(twin) == "idempotency.conflict"
    assert await stored_seq(first) == (1, False)
    assert await refused_code(send(core, room, ANA, "ho", "c1")) == "idempotency.conflict"


async def test_non_member_and_unknown_conversation_get_the_same_error(cluster: FakeCluster) -> None:
    """What one may not see does not exist."""
    core = await cluster.start_instance()
    room = await cluster.create_group(core, ANA, BEN)

    assert await refused_code(send(core, room, CYD, "x")) == "conversation.not_found"
    assert await refused_code(send(core, "f" * 24, CYD, "x")) == "conversation.not_found"


async def test_two_instances_write_one_log_without_gaps(cluster: FakeCluster) -> None:
    """A flood from both: every member everywhere hears the same, in the same order."""
    here, there = await cluster.start_instance(), await cluster.start_instance()
    room = await cluster.create_group(here, ANA, BEN)
    ears = [await cluster.join_room(here, room, ANA), await cluster.join_room(there, room, BEN)]
    sends = []
    for number in range(100):
        sends += [send(here, room, ANA, f"a{number}"), send(there, room, BEN, f"b{number}")]
        if number % 10 == 0:
            await asyncio.sleep(0)
    seqs = [(await stored_seq(one))[0] for one in sends]
    await until(lambda: all(len(ear.seqs) == 200 for ear in ears))

    assert sorted(seqs) == list(range(1, 201))
    assert ears[0].frames == ears[1].frames
    assert ears[0].seqs == list(range(1, 201))
    for name in ("a", "b"):
        said = [content for content in ears[0].contents if content.startswith(name)]
        assert said == [f"{name}{number}" for number in range(100)]


async def test_lost_bus_frames_are_recovered_from_the_log(cluster: FakeCluster) -> None:
    """Every third frame of the bus is dropped; nobody misses a seq, not even the last."""
    here, there = await cluster.start_instance(), await cluster.start_instance()
    room = await cluster.create_group(here, ANA, BEN)
    ear = await cluster.join_room(there, room, BEN)
    count = 0

    def lose(topic: str, _frame: bytes) -> bool:
        nonlocal count
        count += topic.startswith("c:")
        return count % 3 == 0

    cluster.broker.should_drop = lose
    for number in range(31):
        await stored_seq(send(here, room, ANA, f"m{number}"))
    await until(lambda: len(ear.seqs) == 31)

    assert ear.seqs == list(range(1, 32))
    assert there.rooms.statistics().repairs > 0


@pytest.mark.parametrize("kept", [0, 1, 5, 9])
async def test_partly_stored_batch_leaves_no_gap(cluster: FakeCluster, kept: int) -> None:
    """What was stored before the failure counts; the rest is stored behind it, once."""
    core = await cluster.start_instance()
    room = await cluster.create_group(core, ANA, BEN)
    await stored_seq(send(core, room, ANA, "first"))
    cluster.messaging.fail_next(after_storing=kept)
    sends = [send(core, room, ANA, f"m{number}") for number in range(10)]
    answers = [await stored_seq(one) for one in sends]

    assert answers == [(seq, False) for seq in range(2, 12)]
    assert [entry.seq for entry in await log_of(cluster, room)] == list(range(1, 12))


async def test_queued_draft_of_removed_member_is_refused(cluster: FakeCluster) -> None:
    """Membership is checked again when a draft gets its seq, after what other instances stored."""
    here, there = await cluster.start_instance(), await cluster.start_instance()
    room = await cluster.create_group(here, ANA, BEN)
    await stored_seq(send(there, room, BEN, "awake here"))
    cluster.broker.disconnect()
    await here.conversations.change_membership(room, RemoveMember(card(ANA), card(BEN)))

    assert await refused_code(send(there, room, BEN, "too late")) == "conversation.not_found"
    assert [entry.content for entry in await log_of(cluster, room)] == ["awake here", "@user1 removed @user2"]


async def test_added_member_can_send_on_every_instance(cluster: FakeCluster) -> None:
    """Adding is in the log, in the document, and known to an instance that was awake before."""
    here, there = await cluster.start_instance(), await cluster.start_instance()
    room = await cluster.create_group(here, ANA, BEN)
    await stored_seq(send(there, room, BEN, "awake here"))
    await here.conversations.change_membership(room, AddMember(card(ANA), card(CYD)))

    assert (await stored_seq(send(there, room, CYD, "hello")))[0] == 3
    found = await there.conversations.get(CYD, room)
    assert found.member_count == 3


async def test_only_admins_change_membership(cluster: FakeCluster) -> None:
    """Members who are no admins are refused, and nothing is stored."""
    core = await cluster.start_instance()
    room = await cluster.create_group(core, ANA, BEN)

    with pytest.raises(ApiError, match="permission"):
        await core.conversations.change_membership(room, AddMember(card(BEN), card(CYD)))
    assert await log_of(cluster, room) == []


async def test_no_op_membership_change_takes_no_seq(cluster: FakeCluster) -> None:
    """Adding a member who is in answers as if it had been done."""
    core = await cluster.start_instance()
    room = await cluster.create_group(core, ANA, BEN)
    await core.conversations.change_membership(room, AddMember(card(ANA), card(BEN)))

    assert await log_of(cluster, room) == []


async def test_missing_projection_is_repaired_on_activation(cluster: FakeCluster) -> None:
    """The log says who is in; a waking conversation brings the document up."""
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
    """A process that dies here writes nothing."""


async def test_new_subscriber_receives_only_later_entries(cluster: FakeCluster) -> None:
    """A room begins at the head of the log: nothing before it, nothing missing after it."""
    here, there = await cluster.start_instance(), await cluster.start_instance()
    room = await cluster.create_group(here, ANA, BEN)
    for number in range(5):
        await stored_seq(send(here, room, ANA, f"m{number}"))
    ear = await cluster.join_room(there, room, BEN)
    for number in range(5, 10):
        await stored_seq(send(here, room, ANA, f"m{number}"))
    await until(lambda: len(ear.seqs) == 5)

    assert ear.seqs == [6, 7, 8, 9, 10]


async def test_subscriber_with_older_state_gets_lagged(cluster: FakeCluster) -> None:
    """The range between what was told and what the room says next is named."""
    core = await cluster.start_instance()
    room = await cluster.create_group(core, ANA, BEN)
    for number in range(3):
        await stored_seq(send(core, room, ANA, f"m{number}"))
    ear = RecordingMember(BEN, core.flusher)
    await core.rooms.join(ear, [(room, 1)], report_missed=True)
    await stored_seq(send(core, room, ANA, "next"))
    await until(lambda: ear.seqs)

    assert ear.gaps == [(2, 3)]
    assert ear.seqs == [4]


async def test_lists_are_current_before_summaries_are_written(cluster: FakeCluster) -> None:
    """A list is right at once on every instance, before and after the late writes."""
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
    """Reading back changes nothing; reading ahead stops at the last message."""
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
    """Whoever could not be told that a conversation is there learns that there is something to learn."""
    core = await cluster.start_instance()
    before = (await cluster.streams.positions([BEN]))[0]
    cluster.broker.disconnect()
    await cluster.create_group(core, ANA, BEN)
    cluster.broker.reconnect()

    async with asyncio.timeout(5):
        while (await cluster.streams.positions([BEN]))[0].epoch == before.epoch:  # noqa: ASYNC110
            await asyncio.sleep(0)


async def test_sweeper_completes_membership_effect_of_crashed_instance(cluster: FakeCluster) -> None:
    """A process that dies between storing a change of members and telling it leaves an intent behind."""
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
    """Nothing is left to look for when all went well."""
    core = await cluster.start_instance()
    room = await cluster.create_group(core, ANA, BEN)
    await core.conversations.change_membership(room, AddMember(card(ANA), card(CYD)))

    assert await cluster.messaging.list_pending_effects() == []


async def flood(cluster: FakeCluster, here: Core, there: Core) -> str:
    """Both instances write one conversation as fast as they can, some at a time."""
    room = await cluster.create_group(here, ANA, BEN)
    await cluster.join_room(here, room, ANA)
    await cluster.join_room(there, room, BEN)

    async def speak(core: Core, who: str, name: str) -> None:
        for start in range(0, 200, 8):
            await asyncio.gather(
                *(stored_seq(send(core, room, who, f"{name}{start + one}")) for one in range(8))
            )

    await asyncio.gather(speak(here, ANA, "a"), speak(there, BEN, "b"))
    return room


def in_order(entries: list[MessageEntry]) -> bool:
    said = [entry.content for entry in entries]
    return all(
        [one for one in said if one.startswith(name)] == [f"{name}{number}" for number in range(200)]
        for name in ("a", "b")
    )


async def test_drafts_are_forwarded_after_losing_seqs(cluster: FakeCluster) -> None:
    """After losing twice drafts go over the bus for a while: one writer, every draft once, in order."""
    here, there = await cluster.start_instance(), await cluster.start_instance()
    forwarded = 0

    def count(topic: str, _frame: bytes) -> bool:
        nonlocal forwarded
        forwarded += topic.startswith("i:")
        return False

    cluster.broker.should_drop = count
    room = await flood(cluster, here, there)
    entries = await log_of(cluster, room)

    assert forwarded > 0
    assert [entry.seq for entry in entries] == list(range(1, 401))
    assert in_order(entries)


async def test_unanswered_forwarded_drafts_are_stored_locally(
    cluster: FakeCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was handed over and got no answer is sent by its own instance, once, in order."""
    monkeypatch.setattr("actors.conversations.draft_forwarder.RESULT_TIMEOUT_S", 0.05)
    here, there = await cluster.start_instance(), await cluster.start_instance()
    cluster.broker.should_drop = lambda topic, _frame: topic.startswith("i:")
    room = await flood(cluster, here, there)
    entries = await log_of(cluster, room)

    assert [entry.seq for entry in entries] == list(range(1, 401))
    assert in_order(entries)


def forwarding_of(core: Core, conversation_id: str) -> ForwardingState:
    """How a conversation that is awake there stands to the other instances."""
    cell = core.conversation_actors.get_active(conversation_id)
    assert cell is not None
    assert isinstance(cell.actor, Conversation)
    return cell.actor._pipeline._forwarding


def has_in_flight(forwarding: ForwardingState, count: int) -> bool:
    return forwarding.in_flight == count


async def test_later_drafts_wait_for_recalled_drafts(
    cluster: FakeCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While drafts that nobody answers for come back at different moments, a sender's order is kept."""
    here = await cluster.start_instance()
    cluster.broker.should_drop = lambda topic, _frame: topic.startswith("i:")
    room = await cluster.create_group(here, ANA, BEN)
    await stored_seq(send(here, room, ANA, "a0"))
    handing = forwarding_of(here, room)
    handing.last_writer, handing._forward_until = "gone", float("inf")
    sends = []
    for number, answer_s in ((1, 0.02), (2, 0.3)):
        monkeypatch.setattr("actors.conversations.draft_forwarder.RESULT_TIMEOUT_S", answer_s)
        sends.append(send(here, room, ANA, f"a{number}"))
        await until(partial(has_in_flight, handing, number))
    await until(partial(has_in_flight, handing, 1))
    sends.append(send(here, room, ANA, "a3"))

    for one in sends:
        await stored_seq(one)
    assert [entry.content for entry in await log_of(cluster, room)] == ["a0", "a1", "a2", "a3"]


@pytest.mark.parametrize("changed", [True, False], ids=["a change", "a change of nothing"])
async def test_draft_after_a_change_does_not_overtake_forwarded_drafts(
    cluster: FakeCluster, monkeypatch: pytest.MonkeyPatch, changed: bool
) -> None:
    """They follow them to the other instance, or wait until they are called back."""
    monkeypatch.setattr("actors.conversations.draft_forwarder.RESULT_TIMEOUT_S", 0.1)
    here = await cluster.start_instance()
    cluster.broker.should_drop = lambda topic, _frame: topic.startswith("i:")
    room = await cluster.create_group(here, ANA, BEN)
    await stored_seq(send(here, room, ANA, "a0"))
    (first,) = await log_of(cluster, room)
    handing = forwarding_of(here, room)
    handing.last_writer, handing._forward_until = "gone", float("inf")
    sends = [send(here, room, ANA, "a1")]
    await until(partial(has_in_flight, handing, 1))
    edit = asyncio.ensure_future(
        here.conversations.change_message(ANA, room, Edit(first.id, "changed" if changed else "a0"))
    )
    await asyncio.sleep(0)
    sends.append(send(here, room, ANA, "a2"))

    for one in sends:
        await stored_seq(one)
    await edit
    assert [entry.content for entry in await log_of(cluster, room)][1:] == ["a1", "a2"]


async def test_draft_after_received_drafts_does_not_overtake_forwarded_drafts(
    cluster: FakeCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is ours to store is stored; what stands behind it still follows its own."""
    monkeypatch.setattr("actors.conversations.draft_forwarder.RESULT_TIMEOUT_S", 0.1)
    here = await cluster.start_instance()
    cluster.broker.should_drop = lambda topic, _frame: topic.startswith("i:")
    room = await cluster.create_group(here, ANA, BEN)
    await stored_seq(send(here, room, ANA, "a0"))
    handing = forwarding_of(here, room)
    handing.last_writer, handing._forward_until = "gone", float("inf")
    sends = [send(here, room, ANA, "a1")]
    await until(partial(has_in_flight, handing, 1))
    relayed = FutureReply()
    for number in range(2):
        draft = create_draft(BEN, f"b{number}", f"b{number}", (), None)
        here.conversations.send(room, Send(draft, relayed if number else FutureReply(), forwarded=True))
    sends.append(send(here, room, ANA, "a2"))

    for one in (*sends, relayed.future):
        await stored_seq(one)
    contents = [entry.content for entry in await log_of(cluster, room)]
    assert [one for one in contents if one.startswith("a")] == ["a0", "a1", "a2"]
    assert [one for one in contents if one.startswith("b")] == ["b0", "b1"]


async def test_recalled_draft_that_was_overtaken_is_refused_with_retry(
    cluster: FakeCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The other instance stored what was said after it: its sender says it again, and knows why."""
    monkeypatch.setattr("actors.conversations.draft_forwarder.RESULT_TIMEOUT_S", 0.2)
    here, there = await cluster.start_instance(), await cluster.start_instance()
    cluster.broker.should_drop = lambda topic, _frame: topic.startswith("i:")
    room = await cluster.create_group(here, ANA, BEN)
    await stored_seq(send(here, room, ANA, "a0"))
    handing = forwarding_of(here, room)
    handing.last_writer, handing._forward_until = "gone", float("inf")
    lost, kept, other = send(here, room, ANA, "a1"), send(here, room, ANA, "a2"), send(here, room, BEN, "b1")
    await until(partial(has_in_flight, handing, 3))
    (draft,) = [
        one for one, pending in here.draft_forwarder._in_flight.items() if "'a2'" in str(pending.command)
    ]
    pending = here.draft_forwarder._in_flight[draft]
    assert isinstance(pending.command, Send)
    reply = FutureReply()
    there.conversations.send(room, Send(pending.command.draft, reply, forwarded=True))
    found = await reply.future
    assert found is not None
    outcome = DraftOutcome(draft, found[0], False, "", "", None, retry=False)
    here.draft_forwarder.on_bus_message(forward_encoder.encode(DraftForwarded(room, outcome)))

    assert (await stored_seq(kept))[0] == 2
    with pytest.raises(ApiError) as refusal:
        await lost
    assert refusal.value.retry
    assert (await stored_seq(other))[0] == 3
    assert (await stored_seq(send(here, room, ANA, "a1")))[0] == 4


async def test_forwarding_keeps_its_target_while_drafts_are_in_flight(cluster: FakeCluster) -> None:
    """Handed to a third instance they might be stored before them."""
    handing = ForwardingState()
    handing.last_writer = "one"
    assert handing.start_forward(2) == ("one", 0)
    handing.last_writer = "other"
    assert handing.should_forward()
    assert handing.start_forward(1) == ("one", 2)
    for _ in range(3):
        handing.record_result(answered=True)
    assert handing.start_forward(1) == ("other", 3)


async def test_forwarded_drafts_with_lost_results_are_stored_once(
    cluster: FakeCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The other instance stored them, its answer was dropped: sending again finds them there."""
    monkeypatch.setattr("actors.conversations.draft_forwarder.RESULT_TIMEOUT_S", 0.05)
    here, there = await cluster.start_instance(), await cluster.start_instance()
    cluster.broker.should_drop = lambda topic, frame: (
        topic.startswith("i:") and isinstance(forward_decoder.decode(frame), DraftForwarded)
    )
    room = await flood(cluster, here, there)

    assert [entry.seq for entry in await log_of(cluster, room)] == list(range(1, 401))


async def test_failing_reply_leaves_no_other_command_unanswered(cluster: FakeCluster) -> None:
    """The actor crashes and starts anew; everybody else in the same batch is answered, or told to retry."""

    class Broken(FutureReply):
        def stored(self, entry: MessageEntry, *, duplicate: bool) -> None:
            raise RuntimeError

    core = await cluster.start_instance()
    room = await cluster.create_group(core, ANA, BEN)
    await stored_seq(send(core, room, ANA, "awake"))
    first = send(core, room, ANA, "first")
    core.conversations.send(room, Send(create_draft(ANA, "broken", "broken", (), None), Broken()))
    rest = [send(core, room, ANA, f"m{number}") for number in range(5)]
    async with asyncio.timeout(5):
        answers = await asyncio.gather(first, *rest, return_exceptions=True)
    again = [await stored_seq(send(core, room, ANA, f"m{number}")) for number in range(5)]

    assert not isinstance(answers[0], BaseException)
    assert all(isinstance(one, ApiError) and one.retry for one in answers[1:])
    assert again == [(seq, True) for seq in range(4, 9)]


async def test_lost_last_message_is_recovered_by_head_repeat(cluster: FakeCluster) -> None:
    """Nothing follows it that could show the gap: the head is said again until it is heard."""
    here, there = await cluster.start_instance(), await cluster.start_instance()
    room = await cluster.create_group(here, ANA, BEN)
    ear = await cluster.join_room(there, room, BEN)
    cluster.broker.should_drop = lambda topic, _frame: topic.startswith("c:")
    await stored_seq(send(here, room, ANA, "the last word"))
    cluster.broker.should_drop = lambda _topic, _frame: False
    await until(lambda: ear.contents == ["the last word"])
