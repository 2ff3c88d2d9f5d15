"""The client delivers each conversation completely, once and in order."""

import asyncio

import msgspec
import pytest

from actors.protocol.server_frames import (
    ConversationJoined,
    ConversationLeft,
    Lagged,
    NotificationRead,
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
    """Repeated seqs are dropped, in single frames and in batches."""
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


async def test_response_of_a_proxy_is_requested_again(
    recorder: ClientRecorder, server: ScriptedServer
) -> None:
    """A page with status 200 ends neither the reading of the list nor that of a gap."""
    server.logs[ROOM] = [message_created(seq) for seq in range(1, 7)]
    server.listed_heads[ROOM] = 2
    server.undecodable_replies = 1
    socket = await recorder.connect(server)
    await until(lambda: recorder.client.positions() == {ROOM: 2})
    server.undecodable_replies = 1
    await socket.send(message_created(6))
    await until(lambda: len(recorder.seqs) >= 4)

    assert recorder.seqs == [3, 4, 5, 6]


async def test_lagged_range_is_fetched(recorder: ClientRecorder, server: ScriptedServer) -> None:
    """The server skipped 3 to 5: they are fetched and delivered before 6."""
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
    """The conversation starts at the skipped range."""
    server.logs[ROOM] = [message_created(seq) for seq in range(1, 6)]
    socket = await recorder.connect(server)
    await socket.send(Lagged(ROOM, 4, 5))
    await until(lambda: len(recorder.seqs) >= 2)

    assert recorder.seqs == [4, 5]


async def test_compacted_changes_complete_the_sequence(
    recorder: ClientRecorder, server: ScriptedServer
) -> None:
    """Compacted changes are complete up to `last_seq`, though seqs are missing."""
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
    """After a lost connection, `resync` makes the client fetch what it missed."""
    server.listed_heads[ROOM] = other_server.listed_heads[ROOM] = 0
    socket = await recorder.connect(server)
    await socket.send(message_created(1))
    await until(lambda: recorder.seqs == [1])
    other_server.logs[ROOM] = [message_created(seq) for seq in range(1, 5)]
    other_server.listed_heads[ROOM] = 4
    socket.abort()
    second_socket = await other_server.next_socket()
    authenticate = await second_socket.authenticate()
    await until(lambda: len(recorder.seqs) >= 4)

    assert recorder.seqs == [1, 2, 3, 4]
    assert authenticate.resume is not None
    assert recorder.client.statistics().unannounced_gaps == 0
    assert (authenticate.resume.session_id, authenticate.resume.conversations) == ("session", {ROOM: 1})
    assert any(isinstance(frame, Resync) for frame in recorder.frames)


async def test_jumps_in_a_replay_are_not_gaps(
    recorder: ClientRecorder, server: ScriptedServer, other_server: ScriptedServer
) -> None:
    """Between `ready` and `resumed` the replay is compacted; afterwards a jump is a gap."""
    server.listed_heads[ROOM] = 0
    socket = await recorder.connect(server)
    await socket.send(message_created(1))
    await until(lambda: recorder.seqs == [1])
    other_server.logs[ROOM] = [message_created(seq) for seq in range(1, 10)]
    socket.abort()
    second_socket = await other_server.next_socket()
    authenticate = await second_socket.receive_authenticate()
    await second_socket.send(
        second_socket.make_ready(authenticate),
        message_created(4),
        conversation_updated(6),
        Resumed(2, {ROOM: 7}),
        message_created(8),
    )
    await until(lambda: len(recorder.seqs) >= 4)

    assert recorder.seqs == [1, 4, 6, 8]
    assert other_server.changes_requests == []
    await second_socket.send(message_created(10))
    await until(lambda: len(recorder.seqs) >= 6)
    assert recorder.seqs == [1, 4, 6, 8, 9, 10]


async def test_notifications_are_delivered_once_across_reconnects(
    recorder: ClientRecorder, server: ScriptedServer, other_server: ScriptedServer
) -> None:
    """The client resumes after the last one, and drops repeats."""
    socket = await recorder.connect(server)
    frames = [NotificationRead(position, None, 0) for position in (1, 2, 3)]
    await socket.send(frames[0], frames[1], frames[1])
    await until(lambda: len(recorder.frames) >= 2)
    socket.abort()
    second_socket = await other_server.next_socket()
    authenticate = await second_socket.receive_authenticate()
    assert authenticate.resume is not None
    await second_socket.send(second_socket.make_ready(authenticate, 3), *frames[1:], Resumed(1, {}))
    await until(lambda: frames[2] in recorder.frames)

    assert authenticate.resume.position == 2
    assert recorder.frames == frames


async def test_replay_ends_conversations_left_meanwhile(
    recorder: ClientRecorder, server: ScriptedServer, other_server: ScriptedServer
) -> None:
    """The server reports them at the current position of the stream, where other events are repeats."""
    server.listed_heads[ROOM] = 0
    socket = await recorder.connect(server)
    await socket.send(message_created(1), message_created(1, "kept"))
    await until(lambda: len(recorder.seqs) == 2)
    socket.abort()
    second_socket = await other_server.next_socket()
    authenticate = await second_socket.receive_authenticate()
    await second_socket.send(
        second_socket.make_ready(authenticate),
        ConversationLeft(0, ROOM),
        ConversationLeft(0, ROOM),
        Resumed(0, {"kept": 1}),
        message_created(2, "kept"),
    )
    await until(lambda: len(recorder.seqs) == 3)

    assert [frame for frame in recorder.frames if isinstance(frame, ConversationLeft)] == [
        ConversationLeft(0, ROOM)
    ]
    assert recorder.client.positions() == {"kept": 2}


async def test_joined_position_applies_after_a_resync_read_further(
    recorder: ClientRecorder, server: ScriptedServer
) -> None:
    """The list was at 6; after `joined` at 3, frames 4 to 6 are delivered too."""
    server.logs[ROOM] = [message_created(seq) for seq in range(1, 7)]
    server.listed_heads[ROOM] = 6
    socket = await recorder.connect(server)
    await until(lambda: recorder.client.positions() == {ROOM: 6})
    await socket.send(ConversationJoined(1, conversation(3)), message_created(7))
    await until(lambda: len(recorder.seqs) >= 4)

    assert isinstance(recorder.frames[0], ConversationJoined)
    assert recorder.seqs == [4, 5, 6, 7]
    assert recorder.client.statistics().unannounced_gaps == 0


@pytest.mark.parametrize("first", [message_created(3), Lagged(ROOM, 3, 3)], ids=["frame", "lagged"])
async def test_frames_that_a_list_has_overtaken_are_delivered(
    first: ServerFrame, recorder: ClientRecorder, server: ScriptedServer
) -> None:
    """3 was sent after `ready`, and the list, which was read later, has it already. So it is no history."""
    server.logs[ROOM] = [message_created(seq) for seq in range(1, 5)]
    server.listed_heads[ROOM] = 4
    socket = await recorder.connect(server)
    await until(lambda: recorder.client.positions() == {ROOM: 4})
    await socket.send(first, message_created(4), message_created(5), message_created(3))
    await until(lambda: len(recorder.seqs) >= 3)
    await socket.send(message_created(1, "other"))
    await until(lambda: len(recorder.seqs) >= 4)

    assert recorder.seqs == [3, 4, 5, 1]
    assert recorder.client.statistics().unannounced_gaps == 0


async def test_subscription_starts_where_it_was_asked_to(
    recorder: ClientRecorder, server: ScriptedServer
) -> None:
    """Frames up to its position are known to the application."""
    server.logs[ROOM] = [message_created(seq) for seq in range(1, 6)]
    server.listed_heads[ROOM] = 5
    recorder.client.subscribe(ROOM, 3)
    socket = await recorder.connect(server)
    await socket.send(*(message_created(seq) for seq in range(1, 6)))
    await until(lambda: len(recorder.seqs) >= 2)

    assert recorder.seqs == [4, 5]


async def test_joined_does_not_repeat_delivered_frames(
    recorder: ClientRecorder, server: ScriptedServer
) -> None:
    """A frame delivered before `joined` is not delivered again."""
    server.listed_heads[ROOM] = 6
    socket = await recorder.connect(server)
    await until(lambda: recorder.client.positions() == {ROOM: 6})
    await socket.send(message_created(7), ConversationJoined(1, conversation(3)), message_created(8))
    await until(lambda: len(recorder.seqs) >= 2)

    assert recorder.seqs == [7, 8]
    assert server.changes_requests == []


async def test_joined_starts_and_left_ends_delivery(recorder: ClientRecorder, server: ScriptedServer) -> None:
    """After `left` nothing is delivered, not even frames being fetched."""
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
    """A conversation that is not listed and not found is reported as left."""
    server.listed_heads[ROOM] = 3
    socket = await recorder.connect(server)
    await until(lambda: recorder.client.positions() == {ROOM: 3})
    socket.abort()
    await (await other_server.next_socket()).authenticate()
    await until(lambda: ConversationLeft(0, ROOM) in recorder.frames)

    assert recorder.client.positions() == {}


async def test_unknown_frames_are_ignored(recorder: ClientRecorder, server: ScriptedServer) -> None:
    """Frames of newer servers are skipped, alone or in a batch."""
    recorder.client.subscribe(ROOM)
    socket = await recorder.connect(server)
    await socket.send_raw('{"type":"weather.changed","sun":true}')
    await socket.send_raw('[{"type":"weather.changed"},' + _text(message_created(1)) + "]")
    await until(lambda: recorder.seqs == [1])


async def test_frames_iterator_matches_callback(recorder: ClientRecorder, server: ScriptedServer) -> None:
    """`frames()` yields what the callback gets."""
    recorder.client.subscribe(ROOM)
    frames = recorder.client.frames()
    socket = await recorder.connect(server)
    await socket.send(message_created(1), message_created(2))

    assert (
        [await anext(frames) for _ in range(2)] == [message_created(1), message_created(2)] == recorder.frames
    )


async def test_put_waits_for_a_slow_consumer() -> None:
    """The queue is bounded: `put` waits, and frames keep their order."""
    sink = FrameSink(None, queued_frames_max=2)
    frames = sink.frames()
    first = asyncio.create_task(sink.put([message_created(1), message_created(2), message_created(3)]))
    second = asyncio.create_task(sink.put([message_created(4)]))
    received = [await anext(frames)]
    assert not second.done()
    received += [await anext(frames) for _ in range(3)]

    assert received == [message_created(seq) for seq in (1, 2, 3, 4)]
    await asyncio.gather(first, second)


async def test_callback_error_does_not_stop_delivery(caplog: pytest.LogCaptureFixture) -> None:
    """Later frames are delivered, and the error is logged."""
    received = []

    def on_frame(frame: ServerFrame) -> None:
        received.append(frame)
        raise ZeroDivisionError

    await FrameSink(on_frame, 10).put([message_created(1), message_created(2)])

    assert received == [message_created(1), message_created(2)]
    assert "on_frame callback raised an exception" in caplog.text


def _text(frame: object) -> str:
    return msgspec.json.encode(frame).decode()
