"""Tests that an idle connection keeps no parser, and loses no partial input."""

import gc
from collections.abc import Iterator

import msgspec
import pytest
from websockets.protocol import Protocol

from tests.server.conftest import StartInstance
from tests.server.registered_users import RegisteredUsers
from tests.server.websocket import frames
from tests.server.websocket.peer import Peer, connect_peer

pytestmark = pytest.mark.asyncio(loop_factories=["uvloop"])
HEARTBEAT_MS = 1000
PING_COMMAND = msgspec.json.encode({"type": "ping", "id": "whole"})


@pytest.fixture
def uncollected() -> Iterator[None]:
    """Count only objects of the test, with the garbage collector off."""
    gc.collect()
    gc.freeze()
    gc.disable()
    yield
    gc.enable()
    gc.unfreeze()


def count_parsers() -> int:
    return sum(type(obj) is Protocol for obj in gc.get_objects())


async def wait_for_ping(connected: Peer) -> None:
    """Wait for the server's ping, and answer it."""
    while (frame := await connected.read_frame()).opcode != frames.PING:
        connected.handle_frame(frame)
    connected.write(frames.pong())


async def test_idle_connection_has_no_parser(
    start_instance: StartInstance, people: RegisteredUsers, uncollected: None
) -> None:
    """Dropped at the next heartbeat and created again with the next frame."""
    instance = await start_instance(heartbeat_ms=2 * HEARTBEAT_MS)
    token = (await people.shared(1, instance))[0].token
    async with connect_peer(instance.port) as connected:
        await connected.open()
        assert (await connected.request("authenticate", token=token))["type"] == "ready"
        for _ in range(3):
            # Checked right after a heartbeat: the next one is a period away.
            await wait_for_ping(connected)
            assert count_parsers() == 0
            assert (await connected.request("ping"))["type"] == "ok"
            assert count_parsers() == 1


@pytest.mark.parametrize(
    ("before", "behind"),
    [
        *((frames.text(PING_COMMAND)[:cut], frames.text(PING_COMMAND)[cut:]) for cut in (1, 2, 6, 9)),
        tuple(frames.fragments(PING_COMMAND, 9)),
    ],
    ids=["a byte of the head", "no mask yet", "no payload yet", "half a frame", "a fragment"],
)
async def test_partial_message_survives_a_heartbeat(
    start_instance: StartInstance, people: RegisteredUsers, before: bytes, behind: bytes
) -> None:
    """A slow client may need longer than the heartbeat period for one message."""
    instance = await start_instance(heartbeat_ms=HEARTBEAT_MS)
    token = (await people.shared(1, instance))[0].token
    async with connect_peer(instance.port) as connected:
        await connected.open(token)
        # Sent right after a heartbeat, so that the next one certainly finds it incomplete.
        await wait_for_ping(connected)
        connected.write(before)
        while (frame := await connected.read_frame()).opcode != frames.PING:
            connected.handle_frame(frame)
        connected.write(behind)
        assert (await connected.reply_to("whole"))["type"] == "ok"
