"""Edits, deletions and reactions: each is an entry of the log with its seq."""

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest

from actors.conversations.commands import RemoveMember
from actors.conversations.log_reader import LogReader
from actors.conversations.message_changes import Delete, Edit, MessageChange, React
from actors.conversations.message_validation import validate_emoji
from actors.core import Core
from actors.protocol.errors import ApiError
from actors.protocol.objects import Message
from config.limits import Limits
from storage.contracts.message_log import Appended, ChangeEntry, Entry, MessageEntry
from storage.errors import Unavailable
from tests.actors.fake_cluster import ANA, BEN, CYD, FakeCluster, card, load_cards, send, stored_seq
from tests.until import until


async def send_message(core: Core, room: str, user_id: str, content: str) -> str:
    """Send a message and return its id."""
    stored = await send(core, room, user_id, content)
    assert stored is not None
    return stored[0].id


async def stored_message(
    future: "asyncio.Future[tuple[MessageEntry, bool] | None]",
) -> tuple[MessageEntry, bool]:
    """Return the entry that a send was answered with, and whether it is a repeat."""
    stored = await future
    assert stored is not None
    return stored


async def change_message(core: Core, room: str, user_id: str, change: MessageChange) -> Message:
    return await core.conversations.change_message(user_id, room, change)


async def refused_code(core: Core, room: str, user_id: str, change: MessageChange) -> str:
    with pytest.raises(ApiError) as refusal:
        await change_message(core, room, user_id, change)
    return refusal.value.code


async def test_edit_takes_the_next_seq_on_every_instance(cluster: FakeCluster) -> None:
    """The message keeps its seq; `changed_seq` and the seq of the event are those of the change."""
    here, there = await cluster.start_instance(), await cluster.start_instance()
    room = await cluster.create_group(here, ANA, BEN)
    members = [await cluster.join_room(here, room, ANA), await cluster.join_room(there, room, BEN)]
    message_id = await send_message(here, room, ANA, "helo")
    await send_message(here, room, BEN, "?")
    edited = await change_message(there, room, ANA, Edit(message_id, "hello"))
    await send_message(here, room, ANA, "sorry")
    await until(lambda: all(len(member.seqs) == 4 for member in members))

    assert (edited.seq, edited.changed_seq, edited.content) == (1, 3, "hello")
    assert edited.edited_at is not None
    for member in members:
        assert member.seqs == [1, 2, 3, 4]
        assert member.contents == ["helo", "?", "hello", "sorry"]


async def test_repeat_of_a_former_member_gets_the_message_as_it_was_sent(cluster: FakeCluster) -> None:
    """Nothing that happened after the sender left is in the answer."""
    core = await cluster.start_instance()
    room = await cluster.create_group(core, ANA, BEN)
    first, _ = await stored_message(send(core, room, BEN, "hello", "first"))
    await change_message(core, room, BEN, Edit(first.id, "hello all"))
    await core.conversations.change_membership(room, RemoveMember(card(BEN), card(BEN)))
    await change_message(core, room, ANA, React(first.id, validate_emoji("👍"), add=True))

    assert await stored_message(send(core, room, BEN, "hello", "first")) == (first, True)


async def test_no_op_change_takes_no_seq(cluster: FakeCluster) -> None:
    """A change without effect returns the message with the seq of its latest change."""
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
    """Only the author edits, the author or an admin deletes, and non-members get `conversation.not_found`."""
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
    """A message id of another conversation gets `message.not_found`."""
    core = await cluster.start_instance()
    room, other = await cluster.create_group(core, ANA, BEN), await cluster.create_group(core, ANA, BEN)
    elsewhere = await send_message(core, other, ANA, "there")

    assert await refused_code(core, room, ANA, Edit(elsewhere, "x")) == "message.not_found"


