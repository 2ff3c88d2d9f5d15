"""Limits on the frames of a connected client: those that it does not read, and those that it sends."""

import asyncio
import contextlib
import socket

import msgspec
import pytest

from tests.server.api_client import ApiClient
from tests.server.conftest import StartInstance
from tests.server.registered_users import RegisteredUsers
from tests.server.websocket import frames
from tests.server.websocket.instance_metrics import read_metrics, wait_for_metric
from tests.server.websocket.peer import Peer, connect_peer

pytestmark = pytest.mark.asyncio(loop_factories=["uvloop"])


async def connect_non_reading_peer(port: int) -> Peer:
    """Connect a peer with the smallest possible receive buffers."""
    bare = socket.socket()
    bare.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    bare.setblocking(False)
    await asyncio.get_running_loop().sock_connect(bare, ("127.0.0.1", port))
    reader, writer = await asyncio.open_connection(sock=bare, limit=2**24)
    return Peer(reader, writer)


PINGS = frames.ping(b"x" * 125) * 1000


async def send_pings(non_reading_peer: Peer, at_most: int = 2**32) -> None:
    """Request this many bytes of replies without reading them, or until the server closes."""
    non_reading_peer.writer.transport.pause_reading()  # type: ignore[attr-defined]
    with contextlib.suppress(ConnectionError):
        async with asyncio.timeout(20):
            for _ in range(at_most // len(PINGS)):
                non_reading_peer.write(PINGS)
                await non_reading_peer.writer.drain()
                await asyncio.sleep(0)


async def test_send_queue_bytes_are_limited(start_instance: StartInstance, people: RegisteredUsers) -> None:
    """Over the hard limit the connection is aborted and counted as 4002; no more bytes are queued."""
    hard = 128 * 1024
    instance = await start_instance(
        send_queue_soft_bytes=64 * 1024,
        send_queue_hard_bytes=hard,
        write_timeout_ms=60_000,
        frames_burst=10_000_000,
    )
    token = (await people.shared(1, instance))[0].token
    non_reading_peer = await connect_non_reading_peer(instance.port)
    await non_reading_peer.open(token)
    most = 0.0

    async def watch() -> None:
        nonlocal most
        while True:
            most = max(most, (await read_metrics(instance))["convene_send_queue_bytes"])

    watching = asyncio.create_task(watch())
    await send_pings(non_reading_peer)
    watching.cancel()
    await wait_for_metric(instance, "convene_connections", 0)
    metrics = await read_metrics(instance)
    assert metrics['convene_connections_closed_total{code="4002"}'] == 1
    assert metrics["convene_send_queue_bytes"] == 0
    assert 0 < most < hard + 300_000
    await non_reading_peer.close()


async def test_write_timeout(start_instance: StartInstance, people: RegisteredUsers) -> None:
    """Blocked below the limit for the write timeout: 4002 and aborted; a reading peer is not."""
    instance = await start_instance(
        send_queue_soft_bytes=2**29, send_queue_hard_bytes=2**30, write_timeout_ms=300, frames_burst=10**9
    )
    token = (await people.shared(1, instance))[0].token
    non_reading_peer = await connect_non_reading_peer(instance.port)
    async with connect_peer(instance.port) as reader:
        await non_reading_peer.open(token)
        await reader.open(token)
        await send_pings(non_reading_peer, 2**24)
        await wait_for_metric(instance, "convene_connections", 1)
        assert (await read_metrics(instance))['convene_connections_closed_total{code="4002"}'] == 1
        assert (await reader.request("ping"))["type"] == "ok"
    await non_reading_peer.close()


async def test_mailbox_overflow_closes_the_connection(
    start_instance: StartInstance, people: RegisteredUsers
) -> None:
    """4004 with a retry time: frames waiting for the authentication are bounded."""
    instance = await start_instance(mailbox_messages=20)
    token = (await people.shared(1, instance))[0].token
    async with connect_peer(instance.port) as early_peer:
        await early_peer.open()
        early_peer.send({"type": "authenticate", "id": 1, "token": token})
        for number in range(2, 100):
            early_peer.send({"type": "ping", "id": number})
        ending = await early_peer.read_until_closed()
        assert ending.code == 4004
        assert ending.goodbye is not None
        assert ending.goodbye["resume"] is True
        assert ending.goodbye["retry_after_ms"] > 0


async def test_bytes_that_wait_for_the_session_are_limited(
    start_instance: StartInstance, people: RegisteredUsers, monkeypatch: pytest.MonkeyPatch
) -> None:
    """4004 with a retry time: few large frames are bounded as many small ones are."""
    monkeypatch.setattr("server.websocket.connection.PENDING_BYTES_MAX", 5000)
    instance = await start_instance(frames_unauthenticated=100)
    token = (await people.shared(1, instance))[0].token
    async with connect_peer(instance.port) as early_peer:
        await early_peer.open()
        authenticate = {"type": "authenticate", "id": 1, "token": token}
        pings = [{"type": "ping", "id": number, "fill": "x" * 1000} for number in range(2, 12)]
        early_peer.write(*(frames.text(msgspec.json.encode(one)) for one in (authenticate, *pings)))
        ending = await early_peer.read_until_closed()
        assert ending.code == 4004
        assert ending.goodbye is not None
        assert ending.goodbye["reason"] == "too many pending bytes"
        assert ending.goodbye["retry_after_ms"] > 0


async def test_message_rate_is_limited(start_instance: StartInstance, people: RegisteredUsers) -> None:
    """`rate.limited` with a retry time; the connection stays open and a later message succeeds."""
    instance = await start_instance(messages_per_s=2, messages_burst=3, frames_burst=1_000_000)
    one, other = await people.shared(2, instance)
    async with ApiClient(instance) as api:
        group = (await api.group(one, other))["id"]
    async with connect_peer(instance.port) as sender:
        await sender.open(one.token)

        async def send(connected: Peer, number: int) -> dict[str, object]:
            reply: dict[str, object] = await connected.request(
                "message.send", conversation_id=group, client_id=f"c{number}", content=f"number {number}"
            )
            return reply

        number = 0
        async with asyncio.timeout(30):
            while (refused := await send(sender, number))["type"] == "ok":
                number += 1
        assert number >= 3
        assert refused["code"] == "rate.limited"
        assert refused["retry"] is True
        assert isinstance(refused["retry_after_ms"], int)
        assert 0 < refused["retry_after_ms"] <= 500
        assert (await sender.request("ping"))["type"] == "ok"
        async with asyncio.timeout(30):
            while (again := await send(sender, number))["type"] != "ok":
                assert again["code"] == "rate.limited"
        result = again["result"]
        assert isinstance(result, dict)
        assert result["seq"] == number + 1
        assert result["duplicate"] is False
