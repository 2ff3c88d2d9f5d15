"""Frame floods: the sending connection is closed with 4004, and others do not wait for it."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

import msgspec
import pytest
import pytest_asyncio

from server.instance import Instance
from storage.embedded import StoreUrls
from tests.server.conftest import StartInstance
from tests.server.registered_users import RegisteredUsers
from tests.server.running_instance import running_instance
from tests.server.websocket import frames
from tests.server.websocket.peer import connect_peer

on_one_loop = pytest.mark.asyncio(loop_scope="module")
CHUNK_BYTES = 2**20
FAR_OVER_KERNEL_BUFFERS = 64 * CHUNK_BYTES
FLOODS = {
    "objects with nothing but an id": frames.text(b'{"id":1}'),
    "ping commands": frames.text(msgspec.json.encode({"type": "ping", "id": 1})),
    "unknown types": frames.text(b'{"type":"nothing.known","id":1}'),
    "pings of the protocol": frames.ping(b""),
    "pongs of the protocol": frames.pong(),
    "empty continuation frames": frames.continuation(b"", fin=False),
}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def strict(stores: StoreUrls) -> AsyncIterator[Instance]:
    """A server that allows few frames."""
    async with running_instance(
        stores, frames_per_s=10.0, frames_burst=200.0, frames_unauthenticated=5
    ) as instance:
        yield instance


@on_one_loop
@pytest.mark.parametrize("name", FLOODS)
async def test_authenticated_flood_is_closed_with_4004(
    strict: Instance, people: RegisteredUsers, name: str
) -> None:
    """Every kind of frame is charged, including control frames and fragments."""
    token = (await people.register(1, strict))[0].token
    async with connect_peer(strict.port) as connected:
        await connected.open(token)
        if name == "empty continuation frames":
            connected.write(frames.text(b"", fin=False))
        connected.write(FLOODS[name] * 300)
        ending = await connected.read_until_closed()
        assert ending.code == 4004
        assert ending.goodbye is not None
        assert ending.goodbye["resume"] is True


@on_one_loop
@pytest.mark.parametrize("name", FLOODS)
async def test_unauthenticated_connection_may_send_few_frames(strict: Instance, name: str) -> None:
    """Over the small budget it is closed with 4004, for any kind of frame."""
    async with connect_peer(strict.port) as connected:
        await connected.open()
        if name == "empty continuation frames":
            connected.write(frames.text(b"", fin=False))
        connected.write(FLOODS[name] * 15)
        assert (await connected.read_until_closed()).code == 4004


@on_one_loop
async def test_nothing_is_read_after_a_flood(strict: Instance) -> None:
    """What the client sends after 4004 costs the server nothing: it fills the buffers until the reset."""
    async with connect_peer(strict.port) as connected:
        await connected.open()
        connected.write(FLOODS["pings of the protocol"] * 15)
        assert (await connected.read_until_closed(reply_to_close=False)).code == 4004
        accepted = 0
        with contextlib.suppress(ConnectionError):
            while accepted < FAR_OVER_KERNEL_BUFFERS:
                connected.write(bytes(CHUNK_BYTES))
                await connected.writer.drain()
                accepted += CHUNK_BYTES
        assert accepted < FAR_OVER_KERNEL_BUFFERS


async def test_other_connections_are_served_during_a_flood(
    start_instance: StartInstance, people: RegisteredUsers
) -> None:
    """Work per turn is bounded, so others get their turns in between."""
    instance = await start_instance(frames_burst=10_000_000.0)
    one, other = await people.shared(2, instance)
    async with connect_peer(instance.port) as flooder, connect_peer(instance.port) as member:
        await flooder.open(one.token)
        await member.open(other.token)
        last = msgspec.json.encode({"type": "ping", "id": "last"})
        flood = [
            frames.text(last[:1], fin=False),
            frames.continuation() * 60_000,
            frames.continuation(last[1:], fin=True),
        ]
        flooder.write(*flood)
        handled = asyncio.create_task(flooder.reply_to("last"))
        for _ in range(20):
            assert (await member.request("ping"))["type"] == "ok"
        assert not handled.done()
        await handled


async def test_input_beyond_a_turn_is_handled_in_order(
    start_instance: StartInstance, people: RegisteredUsers
) -> None:
    """A burst within the budget is answered completely and in order."""
    instance = await start_instance()
    token = (await people.shared(1, instance))[0].token
    async with connect_peer(instance.port) as connected:
        await connected.open(token)
        asked = [f"p{number}" for number in range(1500)]
        connected.write(
            b"".join(frames.text(msgspec.json.encode({"type": "ping", "id": item})) for item in asked)
        )
        answered = [(await connected.next_of("ok"))["id"] for _ in asked]
        assert answered == asked
