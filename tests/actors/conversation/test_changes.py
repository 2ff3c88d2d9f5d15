"""Edits, deletions and reactions: entries of the same log, with seqs of their own."""

import asyncio
from collections.abc import AsyncIterator, Sequence

import pytest

from actors.conversation.letters import Delete, Edit, React, Revision
from actors.core import Core
from actors.wire.objects import Message
from actors.wire.refusal import Refusal
from storage.records.messaging import Appended, Entry
from tests.actors.town import ANA, BEN, CYD, Town, send, stored
from tests.until import until


@pytest.fixture
async def town() -> AsyncIterator[Town]:
    town = Town()
    yield town
    await town.close()


async def said(core: Core, room: str, who: str, content: str) -> str:
    """Send a message and answer its id."""
    found = await send(core, room, who, content)
    assert found is not None
    return found[0].id


async def change(core: Core, room: str, who: str, revision: Revision) -> Message:
    return await core.conversations.revise(who, room, revision)


async def refusal(core: Core, room: str, who: str, revision: Revision) -> str:
    with pytest.raises(Refusal) as refused:
        await change(core, room, who, revision)
    return refused.value.code


async def test_an_edit_takes_the_next_seq_and_is_told_everywhere(town: Town) -> None:
    """The message keeps its seq; its changed_seq and the frame's seq are the change's."""
    here, there = await town.instance(), await town.instance()
    room = await town.room(here, ANA, BEN)
    ears = [await town.ear(here, room, ANA), await town.ear(there, room, BEN)]
    message_id = await said(here, room, ANA, "helo")
    await said(here, room, BEN, "?")
    edited = await change(there, room, ANA, Edit(message_id, "hello"))
    await said(here, room, ANA, "sorry")
    await until(lambda: all(len(ear.seqs) == 4 for ear in ears))

    assert (edited.seq, edited.changed_seq, edited.content) == (1, 3, "hello")
    assert edited.edited_at is not None
    for ear in ears:
        assert ear.seqs == [1, 2, 3, 4]
        assert ear.contents == ["helo", "?", "hello", "sorry"]


async def test_a_change_that_changes_nothing_takes_no_seq(town: Town) -> None:
    """It answers the seq of the latest change."""
    core = await town.instance()
    room = await town.room(core, ANA, BEN)
    message_id = await said(core, room, ANA, "hello")

    assert (await change(core, room, ANA, Edit(message_id, "hello"))).changed_seq == 1
    assert (await change(core, room, BEN, React(message_id, "👍", add=True))).changed_seq == 2
    assert (await change(core, room, BEN, React(message_id, "👍", add=True))).changed_seq == 2
    assert (await change(core, room, ANA, React(message_id, "👍", add=False))).changed_seq == 2
    assert (await change(core, room, ANA, Delete(message_id))).changed_seq == 3
    assert (await change(core, room, ANA, Delete(message_id))).changed_seq == 3


async def test_who_may_change_what(town: Town) -> None:
    """Only the author edits; the author or an admin deletes; strangers see no conversation."""
    core = await town.instance()
    room = await town.room(core, ANA, BEN)
    hers, his = await said(core, room, ANA, "hers"), await said(core, room, BEN, "his")

    assert await refusal(core, room, BEN, Edit(hers, "x")) == "permission.denied"
    assert await refusal(core, room, ANA, Edit(his, "x")) == "permission.denied"
    assert await refusal(core, room, BEN, Delete(hers)) == "permission.denied"
    assert await refusal(core, room, CYD, Delete(hers)) == "conversation.not_found"
    assert await refusal(core, room, ANA, Edit("f" * 24, "x")) == "message.not_found"
    assert await refusal(core, room, ANA, Edit("nonsense", "x")) == "message.not_found"
    assert (await change(core, room, ANA, Delete(his))).deleted_at is not None


async def test_a_message_of_another_conversation_is_not_found(town: Town) -> None:
    """An id that exists elsewhere is as good as none."""
    core = await town.instance()
    room, other = await town.room(core, ANA, BEN), await town.room(core, ANA, BEN)
    elsewhere = await said(core, other, ANA, "there")

    assert await refusal(core, room, ANA, Edit(elsewhere, "x")) == "message.not_found"


async def test_a_deleted_message_is_a_tombstone(town: Town) -> None:
    """Nothing of what it said is left; it is neither edited nor reacted to; it is not unread."""
    core = await town.instance()
    room = await town.room(core, ANA, BEN)
    message_id = await said(core, room, ANA, "secret")
    await change(core, room, BEN, React(message_id, "👍", add=True))
    gone = await change(core, room, ANA, Delete(message_id))

    assert (gone.content, gone.reactions) == ("", [])
    assert await refusal(core, room, ANA, Edit(message_id, "x")) == "message.deleted"
    assert await refusal(core, room, BEN, React(message_id, "👍", add=True)) == "message.deleted"
    seen = await core.conversations.get(BEN, room)
    assert seen.unread_count == 0
    assert seen.last_message is not None
    assert seen.last_message.content == ""


async def test_a_repeat_after_an_edit_is_still_the_first_message(town: Town) -> None:
    """The client_id holds for ever: what was said first decides, not what the message says now."""
    core = await town.instance()
    room = await town.room(core, ANA, BEN)
    found = await send(core, room, ANA, "helo", "c1")
    assert found is not None
    await change(core, room, ANA, Edit(found[0].id, "hello"))

    assert await stored(send(core, room, ANA, "helo", "c1")) == (1, True)
    with pytest.raises(Refusal, match=r"idempotency\.conflict"):
        await send(core, room, ANA, "hello", "c1")


