"""One conversation, several instances: one order, no hole, no duplicate, whatever fails."""

import asyncio
from collections.abc import AsyncIterator
from functools import partial
from typing import Any

import pytest

from actors.conversation.conversation import Conversation
from actors.conversation.drafts import draft_of
from actors.conversation.future_reply import FutureReply
from actors.conversation.handing import Handing
from actors.conversation.letters import Add, Edit, Remove, Send
from actors.conversation.relay import Forwarded, Outcome, relay_decoder, relay_encoder
from actors.core import Core
from actors.wire.refusal import Refusal
from storage.records.messaging import MessageEntry
from tests.actors.town import ANA, BEN, CYD, Ear, Town, card, send, stored
from tests.until import until


@pytest.fixture
async def town() -> AsyncIterator[Town]:
    town = Town()
    yield town
    await town.close()


async def log_of(town: Town, conversation_id: str) -> list[MessageEntry]:
    entries = await town.messaging.read(conversation_id, 0, 1_000_000)
    return [entry for entry in entries if isinstance(entry, MessageEntry)]


async def refused(future: "asyncio.Future[Any]") -> str:
    with pytest.raises(Refusal) as refusal:
        await future
    return refusal.value.code


async def test_messages_of_one_sender_keep_their_order(town: Town) -> None:
    """Seqs are dense and in the order of sending."""
    core = await town.instance()
    room = await town.room(core, ANA, BEN)
    ear = await town.ear(core, room, BEN)
    sent = [send(core, room, ANA, f"m{number}") for number in range(50)]
    seqs = [(await stored(one))[0] for one in sent]

    assert seqs == list(range(1, 51))
    assert ear.contents == [f"m{number}" for number in range(50)]
    assert ear.seqs == seqs


async def test_a_repeat_answers_the_first_and_spends_no_seq(town: Town) -> None:
    """The same client_id is the same message, with `duplicate` true."""
    core = await town.instance()
    room = await town.room(core, ANA, BEN)
    first = await stored(send(core, room, ANA, "hi", "c1"))
    again = await stored(send(core, room, ANA, "hi", "c1"))
    next_one = await stored(send(core, room, ANA, "more", "c2"))

    assert (first, again, next_one) == ((1, False), (1, True), (2, False))


async def test_a_twin_in_the_same_tick_is_stored_once(town: Town) -> None:
    """A retry that overtakes its first answer joins it."""
    core = await town.instance()
    room = await town.room(core, ANA, BEN)
    one, other = send(core, room, ANA, "hi", "c1"), send(core, room, ANA, "hi", "c1")

    assert {await stored(one), await stored(other)} == {(1, False), (1, True)}
    assert len(await log_of(town, room)) == 1


async def test_a_twin_on_two_instances_is_stored_once(town: Town) -> None:
    """The unique index decides where no memory is shared."""
    here, there = await town.instance(), await town.instance()
    room = await town.room(here, ANA, BEN)
    answers = [
        await asyncio.gather(
            stored(send(here, room, ANA, f"m{number}")), stored(send(there, room, ANA, f"m{number}"))
        )
        for number in range(20)
    ]

    for (seq, duplicate), (other_seq, other_duplicate) in answers:
        assert seq == other_seq
        assert {duplicate, other_duplicate} == {False, True}
    assert len(await log_of(town, room)) == 20


async def test_other_content_under_the_same_client_id_is_a_conflict(town: Town) -> None:
    """Before and after the first one is stored."""
    core = await town.instance()
    room = await town.room(core, ANA, BEN)
    first, twin = send(core, room, ANA, "hi", "c1"), send(core, room, ANA, "ho", "c1")

    assert await refused(twin) == "idempotency.conflict"
    assert await stored(first) == (1, False)
    assert await refused(send(core, room, ANA, "ho", "c1")) == "idempotency.conflict"


