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
from client.frame_sink import FrameSink
from tests.client.conftest import ClientRecorder
from tests.client.scripted_server import (
    ROOM,
    ScriptedServer,
    conversation,
    conversation_updated,
    message_created,
)
from tests.until import until


async def test_each_frame_is_delivered_once(recorder: ClientRecorder, server: ScriptedServer) -> None:
    """A seq that was seen is dropped; a batch is as good as single frames."""
    recorder.client.subscribe(ROOM)
    socket = await recorder.connect(server)
    await socket.send(
        message_created(1),
        message_created(2),
        message_created(1),
        message_created(2),
        conversation_updated(3),
    )
    batch = [message_created(3), message_created(4)]
    await socket.send_raw("[" + ",".join(_text(frame) for frame in batch) + "]")
    await until(lambda: len(recorder.seqs) >= 4)

    assert recorder.seqs == [1, 2, 3, 4]


async def test_gap_is_filled_before_later_frames(recorder: ClientRecorder, server: ScriptedServer) -> None:
    """3 to 5 are missing: 6 and 7 wait until they were fetched."""
    server.logs[ROOM] = [message_created(seq) for seq in range(1, 7)]
    server.listed_heads[ROOM] = 2
    server.allow_changes.clear()
    socket = await recorder.connect(server)
    await until(lambda: recorder.client.positions() == {ROOM: 2})
    await socket.send(message_created(6), message_created(7), message_created(1, "other"))
    await until(lambda: server.changes_requests and recorder.seqs)

    assert recorder.seqs == [1]
    server.allow_changes.set()
    await until(lambda: len(recorder.seqs) >= 6)
    assert recorder.seqs == [1, 3, 4, 5, 6, 7]
    assert server.changes_requests == [(ROOM, 2)]
    assert recorder.client.statistics().unannounced_gaps == 1


async def test_lagged_range_is_fetched(recorder: ClientRecorder, server: ScriptedServer) -> None:
    """The server spared us 3 to 5: they come from `changes`, before 6."""
    server.logs[ROOM] = [message_created(seq) for seq in range(1, 6)]
    server.listed_heads[ROOM] = 2
    socket = await recorder.connect(server)
    await until(lambda: recorder.client.positions() == {ROOM: 2})
    await socket.send(Lagged(ROOM, 3, 5), message_created(6))
    await until(lambda: len(recorder.seqs) >= 4)

    assert recorder.seqs == [3, 4, 5, 6]
    assert recorder.client.statistics().unannounced_gaps == 0


async def test_lagged_range_of_unknown_conversation_is_fetched(
    recorder: ClientRecorder, server: ScriptedServer
) -> None:
    """It begins at what was spared."""
    server.logs[ROOM] = [message_created(seq) for seq in range(1, 6)]
    socket = await recorder.connect(server)
    await socket.send(Lagged(ROOM, 4, 5))
    await until(lambda: len(recorder.seqs) >= 2)

    assert recorder.seqs == [4, 5]


async def test_compacted_changes_complete_the_sequence(
    recorder: ClientRecorder, server: ScriptedServer
) -> None:
    """Compacted: complete up to `last_seq`, though not every seq is in it."""
    server.logs[ROOM] = [message_created(1), message_created(4), conversation_updated(5)]
    server.listed_heads[ROOM] = 5
    recorder.client.subscribe(ROOM)
    socket = await recorder.connect(server)
    await socket.send(message_created(6))
    await until(lambda: len(recorder.seqs) >= 4)

    assert recorder.seqs == [1, 4, 5, 6]


async def test_missed_frames_are_fetched_after_reconnect(
    recorder: ClientRecorder, server: ScriptedServer, other_server: ScriptedServer
) -> None:
    """The connection breaks, the conversation grows: `resync` makes the client read what it missed."""
    server.listed_heads[ROOM] = other_server.listed_heads[ROOM] = 0
    socket = await recorder.connect(server)
    await socket.send(message_created(1))
    await until(lambda: recorder.seqs == [1])
    other_server.logs[ROOM] = [message_created(seq) for seq in range(1, 5)]
    other_server.listed_heads[ROOM] = 4
    socket.abort()
    again = await other_server.next_socket()
    said = await again.authenticate()
    await until(lambda: len(recorder.seqs) >= 4)

    assert recorder.seqs == [1, 2, 3, 4]
    assert said.resume is not None
    assert recorder.client.statistics().unannounced_gaps == 0
    assert (said.resume.session_id, said.resume.conversations) == ("session", {ROOM: 1})
    assert any(isinstance(frame, Resync) for frame in recorder.frames)


async def test_jumps_in_a_replay_are_not_gaps(
    recorder: ClientRecorder, server: ScriptedServer, other_server: ScriptedServer
) -> None:
    """Between `ready` and `resumed` a jump is no gap: the replay is compacted. After it, one is."""
    server.listed_heads[ROOM] = 0
    socket = await recorder.connect(server)
    await socket.send(message_created(1))
    await until(lambda: recorder.seqs == [1])
    other_server.logs[ROOM] = [message_created(seq) for seq in range(1, 10)]
    socket.abort()
    again = await other_server.next_socket()
    said = await again.receive_authenticate()
    await again.send(
        again.make_ready(said),
        message_created(4),
        conversation_updated(6),
        Resumed(2, {ROOM: 7}),
        message_created(8),
    )
    await until(lambda: len(recorder.seqs) >= 4)

    assert recorder.seqs == [1, 4, 6, 8]
    assert other_server.changes_requests == []
    await again.send(message_created(10))
    await until(lambda: len(recorder.seqs) >= 6)
    assert recorder.seqs == [1, 4, 6, 8, 9, 10]