async def test_reactions_are_counted_and_bounded(town: Town) -> None:
    """Twenty different emoji a message; who reacted is named; taking the last back removes it."""
    core = await town.instance()
    room = await town.room(core, ANA, BEN)
    message_id = await said(core, room, ANA, "hello")
    for number in range(20):
        await change(core, room, BEN, React(message_id, chr(0x1F600 + number), add=True))
    assert await refusal(core, room, BEN, React(message_id, "👍", add=True)) == "request.invalid"
    both = await change(core, room, ANA, React(message_id, chr(0x1F600), add=True))
    assert (both.reactions[0].count, both.reactions[0].user_ids, both.reactions[0].mine) == (
        2,
        [BEN, ANA],
        True,
    )

    await change(core, room, ANA, React(message_id, chr(0x1F600), add=False))
    left = await change(core, room, BEN, React(message_id, chr(0x1F600), add=False))
    assert len(left.reactions) == 19


async def test_concurrent_reactions_from_two_instances_all_count(town: Town) -> None:
    """None overwrites another: each is computed on the state that the one before it left."""
    here, there = await town.instance(), await town.instance()
    room = await town.room(here, ANA, BEN, CYD)
    message_id = await said(here, room, ANA, "hello")
    await asyncio.gather(
        *(change(here, room, BEN, React(message_id, chr(0x1F600 + one), add=True)) for one in range(8)),
        *(change(there, room, CYD, React(message_id, chr(0x1F600 + one), add=True)) for one in range(8)),
    )
    entries = await town.messaging.read(room, 0, 100)
    history = await here.conversations.history(ANA, room, None, None, 10)

    assert [entry.seq for entry in entries] == list(range(1, 18))
    assert [reaction.count for reaction in history[0].reactions] == [2] * 8


async def test_a_change_that_its_process_did_not_apply_is_healed(town: Town) -> None:
    """The entry is in the log: whoever wakes the conversation brings the message up."""
    here = await town.instance()
    room = await town.room(here, ANA, BEN)
    message_id = await said(here, room, ANA, "helo")

    async def die(_change: object) -> None:
        """The process ends before the message is brought up."""

    apply = town.messaging.apply
    town.messaging.apply = die  # type: ignore[method-assign, assignment]
    await change(here, room, ANA, Edit(message_id, "hello"))
    town.messaging.apply = apply  # type: ignore[method-assign]
    there = await town.instance()
    await said(there, room, BEN, "thanks")

    history = await there.conversations.history(BEN, room, None, None, 10)
    assert [message.content for message in history] == ["thanks", "hello"]


async def test_replay_gives_each_message_once_at_its_latest_change(town: Town) -> None:
    """`changes` is compacted, complete up to the seq it names, and never twice in its pages."""
    core = await town.instance()
    room = await town.room(core, ANA, BEN)
    ids = [await said(core, room, ANA, f"m{number}") for number in range(4)]
    await change(core, room, ANA, Edit(ids[0], "a"))
    await change(core, room, ANA, Edit(ids[0], "b"))
    await change(core, room, BEN, React(ids[2], "👍", add=True))

    whole, last_seq, more = await core.conversations.changes(BEN, room, 0, 100)
    assert ([(one.seq, one.message.content) for one in whole], last_seq, more) == (
        [(2, "m1"), (4, "m3"), (6, "b"), (7, "m2")],
        7,
        False,
    )
    paged, after, more = [], 0, True
    while more:
        page, after, more = await core.conversations.changes(BEN, room, after, 2)
        paged += page
    assert [(one.seq, one.message.content) for one in paged] == [(2, "m1"), (4, "m3"), (6, "b"), (7, "m2")]


async def test_lists_show_the_last_message_as_it_is_now(town: Town) -> None:
    """Edited or deleted, before and after the late write, on every instance."""
    here, there = await town.instance(), await town.instance()
    room = await town.room(here, ANA, BEN)
    first = await said(here, room, ANA, "first")
    last = await said(here, room, ANA, "lats")
    await until(lambda: len(here.summaries) == 0)
    await change(here, room, ANA, Edit(last, "last"))
    await change(here, room, ANA, Edit(first, "the first"))
    seen = (await there.conversations.get(BEN, room)).last_message
    assert seen is not None
    assert seen.content == "last"
    await until(lambda: len(here.summaries) == 0 and here.summaries._flushing is None)
    seen = (await there.conversations.get(BEN, room)).last_message
    assert seen is not None
    assert seen.content == "last"


async def test_a_change_that_lost_its_seq_is_computed_again(town: Town) -> None:
    """Another instance changed the message in between: its change is kept."""
    here, there = await town.instance(), await town.instance()
    room = await town.room(here, ANA, BEN)
    message_id = await said(here, room, ANA, "hello")
    append = town.messaging.append

    async def be_late(entries: Sequence[Entry]) -> Appended:
        town.messaging.append = append  # type: ignore[method-assign]
        await change(there, room, BEN, React(message_id, "👎", add=True))
        return await append(entries)

    town.messaging.append = be_late  # type: ignore[method-assign]
    late = await change(here, room, ANA, React(message_id, "👍", add=True))

    assert [reaction.emoji for reaction in late.reactions] == ["👎", "👍"]
    assert late.changed_seq == 3