async def test_strangers_and_unknown_conversations_look_alike(town: Town) -> None:
    """What one may not see does not exist."""
    core = await town.instance()
    room = await town.room(core, ANA, BEN)

    assert await refused(send(core, room, CYD, "x")) == "conversation.not_found"
    assert await refused(send(core, "f" * 24, CYD, "x")) == "conversation.not_found"


async def test_two_instances_make_one_log_without_holes(town: Town) -> None:
    """A flood from both: every member everywhere hears the same, in the same order."""
    here, there = await town.instance(), await town.instance()
    room = await town.room(here, ANA, BEN)
    ears = [await town.ear(here, room, ANA), await town.ear(there, room, BEN)]
    sends = []
    for number in range(100):
        sends += [send(here, room, ANA, f"a{number}"), send(there, room, BEN, f"b{number}")]
        if number % 10 == 0:
            await asyncio.sleep(0)
    seqs = [(await stored(one))[0] for one in sends]
    await until(lambda: all(len(ear.seqs) == 200 for ear in ears))

    assert sorted(seqs) == list(range(1, 201))
    assert ears[0].heard == ears[1].heard
    assert ears[0].seqs == list(range(1, 201))
    for name in ("a", "b"):
        said = [content for content in ears[0].contents if content.startswith(name)]
        assert said == [f"{name}{number}" for number in range(100)]


async def test_lost_bus_frames_are_found_in_the_log(town: Town) -> None:
    """Every third frame of the bus is dropped; nobody misses a seq, not even the last."""
    here, there = await town.instance(), await town.instance()
    room = await town.room(here, ANA, BEN)
    ear = await town.ear(there, room, BEN)
    count = 0

    def lose(topic: str, _frame: bytes) -> bool:
        nonlocal count
        count += topic.startswith("c:")
        return count % 3 == 0

    town.broker.drop = lose
    for number in range(31):
        await stored(send(here, room, ANA, f"m{number}"))
    await until(lambda: len(ear.seqs) == 31)

    assert ear.seqs == list(range(1, 32))
    assert there.rooms.statistics().repairs > 0


@pytest.mark.parametrize("kept", [0, 1, 5, 9])
async def test_a_batch_that_fails_in_the_middle_leaves_no_hole(town: Town, kept: int) -> None:
    """What was stored before the failure counts; the rest is stored behind it, once."""
    core = await town.instance()
    room = await town.room(core, ANA, BEN)
    await stored(send(core, room, ANA, "first"))
    town.messaging.fail_next(after_storing=kept)
    sends = [send(core, room, ANA, f"m{number}") for number in range(10)]
    answers = [await stored(one) for one in sends]

    assert answers == [(seq, False) for seq in range(2, 12)]
    assert [entry.seq for entry in await log_of(town, room)] == list(range(1, 12))


async def test_a_removed_members_waiting_draft_is_refused(town: Town) -> None:
    """Membership is checked again when a draft gets its seq, after what other instances stored."""
    here, there = await town.instance(), await town.instance()
    room = await town.room(here, ANA, BEN)
    await stored(send(there, room, BEN, "awake here"))
    town.broker.disconnect()
    await here.conversations.amend(room, Remove(card(ANA), card(BEN)))

    assert await refused(send(there, room, BEN, "too late")) == "conversation.not_found"
    assert [entry.content for entry in await log_of(town, room)] == ["awake here", "@user1 removed @user2"]


async def test_a_new_member_is_told_and_may_speak_everywhere(town: Town) -> None:
    """Adding is in the log, in the document, and known to an instance that was awake before."""
    here, there = await town.instance(), await town.instance()
    room = await town.room(here, ANA, BEN)
    await stored(send(there, room, BEN, "awake here"))
    await here.conversations.amend(room, Add(card(ANA), card(CYD)))

    assert (await stored(send(there, room, CYD, "hello")))[0] == 3
    found = await there.conversations.get(CYD, room)
    assert found.member_count == 3


