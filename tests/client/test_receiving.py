"""What a client hands on: each conversation whole, once and in order."""

import asyncio

import msgspec
import pytest

from actors.protocol.server_frames import (
    ConversationJoined,
    ConversationLeft,
    Lagged,
    Resumed,
    Resync,
    ServerFrame,
)
from client.outlet import Outlet
from tests.client.conftest import Heard
from tests.client.scripted_server import ROOM, ScriptedServer, conversation, created, updated
from tests.until import until


async def test_frames_are_handed_on_once(heard: Heard, server: ScriptedServer) -> None:
    """A seq that was seen is dropped; a batch is as good as single frames."""
    heard.client.follow(ROOM)
    socket = await heard.connect(server)
    await socket.say(created(1), created(2), created(1), created(2), updated(3))
    batch = [created(3), created(4)]
    await socket.say_raw("[" + ",".join(_text(frame) for frame in batch) + "]")
    await until(lambda: len(heard.seqs) >= 4)

    assert heard.seqs == [1, 2, 3, 4]


async def test_a_gap_is_filled_before_later_frames(heard: Heard, server: ScriptedServer) -> None:
    """3 to 5 are missing: 6 and 7 wait until they were fetched."""
    server.logs[ROOM] = [created(seq) for seq in range(1, 7)]
    server.listed[ROOM] = 2
    server.let_fetch.clear()
    socket = await heard.connect(server)
    await until(lambda: heard.client.positions() == {ROOM: 2})
    await socket.say(created(6), created(7), created(1, "other"))
    await until(lambda: server.asked and heard.seqs)

    assert heard.seqs == [1]
    server.let_fetch.set()
    await until(lambda: len(heard.seqs) >= 6)
    assert heard.seqs == [1, 3, 4, 5, 6, 7]
    assert server.asked == [(ROOM, 2)]
    assert heard.client.statistics().silent_gaps == 1


async def test_lagged_is_fetched(heard: Heard, server: ScriptedServer) -> None:
    """The server spared us 3 to 5: they come from `changes`, before 6."""
    server.logs[ROOM] = [created(seq) for seq in range(1, 6)]
    server.listed[ROOM] = 2
    socket = await heard.connect(server)
    await until(lambda: heard.client.positions() == {ROOM: 2})
    await socket.say(Lagged(ROOM, 3, 5), created(6))
    await until(lambda: len(heard.seqs) >= 4)

    assert heard.seqs == [3, 4, 5, 6]
    assert heard.client.statistics().silent_gaps == 0


async def test_lagged_of_an_unknown_conversation_is_fetched(heard: Heard, server: ScriptedServer) -> None:
    """It begins at what was spared."""
    server.logs[ROOM] = [created(seq) for seq in range(1, 6)]
    socket = await heard.connect(server)
    await socket.say(Lagged(ROOM, 4, 5))
    await until(lambda: len(heard.seqs) >= 2)

    assert heard.seqs == [4, 5]


async def test_changes_may_leave_out_what_was_overtaken(heard: Heard, server: ScriptedServer) -> None:
    """Compacted: complete up to `last_seq`, though not every seq is in it."""
    server.logs[ROOM] = [created(1), created(4), updated(5)]
    server.listed[ROOM] = 5
    heard.client.follow(ROOM)
    socket = await heard.connect(server)
    await socket.say(created(6))
    await until(lambda: len(heard.seqs) >= 4)

    assert heard.seqs == [1, 4, 5, 6]


async def test_what_was_missed_meanwhile_is_fetched_after_a_reconnect(
    heard: Heard, server: ScriptedServer, other_server: ScriptedServer
) -> None:
    """The connection breaks, the conversation grows: `resync` makes the client read what it missed."""
    server.listed[ROOM] = other_server.listed[ROOM] = 0
    socket = await heard.connect(server)
    await socket.say(created(1))
    await until(lambda: heard.seqs == [1])
    other_server.logs[ROOM] = [created(seq) for seq in range(1, 5)]
    other_server.listed[ROOM] = 4
    socket.cut()
    again = await other_server.socket()
    said = await again.admit()
    await until(lambda: len(heard.seqs) >= 4)

    assert heard.seqs == [1, 2, 3, 4]
    assert said.resume is not None
    assert heard.client.statistics().silent_gaps == 0
    assert (said.resume.session_id, said.resume.conversations) == ("session", {ROOM: 1})
    assert any(isinstance(frame, Resync) for frame in heard.frames)


async def test_a_replay_is_taken_as_it_comes(
    heard: Heard, server: ScriptedServer, other_server: ScriptedServer
) -> None:
    """Between `ready` and `resumed` a jump is no gap: the replay is compacted. After it, one is."""
    server.listed[ROOM] = 0
    socket = await heard.connect(server)
    await socket.say(created(1))
    await until(lambda: heard.seqs == [1])
    other_server.logs[ROOM] = [created(seq) for seq in range(1, 10)]
    socket.cut()
    again = await other_server.socket()
    said = await again.greet()
    await again.say(again.ready(said), created(4), updated(6), Resumed(2, {ROOM: 7}), created(8))
    await until(lambda: len(heard.seqs) >= 4)

    assert heard.seqs == [1, 4, 6, 8]
    assert other_server.asked == []
    await again.say(created(10))
    await until(lambda: len(heard.seqs) >= 6)
    assert heard.seqs == [1, 4, 6, 8, 9, 10]