async def test_deleted_message_keeps_no_content(cluster: FakeCluster) -> None:
    """A deleted message has no content or reactions, cannot be changed, and does not count as unread."""
    core = await cluster.start_instance()
    room = await cluster.create_group(core, ANA, BEN)
    message_id = await send_message(core, room, ANA, "secret")
    await change_message(core, room, BEN, React(message_id, "👍", add=True))
    deleted = await change_message(core, room, ANA, Delete(message_id))

    assert (deleted.content, deleted.reactions) == ("", [])
    assert await refused_code(core, room, ANA, Edit(message_id, "x")) == "message.deleted"
    assert await refused_code(core, room, BEN, React(message_id, "👍", add=True)) == "message.deleted"
    conversation = await core.conversations.get(BEN, room)
    assert conversation.unread_count == 0
    assert conversation.last_message is not None
    assert conversation.last_message.content == ""


async def test_retry_after_edit_returns_the_first_message(cluster: FakeCluster) -> None:
    """A retry is compared with the original content, not with the edited content."""
    core = await cluster.start_instance()
    room = await cluster.create_group(core, ANA, BEN)
    stored = await send(core, room, ANA, "helo", "c1")
    assert stored is not None
    await change_message(core, room, ANA, Edit(stored[0].id, "hello"))

    assert await stored_seq(send(core, room, ANA, "helo", "c1")) == (1, True)
    with pytest.raises(ApiError, match=r"idempotency\.conflict"):
        await send(core, room, ANA, "hello", "c1")


async def test_reactions_are_counted_and_bounded(cluster: FakeCluster) -> None:
    """A message has at most 20 emoji, lists the reacting users, and drops an emoji without users."""
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
    message = await change_message(core, room, BEN, React(message_id, chr(0x1F600), add=False))
    assert len(message.reactions) == 19


async def test_forms_of_one_emoji_use_one_place(cluster: FakeCluster) -> None:
    """With and without variation selector, as commands send them."""
    core = await cluster.start_instance()
    room = await cluster.create_group(core, ANA, BEN)
    message_id = await send_message(core, room, ANA, "hello")
    for number in range(19):
        await change_message(core, room, BEN, React(message_id, chr(0x1F600 + number), add=True))
    for form in ("\u2764", "\u2764\ufe0f", "\u2764\ufe0e"):
        message = await change_message(core, room, BEN, React(message_id, validate_emoji(form), add=True))
        assert len(message.reactions) == 20
        assert message.reactions[-1].count == 1
    assert await refused_code(core, room, BEN, React(message_id, "👍", add=True)) == "request.invalid"


async def test_concurrent_reactions_on_two_instances_are_all_stored(cluster: FakeCluster) -> None:
    """Each reaction is computed on the state after the previous one, so none is overwritten."""
    here, there = await cluster.start_instance(), await cluster.start_instance()
    room = await cluster.create_group(here, ANA, BEN, CYD)
    message_id = await send_message(here, room, ANA, "hello")
    await asyncio.gather(
        *(
            change_message(here, room, BEN, React(message_id, chr(0x1F600 + number), add=True))
            for number in range(8)
        ),
        *(
            change_message(there, room, CYD, React(message_id, chr(0x1F600 + number), add=True))
            for number in range(8)
        ),
    )
    entries = await cluster.messaging.read(room, 0, 100)
    history = await here.conversations.history(ANA, room, None, None, 10)

    assert [entry.seq for entry in entries] == list(range(1, 18))
    assert [reaction.count for reaction in history[0].reactions] == [2] * 8


async def test_unapplied_change_is_applied_on_activation(cluster: FakeCluster) -> None:
    """Activation applies a stored change that a crashed process did not apply to its message."""
    here = await cluster.start_instance()
    room = await cluster.create_group(here, ANA, BEN)
    message_id = await send_message(here, room, ANA, "helo")

    async def crash(_change: object) -> None:
        """Crash before the change is applied."""

    apply = cluster.messaging.apply_change
    cluster.messaging.apply_change = crash  # type: ignore[method-assign, assignment]
    await change_message(here, room, ANA, Edit(message_id, "hello"))
    cluster.messaging.apply_change = apply  # type: ignore[method-assign]
    there = await cluster.start_instance()
    await send_message(there, room, BEN, "thanks")

    history = await there.conversations.history(BEN, room, None, None, 10)
    assert [message.content for message in history] == ["thanks", "hello"]