async def test_only_admins_amend(town: Town) -> None:
    """Members who are no admins are refused, and nothing is stored."""
    core = await town.instance()
    room = await town.room(core, ANA, BEN)

    with pytest.raises(Refusal, match="permission"):
        await core.conversations.amend(room, Add(card(BEN), card(CYD)))
    assert await log_of(town, room) == []


async def test_what_changes_nothing_takes_no_seq(town: Town) -> None:
    """Adding a member who is in answers as if it had been done."""
    core = await town.instance()
    room = await town.room(core, ANA, BEN)
    await core.conversations.amend(room, Add(card(ANA), card(BEN)))

    assert await log_of(town, room) == []


async def test_a_process_that_died_before_projecting_is_healed(town: Town) -> None:
    """The log says who is in; a waking conversation brings the document up."""
    here = await town.instance()
    room = await town.room(here, ANA, BEN)
    project = town.messaging.project
    town.messaging.project = nothing  # type: ignore[method-assign, assignment]
    await here.conversations.amend(room, Add(card(ANA), card(CYD)))
    town.messaging.project = project  # type: ignore[method-assign]
    there = await town.instance()
    assert await stored(send(there, room, CYD, "hello")) == (2, False)

    record = await town.messaging.get(room)
    assert record is not None
    assert record.participants == (ANA, BEN, CYD)


async def nothing(*_: object) -> None:
    """A process that dies here writes nothing."""


async def test_one_who_comes_late_hears_what_follows(town: Town) -> None:
    """A room begins at the head of the log: nothing before it, nothing missing after it."""
    here, there = await town.instance(), await town.instance()
    room = await town.room(here, ANA, BEN)
    for number in range(5):
        await stored(send(here, room, ANA, f"m{number}"))
    ear = await town.ear(there, room, BEN)
    for number in range(5, 10):
        await stored(send(here, room, ANA, f"m{number}"))
    await until(lambda: len(ear.seqs) == 5)

    assert ear.seqs == [6, 7, 8, 9, 10]


async def test_one_told_an_older_state_is_told_what_is_missing(town: Town) -> None:
    """The range between what was told and what the room says next is named."""
    core = await town.instance()
    room = await town.room(core, ANA, BEN)
    for number in range(3):
        await stored(send(core, room, ANA, f"m{number}"))
    ear = Ear(BEN, core.flusher)
    await core.rooms.enter(ear, [(room, 1)], told=True)
    await stored(send(core, room, ANA, "next"))
    await until(lambda: ear.seqs)

    assert ear.gaps == [(2, 3)]
    assert ear.seqs == [4]


async def test_summaries_follow_and_lists_do_not_wait_for_them(town: Town) -> None:
    """A list is right at once on every instance, before and after the late writes."""
    here, there = await town.instance(), await town.instance()
    room = await town.room(here, ANA, BEN)
    await stored(send(here, room, ANA, "one"))
    await stored(send(here, room, ANA, "two"))
    before = await there.conversations.get(BEN, room)
    await until(lambda: len(here.summaries) == 0 and here.summaries._flushing is None)
    after = await there.conversations.get(BEN, room)

    assert before == after
    assert (after.last_seq, after.unread_count, after.read_seq) == (2, 2, 0)
    assert after.last_message is not None
    assert after.last_message.content == "two"
    assert (await there.conversations.get(ANA, room)).read_seq == 2


async def test_read_marks_move_forward_only_and_never_past_the_head(town: Town) -> None:
    """Reading back changes nothing; reading ahead stops at the last message."""
    core = await town.instance()
    room = await town.room(core, ANA, BEN)
    for number in range(3):
        await stored(send(core, room, ANA, f"m{number}"))

    first = await core.conversations.read(BEN, room, 2)
    back = await core.conversations.read(BEN, room, 1)
    ahead = await core.conversations.read(BEN, room, 99)

    assert (first.read_seq, first.unread_count) == (2, 1)
    assert (back.read_seq, back.unread_count) == (2, 1)
    assert (ahead.read_seq, ahead.unread_count) == (3, 0)