async def test_joined_counts_where_the_review_was_ahead_of_it(heard: Heard, server: ScriptedServer) -> None:
    """The list showed it at 6 already; who is told its state at 3 hears 4 to 6 too, behind that."""
    server.logs[ROOM] = [created(seq) for seq in range(1, 7)]
    server.listed[ROOM] = 6
    socket = await heard.connect(server)
    await until(lambda: heard.client.positions() == {ROOM: 6})
    await socket.say(ConversationJoined(1, conversation(3)), created(7))
    await until(lambda: len(heard.seqs) >= 4)

    assert isinstance(heard.frames[0], ConversationJoined)
    assert heard.seqs == [4, 5, 6, 7]
    assert heard.client.statistics().silent_gaps == 0


async def test_joined_turns_nothing_back_that_was_handed_on(heard: Heard, server: ScriptedServer) -> None:
    """A frame came before the news: nothing comes twice."""
    server.listed[ROOM] = 6
    socket = await heard.connect(server)
    await until(lambda: heard.client.positions() == {ROOM: 6})
    await socket.say(created(7), ConversationJoined(1, conversation(3)), created(8))
    await until(lambda: len(heard.seqs) >= 2)

    assert heard.seqs == [7, 8]
    assert server.asked == []


async def test_joined_begins_a_conversation_and_left_ends_it(heard: Heard, server: ScriptedServer) -> None:
    """After `left` nothing more of it is handed on, not even what was being fetched."""
    server.logs[ROOM] = [created(seq) for seq in range(1, 9)]
    server.let_fetch.clear()
    socket = await heard.connect(server)
    await socket.say(ConversationJoined(1, conversation(3)), created(4), created(7))
    await until(lambda: server.asked)
    await socket.say(ConversationLeft(2, ROOM), ConversationLeft(2, ROOM))
    await until(lambda: any(isinstance(frame, ConversationLeft) for frame in heard.frames))
    server.let_fetch.set()
    await until(lambda: server.answered)
    for seq in range(1, 20):
        await socket.say(created(seq, "other"))
    await until(lambda: heard.seqs[-1] == 19)

    assert [type(frame).__name__ for frame in heard.frames[:3]] == [
        "ConversationJoined",
        "MessageCreated",
        "ConversationLeft",
    ]
    assert heard.seqs == [4, *range(1, 20)]
    assert heard.client.positions() == {"other": 19}


async def test_a_conversation_gone_meanwhile_is_told_as_left(
    heard: Heard, server: ScriptedServer, other_server: ScriptedServer
) -> None:
    """It is listed no longer and not found: whoever listens hears so."""
    server.listed[ROOM] = 3
    socket = await heard.connect(server)
    await until(lambda: heard.client.positions() == {ROOM: 3})
    socket.cut()
    await (await other_server.socket()).admit()
    await until(lambda: ConversationLeft(0, ROOM) in heard.frames)

    assert heard.client.positions() == {}


async def test_unknown_frames_are_ignored(heard: Heard, server: ScriptedServer) -> None:
    """A later server may say more: alone or in a batch it changes nothing."""
    heard.client.follow(ROOM)
    socket = await heard.connect(server)
    await socket.say_raw('{"type":"weather.changed","sun":true}')
    await socket.say_raw('[{"type":"weather.changed"},' + _text(created(1)) + "]")
    await until(lambda: heard.seqs == [1])


async def test_frames_can_be_iterated(heard: Heard, server: ScriptedServer) -> None:
    """What `frames` gives is what the callback gets."""
    heard.client.follow(ROOM)
    frames = heard.client.frames()
    socket = await heard.connect(server)
    await socket.say(created(1), created(2))

    assert [await anext(frames) for _ in range(2)] == [created(1), created(2)] == heard.frames


async def test_frames_wait_for_a_slow_reader() -> None:
    """The queue is bounded: who puts waits its turn, and nothing is lost or overtaken."""
    outlet = Outlet(None, frames_waiting=2)
    frames = outlet.frames()
    first = asyncio.create_task(outlet.put([created(1), created(2), created(3)]))
    second = asyncio.create_task(outlet.put([created(4)]))
    got = [await anext(frames)]
    assert not second.done()
    got += [await anext(frames) for _ in range(3)]

    assert got == [created(seq) for seq in (1, 2, 3, 4)]
    await asyncio.gather(first, second)


async def test_a_failing_callback_costs_only_its_frame(caplog: pytest.LogCaptureFixture) -> None:
    """The frames after it are handed on."""
    got = []

    def on_frame(frame: ServerFrame) -> None:
        got.append(frame)
        raise ZeroDivisionError

    await Outlet(on_frame, 10).put([created(1), created(2)])

    assert got == [created(1), created(2)]
    assert "a callback for frames failed" in caplog.text


def _text(frame: object) -> str:
    return msgspec.json.encode(frame).decode()
