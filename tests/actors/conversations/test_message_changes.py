"""Edits, deletions and reactions: entries of the same log, with seqs of their own."""

import asyncio
from collections.abc import AsyncIterator, Sequence

import pytest

from actors.conversations.commands import Delete, Edit, MessageChange, React
from actors.core import Core
from actors.protocol.errors import ApiError
from actors.protocol.objects import Message
from storage.contracts.messaging import Appended, Entry
from tests.actors.fake_cluster import ANA, BEN, CYD, FakeCluster, send, stored_seq
from tests.until import until


@pytest.fixture
async def cluster() -> AsyncIterator[FakeCluster]:
    town = FakeCluster()
    yield town
    await town.close()


async def send_message(core: Core, room: str, who: str, content: str) -> str:
    """Send a message and answer its id."""
    found = await send(core, room, who, content)
    assert found is not None
    return found[0].id


async def change_message(core: Core, room: str, who: str, change: MessageChange) -> Message:
    return await core.conversations.change_message(who, room, change)


async def refused_code(core: Core, room: str, who: str, change: MessageChange) -> str:
    with pytest.raises(ApiError) as refused:
        await change_message(core, room, who, change)
    return refused.value.code


async def test_edit_takes_the_next_seq_on_every_instance(cluster: FakeCluster) -> None:
    """The message keeps its seq; its changed_seq and the frame's seq are the change's."""
    here, there = await cluster.start_instance(), await cluster.start_instance()
    room = await cluster.create_group(here, ANA, BEN)
    ears = [await cluster.join_room(here, room, ANA), await cluster.join_room(there, room, BEN)]
    message_id = await send_message(here, room, ANA, "helo")
    await send_message(here, room, BEN, "?")
    edited = await change_message(there, room, ANA, Edit(message_id, "hello"))
    await send_message(here, room, ANA, "sorry")
    await until(lambda: all(len(ear.seqs) == 4 for ear in ears))

    assert (edited.seq, edited.changed_seq, edited.content) == (1, 3, "hello")
    assert edited.edited_at is not None
    for ear in ears:
        assert ear.seqs == [1, 2, 3, 4]
        assert ear.contents == ["helo", "?", "hello", "sorry"]


async def test_no_op_change_takes_no_seq(cluster: FakeCluster) -> None:
    """It answers the seq of the latest change."""
    core = await cluster.start_instance()
    room = await cluster.create_group(core, ANA, BEN)
    message_id = await send_message(core, room, ANA, "hello")

    assert (await change_message(core, room, ANA, Edit(message_id, "hello"))).changed_seq == 1
    assert (await change_message(core, room, BEN, React(message_id, "👍", add=True))).changed_seq == 2
    assert (await change_message(core, room, BEN, React(message_id, "👍", add=True))).changed_seq == 2
    assert (await change_message(core, room, ANA, React(message_id, "👍", add=False))).changed_seq == 2
    assert (await change_message(core, room, ANA, Delete(message_id))).changed_seq == 3
    assert (await change_message(core, room, ANA, Delete(message_id))).changed_seq == 3


async def test_change_permissions(cluster: FakeCluster) -> None:
    """Only the author edits; the author or an admin deletes; strangers see no conversation."""
    core = await cluster.start_instance()
    room = await cluster.create_group(core, ANA, BEN)
    hers, his = await send_message(core, room, ANA, "hers"), await send_message(core, room, BEN, "his")

    assert await refused_code(core, room, BEN, Edit(hers, "x")) == "permission.denied"
    assert await refused_code(core, room, ANA, Edit(his, "x")) == "permission.denied"
    assert await refused_code(core, room, BEN, Delete(hers)) == "permission.denied"
    assert await refused_code(core, room, CYD, Delete(hers)) == "conversation.not_found"
    assert await refused_code(core, room, ANA, Edit("f" * 24, "x")) == "message.not_found"
    assert await refused_code(core, room, ANA, Edit("nonsense", "x")) == "message.not_found"
    assert (await change_message(core, room, ANA, Delete(his))).deleted_at is not None


async def test_message_of_another_conversation_is_not_found(cluster: FakeCluster) -> None:
    """An id that exists elsewhere is as good as none."""
    core = await cluster.start_instance()
    room, other = await cluster.create_group(core, ANA, BEN), await cluster.create_group(core, ANA, BEN)
    elsewhere = await send_message(core, other, ANA, "there")

    assert await refused_code(core, room, ANA, Edit(elsewhere, "x")) == "message.not_found"


async def test_deleted_message_keeps_no_content(cluster: FakeCluster) -> None:
    """Nothing of what it said is left; it is neither edited nor reacted to; it is not unread."""
    core = await cluster.start_instance()
    room = await cluster.create_group(core, ANA, BEN)
    message_id = await send_message(core, room, ANA, "secret")
    await change_message(core, room, BEN, React(message_id, "👍", add=True))
    gone = await change_message(core, room, ANA, Delete(message_id))

    assert (gone.content, gone.reactions) == ("", [])
    assert await refused_code(core, room, ANA, Edit(message_id, "x")) == "message.deleted"
    assert await refused_code(core, room, BEN, React(message_id, "👍", add=True)) == "message.deleted"
    seen = await core.conversations.get(BEN, room)
    assert seen.unread_count == 0
    assert seen.last_message is not None
    assert seen.last_message.content == ""


