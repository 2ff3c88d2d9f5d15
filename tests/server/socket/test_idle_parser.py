"""What a silent connection keeps: no parser, but every byte of what is under way."""

import gc
from collections.abc import Iterator

import msgspec
import pytest
from websockets.protocol import Protocol

from tests.server.conftest import StartInstance
from tests.server.people import People
from tests.server.socket import frames
from tests.server.socket.peer import Peer, peer

pytestmark = pytest.mark.asyncio(loop_factories=["uvloop"])
HEARTBEAT_MS = 1000
ASKED = msgspec.json.encode({"type": "ping", "id": "whole"})


@pytest.fixture
def uncollected() -> Iterator[None]:
    """Only what the test makes is counted, and nothing goes that waits for the collector."""
    gc.collect()
    gc.freeze()
    gc.disable()
    yield
    gc.enable()
    gc.unfreeze()


def parsers() -> int:
    return sum(type(one) is Protocol for one in gc.get_objects())


async def heartbeat(connected: Peer) -> None:
    """Wait until the server has visited the connection, and show a sign of life."""
    while (found := await connected.frame()).opcode != frames.PING:
        connected.take(found)
    connected.write(frames.pong())


async def test_a_silent_connection_has_no_parser(
    start_instance: StartInstance, people: People, uncollected: None
) -> None:
    """It is let go at the next heartbeat, and made again with the next frame."""
    instance = await start_instance(heartbeat_ms=2 * HEARTBEAT_MS)
    token = (await people.some(1, instance))[0].token
    async with peer(instance.port) as connected:
        await connected.open()
        assert (await connected.ask("authenticate", token=token))["type"] == "ready"
        for _ in range(3):
            # Looked at just behind a heartbeat: the next one is a period away.
            await heartbeat(connected)
            assert parsers() == 0
            assert (await connected.ask("ping"))["type"] == "ok"
            assert parsers() == 1


@pytest.mark.parametrize(
    ("before", "behind"),
    [
        *((frames.text(ASKED)[:cut], frames.text(ASKED)[cut:]) for cut in (1, 2, 6, 9)),
        tuple(frames.fragments(ASKED, 9)),
    ],
    ids=["a byte of the head", "no mask yet", "no payload yet", "half a frame", "a fragment"],
)
async def test_what_is_under_way_outlasts_a_heartbeat(
    start_instance: StartInstance, people: People, before: bytes, behind: bytes
) -> None:
    """A slow phone may take longer for one message than the server's period."""
    instance = await start_instance(heartbeat_ms=HEARTBEAT_MS)
    token = (await people.some(1, instance))[0].token
    async with peer(instance.port) as connected:
        await connected.open(token)
        # Just behind one heartbeat, so that the next one certainly finds it.
        await heartbeat(connected)
        connected.write(before)
        while (found := await connected.frame()).opcode != frames.PING:
            connected.take(found)
        connected.write(behind)
        assert (await connected.answer_to("whole"))["type"] == "ok"
