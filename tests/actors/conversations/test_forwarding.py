"""Forwarding of drafts to the instance that writes: each is stored once, in order."""

import asyncio
from collections.abc import Sequence
from functools import partial

import msgspec
import pytest

from actors.conversations.commands import DraftOutcome, Send
from actors.conversations.conversation_actor import ConversationActor
from actors.conversations.draft_forwarder import (
    DraftResolved,
    DraftsReceived,
    ForwardDrafts,
    forward_decoder,
    forward_encoder,
)
from actors.conversations.forwarding_state import ForwardingState
from actors.conversations.future_reply import FutureReply
from actors.conversations.message_changes import Edit
from actors.conversations.message_validation import create_draft
from actors.core import Core
from actors.protocol.errors import ApiError
from storage.contracts.message_log import Appended, Entry, MessageEntry
from tests.actors.fake_cluster import (
    ANA,
    BEN,
    FAST_LIMITS,
    FakeCluster,
    log_of,
    refused_code,
    send,
    stored_seq,
)
from tests.until import until


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

    def count(topic: str, message: bytes) -> bool:
        nonlocal forwarded, stored
        if topic.startswith("i:"):
            event = forward_decoder.decode(message)
            forwarded += isinstance(event, ForwardDrafts)
            stored += isinstance(event, DraftResolved) and event.outcome.entry is not None
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
    monkeypatch.setattr("actors.conversations.draft_forwarder.RESEND_INTERVAL_S", 0.05)
    here, there = await cluster.start_instance(), await cluster.start_instance()
    cluster.broker.should_drop = lambda topic, _message: topic.startswith("i:")
    room = await flood(cluster, here, there)
    entries = await log_of(cluster, room)

    assert [entry.seq for entry in entries] == list(range(1, 401))
    assert in_order(entries)


def forwarding_of(core: Core, conversation_id: str) -> ForwardingState:
    """Return the forwarding state of an active conversation."""
    ref = core.conversation_actors.get_active(conversation_id)
    assert ref is not None
    assert isinstance(ref.actor, ConversationActor)
    return ref.actor._pipeline._forwarding


def has_in_flight(forwarding: ForwardingState, count: int) -> bool:
    return forwarding.in_flight == count