async def test_frames_lost_with_the_broker_begin_a_new_epoch(town: Town) -> None:
    """Whoever could not be told that a conversation is there learns that there is something to learn."""
    core = await town.instance()
    before = (await town.streams.positions([BEN]))[0]
    town.broker.disconnect()
    await town.room(core, ANA, BEN)
    town.broker.reconnect()

    async with asyncio.timeout(5):
        while (await town.streams.positions([BEN]))[0].epoch == before.epoch:  # noqa: ASYNC110
            await asyncio.sleep(0)


async def test_what_a_dead_process_did_not_tell_is_told_by_another(town: Town) -> None:
    """A process that dies between storing a change of members and telling it leaves an intent behind."""
    here, there = await town.instance(), await town.instance()
    room = await town.room(here, ANA, BEN)
    before = (await town.streams.positions([CYD]))[0]
    here.announcer.announce = nothing  # type: ignore[method-assign, assignment]
    town.messaging.settle = nothing  # type: ignore[method-assign, assignment]
    await here.conversations.amend(room, Add(card(ANA), card(CYD)))
    del town.messaging.settle
    assert (await town.streams.positions([CYD]))[0] == before

    await there.sweeper.sweep(older_than_ms=0)

    assert (await town.streams.positions([CYD]))[0].position == before.position + 1
    assert await town.messaging.intents() == []


async def test_an_intent_is_settled_once_it_is_told(town: Town) -> None:
    """Nothing is left to look for when all went well."""
    core = await town.instance()
    room = await town.room(core, ANA, BEN)
    await core.conversations.amend(room, Add(card(ANA), card(CYD)))

    assert await town.messaging.intents() == []


async def flood(town: Town, here: Core, there: Core) -> str:
    """Both instances write one conversation as fast as they can, some at a time."""
    room = await town.room(here, ANA, BEN)
    await town.ear(here, room, ANA)
    await town.ear(there, room, BEN)

    async def speak(core: Core, who: str, name: str) -> None:
        for start in range(0, 200, 8):
            await asyncio.gather(*(stored(send(core, room, who, f"{name}{start + one}")) for one in range(8)))

    await asyncio.gather(speak(here, ANA, "a"), speak(there, BEN, "b"))
    return room


def in_order(entries: list[MessageEntry]) -> bool:
    said = [entry.content for entry in entries]
    return all(
        [one for one in said if one.startswith(name)] == [f"{name}{number}" for number in range(200)]
        for name in ("a", "b")
    )


async def test_a_loser_hands_its_drafts_to_the_one_who_writes(town: Town) -> None:
    """After losing twice drafts go over the bus for a while: one writer, every draft once, in order."""
    here, there = await town.instance(), await town.instance()
    forwarded = 0

    def count(topic: str, _frame: bytes) -> bool:
        nonlocal forwarded
        forwarded += topic.startswith("i:")
        return False

    town.broker.drop = count
    room = await flood(town, here, there)
    entries = await log_of(town, room)

    assert forwarded > 0
    assert [entry.seq for entry in entries] == list(range(1, 401))
    assert in_order(entries)


