"""What is read from the log for rooms and clients that missed it."""

import asyncio

import pytest

from actors.conversations import log_reader
from actors.conversations.log_reader import LogReader
from actors.conversations.message_changes import Edit
from storage.contracts.message_log import ChangeEntry, Entry
from tests.actors.fake_cluster import ANA, BEN, FakeCluster, load_cards, log_of, send, stored_seq
from tests.until import until


async def test_change_that_was_stored_and_not_applied_is_in_the_event(
    cluster: FakeCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An instance stopped in between: members elsewhere, and clients that resume, get the edited text."""
    stopped, other = await cluster.start_instance(), await cluster.start_instance()
    room = await cluster.create_group(stopped, ANA, BEN)
    await stored_seq(send(stopped, room, ANA, "first"))
    (message,) = await log_of(cluster, room)
    member = await cluster.join_room(other, room, BEN)
    apply_change = cluster.messaging.apply_change
    stops, goes_on = asyncio.Event(), asyncio.Event()

    async def stop(change: ChangeEntry) -> None:
        stops.set()
        await goes_on.wait()
        await apply_change(change)

    monkeypatch.setattr(cluster.messaging, "apply_change", stop)
    cluster.broker.should_drop = lambda _topic, _frame: True
    editing = asyncio.create_task(stopped.conversations.change_message(ANA, room, Edit(message.id, "edited")))
    await stops.wait()
    other.rooms.observe_head(room, 2)

    await until(lambda: member.contents == ["edited"])
    assert member.seqs == [2]
    reader = LogReader(cluster.messaging, load_cards, bytes)
    ((event,), last_seq, has_more) = await reader.read_changes(room, 0, 10, BEN)
    assert (event.message.content, event.message.changed_seq, last_seq, has_more) == ("edited", 2, 2, False)
    goes_on.set()
    await editing


async def test_heads_are_read_at_the_same_time(cluster: FakeCluster, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a store that is far away: a few at once, so that neither it nor the other reads wait for long."""
    core = await cluster.start_instance()
    rooms = [await cluster.create_group(core, ANA, BEN) for _ in range(3 * log_reader.HEADS_RUNNING_MAX)]
    for room in rooms:
        await stored_seq(send(core, room, ANA, "hello"))
    read, running, running_max = cluster.messaging.read, 0, 0
    all_running = asyncio.Event()

    async def read_slowly(conversation_id: str, after: int, through: int) -> list[Entry]:
        nonlocal running, running_max
        running += 1
        running_max = max(running_max, running)
        if running == log_reader.HEADS_RUNNING_MAX:
            all_running.set()
        async with asyncio.timeout(20):
            await all_running.wait()
        running -= 1
        return await read(conversation_id, after, through)

    monkeypatch.setattr(cluster.messaging, "read", read_slowly)
    reader = LogReader(cluster.messaging, load_cards, bytes)

    assert await reader.read_heads([(room, 0) for room in rooms]) == dict.fromkeys(rooms, 1)
    assert running_max == log_reader.HEADS_RUNNING_MAX