async def test_retry_after_edit_returns_the_first_message(cluster: FakeCluster) -> None:
    """The client_id holds for ever: what was said first decides, not what the message says now."""
    core = await cluster.start_instance()
    room = await cluster.create_group(core, ANA, BEN)
    found = await send(core, room, ANA, "helo", "c1")
    assert found is not None
    await change_message(core, room, ANA, Edit(found[0].id, "hello"))

    assert await stored_seq(send(core, room, ANA, "helo", "c1")) == (1, True)
    with pytest.raises(ApiError, match=r"idempotency\.conflict"):
        await send(core, room, ANA, "hello", "c1")


async def test_reactions_are_counted_and_bounded(cluster: FakeCluster) -> None:
    """Twenty different emoji a message; who reacted is named; taking the last back removes it."""
    core = await cluster.start_instance()
    room = await cluster.create_group(core, ANA, BEN)
    message_id = await send_message(core, room, ANA, "hello")
    for number in range(20):
        await change_message(core, room, BEN, React(message_id, chr(0x1F600 + number), add=True))
    assert await refused_code(core, room, BEN, React(message_id, "👍", add=True)) == "request.invalid"
    both = await change_message(core, room, ANA, React(message_id, chr(0x1F600), add=True))
    assert (both.reactions[0].count, both.reactions[0].user_ids, both.reactions[0].mine) == (
        2,
        [BEN, ANA],
        True,
    )

    await change_message(core, room, ANA, React(message_id, chr(0x1F600), add=False))
    left = await change_message(core, room, BEN, React(message_id, chr(0x1F600), add=False))
    assert len(left.reactions) == 19


async def test_concurrent_reactions_on_two_instances_are_all_stored(cluster: FakeCluster) -> None:
    """None overwrites another: each is computed on the state that the one before it left."""
    here, there = await cluster.start_instance(), await cluster.start_instance()
    room = await cluster.create_group(here, ANA, BEN, CYD)
    message_id = await send_message(here, room, ANA, "hello")
    await asyncio.gather(
        *(
            change_message(here, room, BEN, React(message_id, chr(0x1F600 + one), add=True))
            for one in range(8)
        ),
        *(
            change_message(there, room, CYD, React(message_id, chr(0x1F600 + one), add=True))
            for one in range(8)
        ),
    )
    entries = await cluster.messaging.read(room, 0, 100)
    history = await here.conversations.history(ANA, room, None, None, 10)

    assert [entry.seq for entry in entries] == list(range(1, 18))
    assert [reaction.count for reaction in history[0].reactions] == [2] * 8


async def test_unapplied_change_is_applied_on_activation(cluster: FakeCluster) -> None:
    """The entry is in the log: whoever wakes the conversation brings the message up."""
    here = await cluster.start_instance()
    room = await cluster.create_group(here, ANA, BEN)
    message_id = await send_message(here, room, ANA, "helo")

    async def die(_change: object) -> None:
        """The process ends before the message is brought up."""

    apply = cluster.messaging.apply_change
    cluster.messaging.apply_change = die  # type: ignore[method-assign, assignment]
    await change_message(here, room, ANA, Edit(message_id, "hello"))
    cluster.messaging.apply_change = apply  # type: ignore[method-assign]
    there = await cluster.start_instance()
    await send_message(there, room, BEN, "thanks")

    history = await there.conversations.history(BEN, room, None, None, 10)
    assert [message.content for message in history] == ["thanks", "hello"]


async def test_changes_are_compacted_to_latest_state(cluster: FakeCluster) -> None:
    """`changes` is compacted, complete up to the seq it names, and never twice in its pages."""
    core = await cluster.start_instance()
    room = await cluster.create_group(core, ANA, BEN)
    ids = [await send_message(core, room, ANA, f"m{number}") for number in range(4)]
    await change_message(core, room, ANA, Edit(ids[0], "a"))
    await change_message(core, room, ANA, Edit(ids[0], "b"))
    await change_message(core, room, BEN, React(ids[2], "👍", add=True))

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


async def test_last_message_reflects_changes(cluster: FakeCluster) -> None:
    """Edited or deleted, before and after the late write, on every instance."""
    here, there = await cluster.start_instance(), await cluster.start_instance()
    room = await cluster.create_group(here, ANA, BEN)
    first = await send_message(here, room, ANA, "first")
    last = await send_message(here, room, ANA, "lats")
    await until(lambda: len(here.summary_writer) == 0)
    await change_message(here, room, ANA, Edit(last, "last"))
    await change_message(here, room, ANA, Edit(first, "the first"))
    seen = (await there.conversations.get(BEN, room)).last_message
    assert seen is not None
    assert seen.content == "last"
    await until(lambda: len(here.summary_writer) == 0 and here.summary_writer._flush_task is None)
    seen = (await there.conversations.get(BEN, room)).last_message
    assert seen is not None
    assert seen.content == "last"


async def test_change_that_lost_its_seq_is_recomputed(cluster: FakeCluster) -> None:
    """Another instance changed the message in between: its change is kept."""
    here, there = await cluster.start_instance(), await cluster.start_instance()
    room = await cluster.create_group(here, ANA, BEN)
    message_id = await send_message(here, room, ANA, "hello")
    append = cluster.messaging.append

    async def be_late(entries: Sequence[Entry]) -> Appended:
        cluster.messaging.append = append  # type: ignore[method-assign]
        await change_message(there, room, BEN, React(message_id, "👎", add=True))
        return await append(entries)

    cluster.messaging.append = be_late  # type: ignore[method-assign]
    late = await change_message(here, room, ANA, React(message_id, "👍", add=True))

    assert [reaction.emoji for reaction in late.reactions] == ["👎", "👍"]
    assert late.changed_seq == 3