async def test_joined_position_applies_after_a_resync_read_further(
    recorder: ClientRecorder, server: ScriptedServer
) -> None:
    """The list showed it at 6 already; who is told its state at 3 hears 4 to 6 too, behind that."""
    server.logs[ROOM] = [message_created(seq) for seq in range(1, 7)]
    server.listed_heads[ROOM] = 6
    socket = await recorder.connect(server)
    await until(lambda: recorder.client.positions() == {ROOM: 6})
    await socket.send(ConversationJoined(1, conversation(3)), message_created(7))
    await until(lambda: len(recorder.seqs) >= 4)

    assert isinstance(recorder.frames[0], ConversationJoined)
    assert recorder.seqs == [4, 5, 6, 7]
    assert recorder.client.statistics().unannounced_gaps == 0


async def test_joined_does_not_repeat_delivered_frames(
    recorder: ClientRecorder, server: ScriptedServer
) -> None:
    """A frame came before the news: nothing comes twice."""
    server.listed_heads[ROOM] = 6
    socket = await recorder.connect(server)
    await until(lambda: recorder.client.positions() == {ROOM: 6})
    await socket.send(message_created(7), ConversationJoined(1, conversation(3)), message_created(8))
    await until(lambda: len(recorder.seqs) >= 2)

    assert recorder.seqs == [7, 8]
    assert server.changes_requests == []


async def test_joined_starts_and_left_ends_delivery(recorder: ClientRecorder, server: ScriptedServer) -> None:
    """After `left` nothing more of it is handed on, not even what was being fetched."""
    server.logs[ROOM] = [message_created(seq) for seq in range(1, 9)]
    server.allow_changes.clear()
    socket = await recorder.connect(server)
    await socket.send(ConversationJoined(1, conversation(3)), message_created(4), message_created(7))
    await until(lambda: server.changes_requests)
    await socket.send(ConversationLeft(2, ROOM), ConversationLeft(2, ROOM))
    await until(lambda: any(isinstance(frame, ConversationLeft) for frame in recorder.frames))
    server.allow_changes.set()
    await until(lambda: server.changes_replies)
    for seq in range(1, 20):
        await socket.send(message_created(seq, "other"))
    await until(lambda: recorder.seqs[-1] == 19)

    assert [type(frame).__name__ for frame in recorder.frames[:3]] == [
        "ConversationJoined",
        "MessageCreated",
        "ConversationLeft",
    ]
    assert recorder.seqs == [4, *range(1, 20)]
    assert recorder.client.positions() == {"other": 19}


async def test_conversation_missing_after_reconnect_yields_left(
    recorder: ClientRecorder, server: ScriptedServer, other_server: ScriptedServer
) -> None:
    """It is listed no longer and not found: whoever listens hears so."""
    server.listed_heads[ROOM] = 3
    socket = await recorder.connect(server)
    await until(lambda: recorder.client.positions() == {ROOM: 3})
    socket.abort()
    await (await other_server.next_socket()).authenticate()
    await until(lambda: ConversationLeft(0, ROOM) in recorder.frames)

    assert recorder.client.positions() == {}


async def test_unknown_frames_are_ignored(recorder: ClientRecorder, server: ScriptedServer) -> None:
    """A later server may say more: alone or in a batch it changes nothing."""
    recorder.client.subscribe(ROOM)
    socket = await recorder.connect(server)
    await socket.send_raw('{"type":"weather.changed","sun":true}')
    await socket.send_raw('[{"type":"weather.changed"},' + _text(message_created(1)) + "]")
    await until(lambda: recorder.seqs == [1])


async def test_frames_iterator_matches_callback(recorder: ClientRecorder, server: ScriptedServer) -> None:
    """What `frames` gives is what the callback gets."""
    recorder.client.subscribe(ROOM)
    frames = recorder.client.frames()
    socket = await recorder.connect(server)
    await socket.send(message_created(1), message_created(2))

    assert (
        [await anext(frames) for _ in range(2)] == [message_created(1), message_created(2)] == recorder.frames
    )


async def test_put_waits_for_a_slow_consumer() -> None:
    """The queue is bounded: who puts waits its turn, and nothing is lost or overtaken."""
    outlet = FrameSink(None, queued_frames_max=2)
    frames = outlet.frames()
    first = asyncio.create_task(outlet.put([message_created(1), message_created(2), message_created(3)]))
    second = asyncio.create_task(outlet.put([message_created(4)]))
    got = [await anext(frames)]
    assert not second.done()
    got += [await anext(frames) for _ in range(3)]

    assert got == [message_created(seq) for seq in (1, 2, 3, 4)]
    await asyncio.gather(first, second)


async def test_callback_error_does_not_stop_delivery(caplog: pytest.LogCaptureFixture) -> None:
    """The frames after it are handed on."""
    got = []

    def on_frame(frame: ServerFrame) -> None:
        got.append(frame)
        raise ZeroDivisionError

    await FrameSink(on_frame, 10).put([message_created(1), message_created(2)])

    assert got == [message_created(1), message_created(2)]
    assert "on_frame callback raised an exception" in caplog.text


def _text(frame: object) -> str:
    return msgspec.json.encode(frame).decode()
