"""One conversation on several instances: one order, no gaps and no duplicates after any failure."""

import asyncio

import pytest

from actors.conversations.commands import Send
from actors.conversations.future_reply import FutureReply
from actors.conversations.message_validation import create_draft
from actors.protocol.errors import ApiError
from storage.contracts.message_log import MessageEntry
from tests.actors.fake_cluster import (
    ANA,
    BEN,
    CYD,
    FakeCluster,
    RecordingMember,
    log_of,
    refused_code,
    send,
    stored_seq,
)
from tests.until import until


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


async def test_lost_bus_messages_are_recovered_from_the_log(cluster: FakeCluster) -> None:
    """With every third bus message dropped, members receive all seqs, including the last."""
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