async def test_changes_are_compacted_to_latest_state(cluster: FakeCluster) -> None:
    """`changes` returns each message once, in its latest state, also across pages."""
    core = await cluster.start_instance()
    room = await cluster.create_group(core, ANA, BEN)
    ids = [await send_message(core, room, ANA, f"m{number}") for number in range(4)]
    await change_message(core, room, ANA, Edit(ids[0], "a"))
    await change_message(core, room, ANA, Edit(ids[0], "b"))
    await change_message(core, room, BEN, React(ids[2], "👍", add=True))

    events, last_seq, has_more = await core.conversations.changes(BEN, room, 0, 100)
    assert ([(event.seq, event.message.content) for event in events], last_seq, has_more) == (
        [(2, "m1"), (4, "m3"), (6, "b"), (7, "m2")],
        7,
        False,
    )
    paged, after, has_more = [], 0, True
    while has_more:
        page, after, has_more = await core.conversations.changes(BEN, room, after, 2)
        paged += page
    assert [(event.seq, event.message.content) for event in paged] == [
        (2, "m1"),
        (4, "m3"),
        (6, "b"),
        (7, "m2"),
    ]


async def test_message_that_changes_during_the_read_is_in_the_next_changes(
    cluster: FakeCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The seq of each frame is the `changed_seq` of its message, and `has_more` is true if more follow."""
    core = await cluster.start_instance()
    room = await cluster.create_group(core, ANA, BEN)
    edited = await send_message(core, room, ANA, "first")
    await change_message(core, room, ANA, Edit(edited, "second"))
    await send_message(core, room, ANA, "other")
    read = cluster.messaging.read

    async def edit_after_read(conversation_id: str, after: int, through: int) -> list[Entry]:
        entries = await read(conversation_id, after, through)
        if entries and through == 100:
            monkeypatch.setattr(cluster.messaging, "read", read)
            await change_message(core, room, ANA, Edit(edited, "third"))
        return entries

    monkeypatch.setattr(cluster.messaging, "read", edit_after_read)
    events, last_seq, has_more = await core.conversations.changes(BEN, room, 0, 99)
    assert [(event.seq, event.message.content) for event in events] == [(3, "other")]
    assert (last_seq, has_more) == (3, True)
    events, last_seq, has_more = await core.conversations.changes(BEN, room, last_seq, 99)
    assert [(event.seq, event.message.changed_seq, event.message.content) for event in events] == [
        (4, 4, "third")
    ]
    assert (last_seq, has_more) == (4, False)


async def test_change_that_is_not_applied_yet_is_in_the_changes(
    cluster: FakeCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As after a crash between the writes of the entry and of its message: frames from the log have it."""
    here, there = await cluster.start_instance(), await cluster.start_instance()
    room = await cluster.create_group(here, ANA, BEN)
    edited = await send_message(here, room, ANA, "first")

    async def fail(_change: ChangeEntry) -> None:
        raise Unavailable("injected")

    with monkeypatch.context() as failing:
        failing.setattr(cluster.messaging, "apply_change", fail)
        assert await refused_code(here, room, ANA, Edit(edited, "second")) == "server.unavailable"
        events, last_seq, has_more = await there.conversations.changes(BEN, room, 0, 100)
        frames = await LogReader(cluster.messaging, load_cards, bytes).read_frames(room, 1, 2)
    assert [(event.seq, event.message.changed_seq, event.message.content) for event in events] == [
        (2, 2, "second")
    ]
    assert (last_seq, has_more) == (2, False)
    assert [frame.seq for frame in frames] == [2]
    assert b'"content":"second"' in frames[0].framed


async def test_last_message_reflects_changes(cluster: FakeCluster) -> None:
    """An edit shows in the last message on every instance, before and after the summary is written."""
    here, there = await cluster.start_instance(), await cluster.start_instance()
    room = await cluster.create_group(here, ANA, BEN)
    first = await send_message(here, room, ANA, "first")
    last = await send_message(here, room, ANA, "lats")
    await until(lambda: len(here.summary_writer) == 0)
    await change_message(here, room, ANA, Edit(last, "last"))
    await change_message(here, room, ANA, Edit(first, "the first"))
    last_message = (await there.conversations.get(BEN, room)).last_message
    assert last_message is not None
    assert last_message.content == "last"
    await until(lambda: len(here.summary_writer) == 0 and here.summary_writer._flush_task is None)
    last_message = (await there.conversations.get(BEN, room)).last_message
    assert last_message is not None
    assert last_message.content == "last"


async def test_change_that_lost_its_seq_is_recomputed(cluster: FakeCluster) -> None:
    """After a seq conflict the change is computed again, which keeps the other instance's change."""
    here, there = await cluster.start_instance(), await cluster.start_instance()
    room = await cluster.create_group(here, ANA, BEN)
    message_id = await send_message(here, room, ANA, "hello")
    append = cluster.messaging.append

    async def append_after_remote_change(entries: Sequence[Entry]) -> Appended:
        cluster.messaging.append = append  # type: ignore[method-assign]
        await change_message(there, room, BEN, React(message_id, "👎", add=True))
        return await append(entries)

    cluster.messaging.append = append_after_remote_change  # type: ignore[method-assign]
    late = await change_message(here, room, ANA, React(message_id, "👍", add=True))

    assert [reaction.emoji for reaction in late.reactions] == ["👎", "👍"]
    assert late.changed_seq == 3


async def test_message_is_read_by_its_id(cluster: FakeCluster) -> None:
    """Members get one message in its current state; of other conversations, or unknown, it is not found."""
    core = await cluster.start_instance()
    room = await cluster.create_group(core, ANA, BEN)
    other_room = await cluster.create_group(core, ANA, CYD)
    message_id = await send_message(core, room, ANA, "helo")
    await change_message(core, room, ANA, Edit(message_id, "hello"))
    message = await core.conversations.message(BEN, room, message_id)
    assert (message.content, message.seq, message.changed_seq) == ("hello", 1, 2)

    for user_id, conversation_id, wanted_id, code in (
        (CYD, room, message_id, "conversation.not_found"),
        (ANA, other_room, message_id, "message.not_found"),
        (ANA, room, "no id", "message.not_found"),
        (ANA, room, "0" * 24, "message.not_found"),
    ):
        with pytest.raises(ApiError) as refusal:
            await core.conversations.message(user_id, conversation_id, wanted_id)
        assert refusal.value.code == code


async def test_deletion_reaches_the_list_through_any_instance(cluster: FakeCluster) -> None:
    """An instance that only reads the deletion writes the summary first: the list shows no deleted text."""
    slow = await cluster.start_instance(Limits(flush_interval_ms=3_600_000))
    fast = await cluster.start_instance()
    room = await cluster.create_group(fast, ANA, BEN)
    message_id = await send_message(fast, room, ANA, "secret")
    await until_summary_reaches(cluster, room, 1)
    await change_message(slow, room, ANA, Delete(message_id))

    await fast.conversations.mark_read(BEN, room, 2)
    await until_summary_reaches(cluster, room, 2)

    last = (await fast.conversations.get(BEN, room)).last_message
    assert last is not None
    assert last.content == ""


async def test_deletion_reaches_the_list_after_a_failed_read(
    cluster: FakeCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The deletion is stored, but the store fails before the summary has it: the next command adds it."""
    core = await cluster.start_instance()
    room = await cluster.create_group(core, ANA, BEN)
    message_id = await send_message(core, room, ANA, "secret")
    await until_summary_reaches(cluster, room, 1)
    page_messages, failures = cluster.messaging.page_messages, [Unavailable()]

    async def fail_once(*arguments: Any, newest: bool) -> list[MessageEntry]:
        if failures:
            raise failures.pop()
        return await page_messages(*arguments, newest=newest)

    monkeypatch.setattr(cluster.messaging, "page_messages", fail_once)
    assert await refused_code(core, room, ANA, Delete(message_id)) == "server.unavailable"
    await core.conversations.mark_read(BEN, room, 2)
    await until_summary_reaches(cluster, room, 2)

    last = (await core.conversations.get(BEN, room)).last_message
    assert last is not None
    assert last.content == ""


async def until_summary_reaches(cluster: FakeCluster, room: str, seq: int) -> None:
    async with asyncio.timeout(10):
        while True:
            record = await cluster.messaging.get(room)
            if record is not None and record.last_seq >= seq:
                return
