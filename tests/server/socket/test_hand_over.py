"""A connection taken from the HTTP server: nothing sent behind the handshake is lost, nothing is left behind."""

import asyncio
import functools
import gc
import shutil
import ssl
import subprocess
from collections import Counter
from pathlib import Path

import aiohttp
import msgspec
import pytest
from aiohttp import web

from actors.session.session import Session
from run import Instance
from server.socket.socket import Socket
from tests.server.conftest import StartInstance
from tests.server.people import People
from tests.server.socket import frames
from tests.server.socket.peer import Peer, peer, request, upgrade_headers
from tests.until import until

MEGABYTE = 2**20
HEALTH = request("/healthz", {"Host": "convene.test"})


def filled_ping(number: int, size: int) -> bytes:
    return frames.text(msgspec.json.encode({"type": "ping", "id": number, "fill": "x" * size}))


async def handshake_and(connected: Peer, token: str, *behind: bytes) -> None:
    """All of it in one write; then up to `ready`."""
    connected.write(request("/v1/ws", upgrade_headers(token=token)), *behind)
    assert (await connected.answer()).status == 101
    assert [(await connected.message())["type"] for _ in range(2)] == ["hello", "ready"]


async def ids_of(connected: Peer, count: int) -> list[int]:
    return [(await connected.next_of("ok"))["id"] for _ in range(count)]


async def test_a_megabyte_behind_the_handshake_arrives_whole(instance: Instance, people: People) -> None:
    """Frames in the same write as the request are all answered, in order."""
    token = (await people.some(1, instance))[0].token
    sent = [filled_ping(number, 60_000) for number in range(18)]
    assert sum(map(len, sent)) > MEGABYTE
    async with peer(instance.port) as connected:
        await handshake_and(connected, token, *sent)
        assert await ids_of(connected, len(sent)) == list(range(18))


@pytest.mark.parametrize("cut", [1, 2, 5, 6, 7, 40])
async def test_a_part_of_a_frame_behind_the_handshake_is_kept(
    cut: int, instance: Instance, people: People
) -> None:
    """What the HTTP server had read ahead is the beginning of what comes later."""
    token = (await people.some(1, instance))[0].token
    whole = filled_ping(1, 300)
    async with peer(instance.port) as connected:
        await handshake_and(connected, token, whole[:cut])
        connected.write(whole[cut:])
        assert await ids_of(connected, 1) == [1]


async def test_requests_before_the_upgrade_are_answered_on_the_same_connection(
    instance: Instance, people: People
) -> None:
    """Keep-alive first, then a socket."""
    token = (await people.some(1, instance))[0].token
    async with peer(instance.port) as connected:
        for _ in range(3):
            connected.write(HEALTH)
            assert (await connected.answer()).status == 200
        await handshake_and(connected, token, filled_ping(1, 10))
        assert await ids_of(connected, 1) == [1]


async def test_pipelined_requests_before_the_upgrade_are_answered_in_order(
    instance: Instance, people: People
) -> None:
    """Two requests, the handshake and a frame in one write: four answers."""
    token = (await people.some(1, instance))[0].token
    async with peer(instance.port) as connected:
        connected.write(
            HEALTH,
            HEALTH,
            request("/v1/ws", upgrade_headers(token=token)),
            filled_ping(1, 70),
            frames.ping(b"p"),
        )
        assert [(await connected.answer()).status for _ in range(3)] == [200, 200, 101]
        assert await ids_of(connected, 1) == [1]
        while not connected.pongs:
            connected.take(await connected.frame())


