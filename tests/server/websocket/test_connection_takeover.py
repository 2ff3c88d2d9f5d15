"""Tests of detaching a connection from the HTTP server: no bytes after the handshake are lost."""

import asyncio

import msgspec
import pytest

from server.instance import Instance
from storage.embedded import StoreUrls
from tests.certificates import CertificateFiles
from tests.server.conftest import StartInstance
from tests.server.registered_users import RegisteredUsers
from tests.server.running_instance import running_instance
from tests.server.websocket import frames
from tests.server.websocket.peer import Peer, connect_peer, http_request, upgrade_headers

pytestmark = pytest.mark.asyncio(loop_scope="module")
MEGABYTE = 2**20
HEALTH = http_request("/healthz", {"Host": "convene.test"})


def filled_ping(number: int, size: int) -> bytes:
    return frames.text(msgspec.json.encode({"type": "ping", "id": number, "fill": "x" * size}))


async def handshake_and(connected: Peer, token: str, *behind: bytes) -> None:
    """Send the handshake and more bytes in one write; read up to `ready`."""
    connected.write(http_request("/v1/ws", upgrade_headers(token=token)), *behind)
    assert (await connected.read_http_response()).status == 101
    assert [(await connected.message())["type"] for _ in range(2)] == ["hello", "ready"]


async def ids_of(connected: Peer, count: int) -> list[int]:
    return [(await connected.next_of("ok"))["id"] for _ in range(count)]


async def test_megabyte_after_the_handshake_arrives_intact(
    instance: Instance, people: RegisteredUsers
) -> None:
    """Frames in the same write as the request are all answered in order."""
    token = (await people.shared(1, instance))[0].token
    sent = [filled_ping(number, 60_000) for number in range(18)]
    assert sum(map(len, sent)) > MEGABYTE
    async with connect_peer(instance.port) as connected:
        await handshake_and(connected, token, *sent)
        assert await ids_of(connected, len(sent)) == list(range(18))


@pytest.mark.parametrize("cut", [1, 2, 5, 6, 7, 40])
async def test_partial_frame_after_the_handshake_is_kept(
    cut: int, instance: Instance, people: RegisteredUsers
) -> None:
    """Bytes that the HTTP server has read ahead are completed by later ones."""
    token = (await people.shared(1, instance))[0].token
    whole = filled_ping(1, 300)
    async with connect_peer(instance.port) as connected:
        await handshake_and(connected, token, whole[:cut])
        connected.write(whole[cut:])
        assert await ids_of(connected, 1) == [1]


async def test_requests_before_the_upgrade_are_answered_on_the_same_connection(
    instance: Instance, people: RegisteredUsers
) -> None:
    """Keep-alive requests first, then a websocket."""
    token = (await people.shared(1, instance))[0].token
    async with connect_peer(instance.port) as connected:
        for _ in range(3):
            connected.write(HEALTH)
            assert (await connected.read_http_response()).status == 200
        await handshake_and(connected, token, filled_ping(1, 10))
        assert await ids_of(connected, 1) == [1]


async def test_pipelined_requests_before_the_upgrade_are_answered_in_order(
    instance: Instance, people: RegisteredUsers
) -> None:
    """Two requests, the handshake and a frame in one write get four responses."""
    token = (await people.shared(1, instance))[0].token
    async with connect_peer(instance.port) as connected:
        connected.write(
            HEALTH,
            HEALTH,
            http_request("/v1/ws", upgrade_headers(token=token)),
            filled_ping(1, 70),
            frames.ping(b"p"),
        )
        assert [(await connected.read_http_response()).status for _ in range(3)] == [200, 200, 101]
        assert await ids_of(connected, 1) == [1]
        while not connected.pongs:
            connected.handle_frame(await connected.read_frame())


async def test_http_works_beside_open_websockets(instance: Instance, people: RegisteredUsers) -> None:
    """Detaching one connection does not affect others."""
    token = (await people.shared(1, instance))[0].token
    async with connect_peer(instance.port) as connected, connect_peer(instance.port) as plain:
        plain.write(HEALTH)
        assert (await plain.read_http_response()).status == 200
        await connected.open(token)
        for _ in range(3):
            plain.write(HEALTH)
            assert (await plain.read_http_response()).status == 200
            assert (await connected.request("ping"))["type"] == "ok"


async def test_takeover_over_tls(
    certificate: CertificateFiles, stores: StoreUrls, people: RegisteredUsers, instance: Instance
) -> None:
    """A megabyte after the handshake, and the closing handshake, over an encrypted transport."""
    token = (await people.shared(1, instance))[0].token
    sent = [filled_ping(number, 60_000) for number in range(18)]
    async with (
        running_instance(stores, server=certificate.server_settings()) as secure,
        connect_peer(secure.port, certificate.trusted()) as connected,
    ):
        await handshake_and(connected, token, *sent)
        assert await ids_of(connected, len(sent)) == list(range(18))
        connected.write(frames.close(1000, b"done"))
        ending = await connected.read_until_closed()
        assert (ending.code, ending.reason) == (1000, "done")


async def test_writing_peer_receives_the_close(instance: Instance, people: RegisteredUsers) -> None:
    """The server keeps reading for a while: a TCP reset would discard the Close frame."""
    token = (await people.shared(1, instance))[0].token
    async with connect_peer(instance.port) as connected:
        await connected.open(token)
        connected.write(frames.frame(3))
        for _ in range(100):
            connected.write(bytes(100_000))
            await connected.writer.drain()
        ending = await connected.read_until_closed()
        assert ending.code == 1002
        assert ending.goodbye is not None


@pytest.mark.asyncio(loop_scope="function")
async def test_shutdown_sends_goodbye_to_all_connections(
    start_instance: StartInstance, people: RegisteredUsers
) -> None:
    """4001 with delays spread over time, also before authentication; shutdown is quick."""
    instance = await start_instance()
    token = (await people.shared(1, instance))[0].token
    async with connect_peer(instance.port) as authenticated, connect_peer(instance.port) as unauthenticated:
        await authenticated.open(token)
        await unauthenticated.open()
        async with asyncio.timeout(10):
            stopping = asyncio.create_task(instance.stop())
            endings = await asyncio.gather(
                authenticated.read_until_closed(), unauthenticated.read_until_closed()
            )
            for connected in (authenticated, unauthenticated):
                await connected.close()
            await stopping
    for ending in endings:
        assert ending.code == 4001
        assert ending.goodbye is not None
        assert ending.goodbye["code"] == 4001
        assert ending.goodbye["resume"] is True
        assert 0 <= ending.goodbye["retry_after_ms"] < 2000


@pytest.mark.asyncio(loop_scope="function")
async def test_shutdown_does_not_wait_for_unresponsive_peers(
    start_instance: StartInstance, people: RegisteredUsers
) -> None:
    """A peer that does not answer the Close is aborted."""
    instance = await start_instance()
    token = (await people.shared(1, instance))[0].token
    async with connect_peer(instance.port) as non_reading_peer:
        await non_reading_peer.open(token)
        async with asyncio.timeout(9):
            await instance.stop()
