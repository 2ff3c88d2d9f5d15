"""A connection taken from the HTTP server: nothing that was sent behind the handshake is lost."""

import asyncio
import functools
import shutil
import ssl
import subprocess
from pathlib import Path

import msgspec
import pytest
from aiohttp import web

from run import Instance
from tests.server.conftest import StartInstance
from tests.server.registered_users import RegisteredUsers
from tests.server.websocket import frames
from tests.server.websocket.peer import Peer, connect_peer, http_request, upgrade_headers

MEGABYTE = 2**20
HEALTH = http_request("/healthz", {"Host": "convene.test"})


def filled_ping(number: int, size: int) -> bytes:
    return frames.text(msgspec.json.encode({"type": "ping", "id": number, "fill": "x" * size}))


async def handshake_and(connected: Peer, token: str, *behind: bytes) -> None:
    """All of it in one write; then up to `ready`."""
    connected.write(http_request("/v1/ws", upgrade_headers(token=token)), *behind)
    assert (await connected.read_http_response()).status == 101
    assert [(await connected.message())["type"] for _ in range(2)] == ["hello", "ready"]


async def ids_of(connected: Peer, count: int) -> list[int]:
    return [(await connected.next_of("ok"))["id"] for _ in range(count)]


async def test_a_megabyte_behind_the_handshake_arrives_whole(
    instance: Instance, people: RegisteredUsers
) -> None:
    """Frames in the same write as the request are all answered, in order."""
    token = (await people.shared(1, instance))[0].token
    sent = [filled_ping(number, 60_000) for number in range(18)]
    assert sum(map(len, sent)) > MEGABYTE
    async with connect_peer(instance.port) as connected:
        await handshake_and(connected, token, *sent)
        assert await ids_of(connected, len(sent)) == list(range(18))


@pytest.mark.parametrize("cut", [1, 2, 5, 6, 7, 40])
async def test_a_part_of_a_frame_behind_the_handshake_is_kept(
    cut: int, instance: Instance, people: RegisteredUsers
) -> None:
    """What the HTTP server had read ahead is the beginning of what comes later."""
    token = (await people.shared(1, instance))[0].token
    whole = filled_ping(1, 300)
    async with connect_peer(instance.port) as connected:
        await handshake_and(connected, token, whole[:cut])
        connected.write(whole[cut:])
        assert await ids_of(connected, 1) == [1]


async def test_requests_before_the_upgrade_are_answered_on_the_same_connection(
    instance: Instance, people: RegisteredUsers
) -> None:
    """Keep-alive first, then a socket."""
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
    """Two requests, the handshake and a frame in one write: four answers."""
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


async def test_http_goes_on_beside_open_sockets(instance: Instance, people: RegisteredUsers) -> None:
    """A socket takes its own connection and nothing else."""
    token = (await people.shared(1, instance))[0].token
    async with connect_peer(instance.port) as connected, connect_peer(instance.port) as plain:
        plain.write(HEALTH)
        assert (await plain.read_http_response()).status == 200
        await connected.open(token)
        for _ in range(3):
            plain.write(HEALTH)
            assert (await plain.read_http_response()).status == 200
            assert (await connected.request("ping"))["type"] == "ok"


@pytest.fixture
def tls_files(tmp_path: Path) -> tuple[Path, Path]:
    """A certificate that signs itself, and its key."""
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("there is no openssl to make a certificate with")
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    made = [
        *(openssl, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"),
        *("-keyout", str(key), "-out", str(certificate), "-days", "2", "-subj", "/CN=127.0.0.1"),
        *("-addext", "subjectAltName=IP:127.0.0.1"),
    ]
    subprocess.run(made, check=True, capture_output=True)
    return certificate, key


async def test_a_socket_over_tls_is_handed_over_too(
    tls_files: tuple[Path, Path],
    start_instance: StartInstance,
    people: RegisteredUsers,
    instance: Instance,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A megabyte behind the handshake, and the closing handshake, through an encrypted transport."""
    token = (await people.shared(1, instance))[0].token
    certificate, key = tls_files
    at_server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    at_server.load_cert_chain(certificate, key)
    at_client = ssl.create_default_context(cafile=str(certificate))
    monkeypatch.setattr(web, "TCPSite", functools.partial(web.TCPSite, ssl_context=at_server))
    secure = await start_instance()
    sent = [filled_ping(number, 60_000) for number in range(18)]
    async with connect_peer(secure.port, at_client) as connected:
        await handshake_and(connected, token, *sent)
        assert await ids_of(connected, len(sent)) == list(range(18))
        connected.write(frames.close(1000, b"done"))
        ending = await connected.read_until_closed()
        assert (ending.code, ending.reason) == (1000, "done")


async def test_who_is_still_writing_reads_why_it_was_closed(
    instance: Instance, people: RegisteredUsers
) -> None:
    """The server takes what is on its way a while longer: a reset would take the Close from the reader."""
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


async def test_a_stopping_server_says_goodbye_to_everybody(
    start_instance: StartInstance, people: RegisteredUsers
) -> None:
    """4001 with a moment to come back, spread over time, for strangers too; and it does not wait for long."""
    instance = await start_instance()
    token = (await people.shared(1, instance))[0].token
    async with connect_peer(instance.port) as known, connect_peer(instance.port) as stranger:
        await known.open(token)
        await stranger.open()
        async with asyncio.timeout(10):
            stopping = asyncio.create_task(instance.stop())
            endings = await asyncio.gather(known.read_until_closed(), stranger.read_until_closed())
            for connected in (known, stranger):
                await connected.close()
            await stopping
    for ending in endings:
        assert ending.code == 4001
        assert ending.goodbye is not None
        assert ending.goodbye["code"] == 4001
        assert ending.goodbye["resume"] is True
        assert 0 <= ending.goodbye["retry_after_ms"] < 2000


async def test_a_stopping_server_does_not_wait_for_the_deaf(
    start_instance: StartInstance, people: RegisteredUsers
) -> None:
    """One that never answers the goodbye is cut off."""
    instance = await start_instance()
    token = (await people.shared(1, instance))[0].token
    async with connect_peer(instance.port) as deaf:
        await deaf.open(token)
        async with asyncio.timeout(9):
            await instance.stop()
