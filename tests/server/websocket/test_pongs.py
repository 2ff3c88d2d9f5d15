"""Tests of the fast path for pongs: they are skipped without parsing, and nothing else is."""

import asyncio

import msgspec
import pytest
from websockets.protocol import Protocol, Side

from server.websocket.framing import EMPTY_PONG, EMPTY_PONG_BYTES, at_frame_boundary
from tests.server.websocket import frames
from tests.server.websocket.chat_fixture import ChatFixture, assert_alive
from tests.server.websocket.peer import Peer

module_loop = pytest.mark.asyncio(loop_scope="module")
PING = msgspec.json.encode({"type": "ping", "id": "a ping whose bytes look like a pong"})


def test_frame_boundary_is_detected() -> None:
    """Before the first frame and between frames, not within a header or a payload."""
    parser = Protocol(Side.SERVER)
    boundaries = []
    whole = frames.text(b"hello") + frames.pong() + frames.text(b"x" * 300)
    ends = {len(frames.text(b"hello")), len(frames.text(b"hello") + frames.pong()), len(whole)}
    for number in range(len(whole)):
        if at_frame_boundary(parser):
            boundaries.append(number)
        parser.receive_data(whole[number : number + 1])
    boundaries += [len(whole)] if at_frame_boundary(parser) else []
    assert boundaries == [0, *sorted(ends)]


@module_loop
@pytest.mark.parametrize("start", [0, 4, 8])
async def test_bytes_of_a_message_that_look_like_a_pong_are_kept(
    ana: Peer, chat: ChatFixture, start: int
) -> None:
    """Received as a read of their own, in the middle of a frame."""
    mask = bytes((PING[start] ^ EMPTY_PONG[0], PING[start + 1] ^ EMPTY_PONG[1], 7, 9))
    head, payload = frames.header(frames.TEXT, len(PING), mask=mask), frames.apply_mask(PING, mask)
    looks = payload[start : start + EMPTY_PONG_BYTES]
    assert looks.startswith(EMPTY_PONG)
    await flush_segment(ana, head + payload[:start], looks, payload[start + EMPTY_PONG_BYTES :])
    assert (await ana.reply_to("a ping whose bytes look like a pong"))["type"] == "ok"
    await assert_alive(ana)


@module_loop
async def test_commands_around_pongs_are_answered(ana: Peer, chat: ChatFixture) -> None:
    """Before, between and after pongs, in one read or in several."""
    for pieces in ([frames.pong()], [frames.pong(), frames.pong()], [frames.pong() + frames.text(PING)]):
        await flush_segment(ana, *pieces)
    assert (await ana.reply_to("a ping whose bytes look like a pong"))["type"] == "ok"
    await assert_alive(ana)


async def flush_segment(connected: Peer, *pieces: bytes) -> None:
    """Send so that the server, in the same loop, reads each segment separately."""
    for piece in pieces:
        connected.write(piece)
        for _ in range(3):
            await asyncio.sleep(0)