async def test_http_goes_on_beside_open_sockets(instance: Instance, people: People) -> None:
    """A socket takes its own connection and nothing else."""
    token = (await people.some(1, instance))[0].token
    async with peer(instance.port) as connected, peer(instance.port) as plain:
        plain.write(HEALTH)
        assert (await plain.answer()).status == 200
        await connected.open(token)
        for _ in range(3):
            plain.write(HEALTH)
            assert (await plain.answer()).status == 200
            assert (await connected.ask("ping"))["type"] == "ok"


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
    people: People,
    instance: Instance,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A megabyte behind the handshake, and the closing handshake, through an encrypted transport."""
    token = (await people.some(1, instance))[0].token
    certificate, key = tls_files
    at_server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    at_server.load_cert_chain(certificate, key)
    at_client = ssl.create_default_context(cafile=str(certificate))
    monkeypatch.setattr(web, "TCPSite", functools.partial(web.TCPSite, ssl_context=at_server))
    secure = await start_instance()
    sent = [filled_ping(number, 60_000) for number in range(18)]
    async with peer(secure.port, at_client) as connected:
        await handshake_and(connected, token, *sent)
        assert await ids_of(connected, len(sent)) == list(range(18))
        connected.write(frames.close(1000, b"done"))
        ending = await connected.ending()
        assert (ending.code, ending.reason) == (1000, "done")


async def test_a_stopping_server_says_goodbye_to_everybody(
    start_instance: StartInstance, people: People
) -> None:
    """4001 with a moment to come back, spread over time, for strangers too; and it does not wait for long."""
    instance = await start_instance()
    token = (await people.some(1, instance))[0].token
    async with peer(instance.port) as known, peer(instance.port) as stranger:
        await known.open(token)
        await stranger.open()
        async with asyncio.timeout(10):
            stopping = asyncio.create_task(instance.stop())
            endings = await asyncio.gather(known.ending(), stranger.ending())
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
    start_instance: StartInstance, people: People
) -> None:
    """One that never answers the goodbye is cut off."""
    instance = await start_instance()
    token = (await people.some(1, instance))[0].token
    async with peer(instance.port) as deaf:
        await deaf.open(token)
        async with asyncio.timeout(9):
            await instance.stop()


def held(kind: type) -> int:
    """How many of these are alive, garbage aside."""
    gc.collect()
    return sum(type(one) is kind for one in gc.get_objects())


async def end_politely(connected: Peer) -> None:
    connected.write(frames.close(1000))
    await connected.ending()


async def end_with_eof(connected: Peer) -> None:
    connected.writer.write_eof()
    await connected.ending()


async def end_in_mid_frame(connected: Peer) -> None:
    connected.write(filled_ping(1, 500)[:200])
    connected.writer.write_eof()
    await connected.ending()


async def end_in_a_fragmented_message(connected: Peer) -> None:
    connected.write(frames.text(b"{", fin=False))
    connected.writer.write_eof()
    await connected.ending()


async def end_by_reset(connected: Peer) -> None:
    connected.writer.transport.abort()


async def end_by_violation(connected: Peer) -> None:
    connected.write(frames.frame(3))
    await connected.ending()


async def end_by_bad_frame(connected: Peer) -> None:
    connected.write(frames.text(b"nonsense"))
    await connected.ending()


ENDS = [
    end_politely,
    end_with_eof,
    end_in_mid_frame,
    end_in_a_fragmented_message,
    end_by_reset,
    end_by_violation,
    end_by_bad_frame,
]


@pytest.mark.parametrize("end", ENDS)
@pytest.mark.parametrize("known", [True, False], ids=["known", "stranger"])
async def test_nothing_is_left_of_a_closed_socket(
    end: "functools.partial[None]", known: bool, instance: Instance, people: People
) -> None:
    """However it ended: no object, no task, no place in the server's figures."""
    token = (await people.some(1, instance))[0].token
    await settled(instance)
    tasks = Counter(task.get_coro().__qualname__ for task in asyncio.all_tasks())  # type: ignore[union-attr]
    for _ in range(3):
        async with peer(instance.port) as connected:
            await connected.open(token if known else None)
            assert held(Socket) == 1
            await end(connected)
    await settled(instance)
    assert held(Socket) == 0
    assert held(Session) == 0
    left = Counter(task.get_coro().__qualname__ for task in asyncio.all_tasks()) - tasks  # type: ignore[union-attr]
    assert not left


async def settled(instance: Instance) -> None:
    """Wait until the server has no socket any more, and no HTTP connection but ours."""
    async with aiohttp.ClientSession() as session:
        async with asyncio.timeout(5):
            while True:
                async with session.get(f"http://127.0.0.1:{instance.port}/metrics") as answer:
                    figures = await answer.text()
                if "\nconvene_connections 0.0\n" in figures and "\nconvene_sessions 0.0\n" in figures:
                    assert "\nconvene_connections_unauthenticated 0.0\n" in figures
                    return
    await until(lambda: True)


async def test_open_sockets_cost_no_task(instance: Instance, people: People) -> None:
    """Ten idle sockets: as many tasks as none."""
    token = (await people.some(1, instance))[0].token
    async with peer(instance.port) as first:
        await first.open(token)
        assert (await first.ask("ping"))["type"] == "ok"
        before = len(asyncio.all_tasks())
        opened = [await open_peer(instance.port, token) for _ in range(10)]
        for connected in opened:
            assert (await connected.ask("ping"))["type"] == "ok"
        await until(lambda: len(asyncio.all_tasks()) <= before)
        for connected in opened:
            await connected.close()


async def open_peer(port: int, token: str) -> Peer:
    connected = Peer(*await asyncio.open_connection("127.0.0.1", port))
    await connected.open(token)
    return connected