async def test_drafts_that_nobody_answers_for_are_stored_all_the_same(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was handed over and got no answer is sent by its own instance, once, in order."""
    monkeypatch.setattr("actors.conversation.relay.ANSWER_S", 0.05)
    here, there = await town.instance(), await town.instance()
    town.broker.drop = lambda topic, _frame: topic.startswith("i:")
    room = await flood(town, here, there)
    entries = await log_of(town, room)

    assert [entry.seq for entry in entries] == list(range(1, 401))
    assert in_order(entries)


def handing_of(core: Core, conversation_id: str) -> Handing:
    """How a conversation that is awake there stands to the other instances."""
    cell = core.actors.awake(conversation_id)
    assert cell is not None
    assert isinstance(cell.actor, Conversation)
    return cell.actor._writing._handing


def outside(handing: Handing, count: int) -> bool:
    return handing.out == count


async def test_nothing_said_later_goes_before_drafts_that_are_called_back(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While drafts that nobody answers for come back at different moments, a sender's order is kept."""
    here = await town.instance()
    town.broker.drop = lambda topic, _frame: topic.startswith("i:")
    room = await town.room(here, ANA, BEN)
    await stored(send(here, room, ANA, "a0"))
    handing = handing_of(here, room)
    handing.writer, handing._until = "gone", float("inf")
    sends = []
    for number, answer_s in ((1, 0.02), (2, 0.3)):
        monkeypatch.setattr("actors.conversation.relay.ANSWER_S", answer_s)
        sends.append(send(here, room, ANA, f"a{number}"))
        await until(partial(outside, handing, number))
    await until(partial(outside, handing, 1))
    sends.append(send(here, room, ANA, "a3"))

    for one in sends:
        await stored(one)
    assert [entry.content for entry in await log_of(town, room)] == ["a0", "a1", "a2", "a3"]


@pytest.mark.parametrize("changed", [True, False], ids=["a change", "a change of nothing"])
async def test_what_follows_a_change_does_not_overtake_drafts_that_are_out(
    town: Town, monkeypatch: pytest.MonkeyPatch, changed: bool
) -> None:
    """They follow them to the other instance, or wait until they are called back."""
    monkeypatch.setattr("actors.conversation.relay.ANSWER_S", 0.1)
    here = await town.instance()
    town.broker.drop = lambda topic, _frame: topic.startswith("i:")
    room = await town.room(here, ANA, BEN)
    await stored(send(here, room, ANA, "a0"))
    (first,) = await log_of(town, room)
    handing = handing_of(here, room)
    handing.writer, handing._until = "gone", float("inf")
    sends = [send(here, room, ANA, "a1")]
    await until(partial(outside, handing, 1))
    edit = asyncio.ensure_future(
        here.conversations.revise(ANA, room, Edit(first.id, "changed" if changed else "a0"))
    )
    await asyncio.sleep(0)
    sends.append(send(here, room, ANA, "a2"))

    for one in sends:
        await stored(one)
    await edit
    assert [entry.content for entry in await log_of(town, room)][1:] == ["a1", "a2"]


async def test_what_another_instance_handed_over_carries_nothing_past_drafts_that_are_out(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is ours to store is stored; what stands behind it still follows its own."""
    monkeypatch.setattr("actors.conversation.relay.ANSWER_S", 0.1)
    here = await town.instance()
    town.broker.drop = lambda topic, _frame: topic.startswith("i:")
    room = await town.room(here, ANA, BEN)
    await stored(send(here, room, ANA, "a0"))
    handing = handing_of(here, room)
    handing.writer, handing._until = "gone", float("inf")
    sends = [send(here, room, ANA, "a1")]
    await until(partial(outside, handing, 1))
    relayed = FutureReply()
    for number in range(2):
        draft = draft_of(BEN, f"b{number}", f"b{number}", (), None)
        here.conversations.send(room, Send(draft, relayed if number else FutureReply(), relayed=True))
    sends.append(send(here, room, ANA, "a2"))

    for one in (*sends, relayed.future):
        await stored(one)
    contents = [entry.content for entry in await log_of(town, room)]
    assert [one for one in contents if one.startswith("a")] == ["a0", "a1", "a2"]
    assert [one for one in contents if one.startswith("b")] == ["b0", "b1"]


async def test_what_came_back_too_late_to_keep_its_order_is_refused_for_now(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The other instance stored what was said after it: its sender says it again, and knows why."""
    monkeypatch.setattr("actors.conversation.relay.ANSWER_S", 0.2)
    here, there = await town.instance(), await town.instance()
    town.broker.drop = lambda topic, _frame: topic.startswith("i:")
    room = await town.room(here, ANA, BEN)
    await stored(send(here, room, ANA, "a0"))
    handing = handing_of(here, room)
    handing.writer, handing._until = "gone", float("inf")
    lost, kept, other = send(here, room, ANA, "a1"), send(here, room, ANA, "a2"), send(here, room, BEN, "b1")
    await until(partial(outside, handing, 3))
    (draft,) = [one for one, pending in here.relay._out.items() if "'a2'" in str(pending.letter)]
    pending = here.relay._out[draft]
    assert isinstance(pending.letter, Send)
    reply = FutureReply()
    there.conversations.send(room, Send(pending.letter.draft, reply, relayed=True))
    found = await reply.future
    assert found is not None
    outcome = Outcome(draft, found[0], False, "", "", None, retry=False)
    here.relay.heard(relay_encoder.encode(Forwarded(room, outcome)))

    assert (await stored(kept))[0] == 2
    with pytest.raises(Refusal) as refusal:
        await lost
    assert refusal.value.retry
    assert (await stored(other))[0] == 3
    assert (await stored(send(here, room, ANA, "a1")))[0] == 4


async def test_drafts_follow_those_that_are_out_whoever_wrote_meanwhile(town: Town) -> None:
    """Handed to a third instance they might be stored before them."""
    handing = Handing()
    handing.writer = "one"
    assert handing.given(2) == ("one", 0)
    handing.writer = "other"
    assert handing.wanted()
    assert handing.given(1) == ("one", 2)
    for _ in range(3):
        handing.back(answered=True)
    assert handing.given(1) == ("other", 3)


async def test_drafts_whose_answer_is_lost_are_stored_once(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The other instance stored them, its answer was dropped: sending again finds them there."""
    monkeypatch.setattr("actors.conversation.relay.ANSWER_S", 0.05)
    here, there = await town.instance(), await town.instance()
    town.broker.drop = lambda topic, frame: (
        topic.startswith("i:") and isinstance(relay_decoder.decode(frame), Forwarded)
    )
    room = await flood(town, here, there)

    assert [entry.seq for entry in await log_of(town, room)] == list(range(1, 401))


async def test_a_reply_that_fails_leaves_nobody_without_an_answer(town: Town) -> None:
    """The actor crashes and starts anew; everybody else in the same batch is answered, or told to retry."""

    class Broken(FutureReply):
        def stored(self, entry: MessageEntry, *, duplicate: bool) -> None:
            raise RuntimeError

    core = await town.instance()
    room = await town.room(core, ANA, BEN)
    await stored(send(core, room, ANA, "awake"))
    first = send(core, room, ANA, "first")
    core.conversations.send(room, Send(draft_of(ANA, "broken", "broken", (), None), Broken()))
    rest = [send(core, room, ANA, f"m{number}") for number in range(5)]
    async with asyncio.timeout(5):
        answers = await asyncio.gather(first, *rest, return_exceptions=True)
    again = [await stored(send(core, room, ANA, f"m{number}")) for number in range(5)]

    assert not isinstance(answers[0], BaseException)
    assert all(isinstance(one, Refusal) and one.retry for one in answers[1:])
    assert again == [(seq, True) for seq in range(4, 9)]


async def test_a_lost_last_message_is_found_by_its_repeated_seq(town: Town) -> None:
    """Nothing follows it that could show the gap: the head is said again until it is heard."""
    here, there = await town.instance(), await town.instance()
    room = await town.room(here, ANA, BEN)
    ear = await town.ear(there, room, BEN)
    town.broker.drop = lambda topic, _frame: topic.startswith("c:")
    await stored(send(here, room, ANA, "the last word"))
    town.broker.drop = lambda _topic, _frame: False
    await until(lambda: ear.contents == ["the last word"])