async def test_draft_that_is_forwarded_again_is_appended_once(
    cluster: FakeCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whose outcome was lost or is on its way: it gets the same outcome again, and ends no batch early."""
    monkeypatch.setattr("actors.conversations.draft_forwarder.RESEND_INTERVAL_S", 0.05)
    here, there = await cluster.start_instance(), await cluster.start_instance()
    room = await cluster.create_group(here, ANA, BEN)
    await stored_seq(send(here, room, ANA, "a0"))
    appended: list[str] = []
    append = cluster.messaging.append

    async def count(entries: Sequence[Entry]) -> Appended:
        appended.extend(entry.content for entry in entries if isinstance(entry, MessageEntry))
        return await append(entries)

    monkeypatch.setattr(cluster.messaging, "append", count)
    lost: list[bytes] = []

    def lose_first_outcomes(topic: str, message: bytes) -> bool:
        if topic != here.draft_forwarder.topic or len(lost) == 3:
            return False
        if isinstance(forward_decoder.decode(message), DraftResolved):
            lost.append(message)
            return True
        return False

    cluster.broker.should_drop = lose_first_outcomes
    forwarding = forwarding_of(here, room)
    forwarding.last_writer, forwarding._forward_until = there.draft_forwarder._instance, float("inf")

    assert (await stored_seq(send(here, room, ANA, "a1"))) == (2, False)
    assert len(lost) == 3
    assert appended == ["a1"]


async def test_outcomes_are_kept_within_a_bound(
    cluster: FakeCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The oldest gives way."""
    monkeypatch.setattr("actors.conversations.draft_forwarder.OUTCOMES_KEPT_MAX", 2)
    forwarder = (await cluster.start_instance()).draft_forwarder
    for attempt_id in (1, 2, 3):
        outcome = DraftOutcome(attempt_id, None, False, "server.overloaded", "", None, retry=True)
        forwarder.resolve("i1", DraftResolved("0" * 24, outcome))
    assert list(forwarder._outcomes) == [2, 3]


async def test_later_drafts_wait_for_recalled_drafts(
    cluster: FakeCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When forwarded drafts time out at different times, later drafts of the sender do not overtake them."""
    here = await cluster.start_instance()
    cluster.broker.should_drop = lambda topic, _message: topic.startswith("i:")
    room = await cluster.create_group(here, ANA, BEN)
    await stored_seq(send(here, room, ANA, "a0"))
    forwarding = forwarding_of(here, room)
    forwarding.last_writer, forwarding._forward_until = "gone", float("inf")
    sends = []
    for number, timeout_s in ((1, 0.02), (2, 0.3)):
        monkeypatch.setattr("actors.conversations.draft_forwarder.RESEND_INTERVAL_S", timeout_s)
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
    monkeypatch.setattr("actors.conversations.draft_forwarder.RESEND_INTERVAL_S", 0.1)
    here = await cluster.start_instance()
    cluster.broker.should_drop = lambda topic, _message: topic.startswith("i:")
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
    monkeypatch.setattr("actors.conversations.draft_forwarder.RESEND_INTERVAL_S", 0.1)
    here = await cluster.start_instance()
    cluster.broker.should_drop = lambda topic, _message: topic.startswith("i:")
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
    monkeypatch.setattr("actors.conversations.draft_forwarder.RESEND_INTERVAL_S", 0.2)
    here, there = await cluster.start_instance(), await cluster.start_instance()
    cluster.broker.should_drop = lambda topic, _message: topic.startswith("i:")
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
    here.draft_forwarder.on_bus_message(forward_encoder.encode(DraftResolved(room, outcome)))

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
    assert forwarding.update_forwarding()
    assert forwarding.start_forward(1) == ("one", 2)
    for _ in range(3):
        forwarding.record_result(answered=True)
    assert forwarding.start_forward(1) == ("other", 3)


async def test_forwarded_drafts_with_lost_results_are_stored_once(
    cluster: FakeCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If results are lost, the drafts are forwarded again, and the other instance finds the stored ones."""
    monkeypatch.setattr("actors.conversations.draft_forwarder.RESEND_INTERVAL_S", 0.05)
    here, there = await cluster.start_instance(), await cluster.start_instance()
    lost: set[int] = set()

    def is_first_result(topic: str, payload: bytes) -> bool:
        message = forward_decoder.decode(payload) if topic.startswith("i:") else None
        if not isinstance(message, DraftResolved) or message.outcome.attempt_id in lost:
            return False
        lost.add(message.outcome.attempt_id)
        return True

    cluster.broker.should_drop = is_first_result
    room = await flood(cluster, here, there)

    assert lost
    assert [entry.seq for entry in await log_of(cluster, room)] == list(range(1, 401))


async def test_slow_instance_is_given_time(cluster: FakeCluster, monkeypatch: pytest.MonkeyPatch) -> None:
    """Drafts that the other instance has received but not stored are not appended here as well."""
    monkeypatch.setattr("actors.conversations.draft_forwarder.RESEND_INTERVAL_S", 0.05)
    here, there = await cluster.start_instance(), await cluster.start_instance()
    room = await cluster.create_group(here, ANA, BEN)
    await stored_seq(send(here, room, ANA, "a0"))
    forwarding = forwarding_of(here, room)
    forwarding.last_writer, forwarding._forward_until = "i1", float("inf")
    forwarded = acknowledged = 0

    def count(topic: str, payload: bytes) -> bool:
        nonlocal forwarded, acknowledged
        if topic.startswith("i:"):
            message = forward_decoder.decode(payload)
            forwarded += isinstance(message, ForwardDrafts)
            acknowledged += isinstance(message, DraftsReceived)
        return False

    cluster.broker.should_drop = count
    await there.conversations.get_info(BEN, room)
    proceed = asyncio.Event()
    append = cluster.messaging.append

    async def slow_append(entries: Sequence[Entry]) -> Appended:
        await proceed.wait()
        return await append(entries)

    monkeypatch.setattr(cluster.messaging, "append", slow_append)
    sent = send(here, room, ANA, "a1")
    await until(lambda: forwarded >= 4 and acknowledged >= 4)
    assert here.log_writer.statistics().attempted_entries == 1
    proceed.set()

    assert await stored_seq(sent) == (2, False)
    assert here.log_writer.statistics().attempted_entries == 1
    assert there.log_writer.statistics().attempted_entries == 1


async def test_forwarded_draft_is_dropped_at_its_deadline(
    cluster: FakeCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A draft whose sender was refused in the meantime is not stored by the other instance."""
    monkeypatch.setattr("actors.conversations.draft_forwarder.RESEND_INTERVAL_S", 0.05)
    limits = msgspec.structs.replace(FAST_LIMITS, command_timeout_ms=300)
    here, there = await cluster.start_instance(limits), await cluster.start_instance(limits)
    room = await cluster.create_group(here, ANA, BEN)
    await stored_seq(send(here, room, ANA, "a0"))
    forwarding = forwarding_of(here, room)
    forwarding.last_writer, forwarding._forward_until = "i1", float("inf")
    await there.conversations.get_info(BEN, room)
    proceed = asyncio.Event()
    append = cluster.messaging.append

    async def slow_append(entries: Sequence[Entry]) -> Appended:
        await proceed.wait()
        return await append(entries)

    monkeypatch.setattr(cluster.messaging, "append", slow_append)
    first = send(there, room, BEN, "b1")
    await until(lambda: there.log_writer.statistics().attempted_entries == 1)
    second = send(here, room, ANA, "a1")

    assert await refused_code(first) == "server.overloaded"
    assert await refused_code(second) == "server.overloaded"
    proceed.set()
    assert await stored_seq(send(there, room, BEN, "b1")) == (2, True)
    assert [entry.content for entry in await log_of(cluster, room)] == ["a0", "b1"]


async def test_drafts_recalled_out_of_order_are_stored_in_order(
    cluster: FakeCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Drafts are sent again at different times, so a later one may be taken back first."""
    here = await cluster.start_instance()
    cluster.broker.should_drop = lambda topic, _message: topic.startswith("i:")
    room = await cluster.create_group(here, ANA, BEN)
    await stored_seq(send(here, room, ANA, "a0"))
    forwarding = forwarding_of(here, room)
    forwarding.last_writer, forwarding._forward_until = "gone", float("inf")
    sends = []
    for number, timeout_s in ((1, 0.4), (2, 0.05)):
        monkeypatch.setattr("actors.conversations.draft_forwarder.RESEND_INTERVAL_S", timeout_s)
        sends.append(send(here, room, ANA, f"a{number}"))
        await until(partial(has_in_flight, forwarding, number))

    for sent in sends:
        await stored_seq(sent)
    assert [entry.content for entry in await log_of(cluster, room)] == ["a0", "a1", "a2"]
