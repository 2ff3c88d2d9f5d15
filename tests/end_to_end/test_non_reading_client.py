"""Clients that stop reading in a busy room."""

import asyncio
import base64
import os
import socket
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any
from urllib.parse import urlsplit

import msgspec

from actors.protocol.commands import Authenticate
from server.websocket.framing import TEXT
from tests.end_to_end.chat_user import ChatUser
from tests.end_to_end.conftest import StartInstance
from tests.end_to_end.oracle import Oracle
from tests.end_to_end.polling import wait_until
from tests.end_to_end.registered_user import RegisteredUser
from tests.end_to_end.server_process import ServerProcess

LONG_TEXT = "x" * 3900
MESSAGES_PER_ROUND = 40
ROUNDS_MAX = 200
SEGMENT_BYTES = 536
"""The kernel buffers a number of segments before the server has to queue anything. Those of the loopback
interface are so large that they would hold megabytes."""

SEND_QUEUE_BYTES_MAX = 256 * 1024 + 128 * 1024
GROWTH_BYTES_MAX = 48 * 1024 * 1024
"""Allowed memory growth. An unbounded queue would hold all messages, many times."""

TOO_SLOW = 'convene_connections_closed_total{code="4002"}'
SHED = "convene_frames_shed_total"
UNLIMITED = {"messages_per_s": 10_000, "messages_burst": 10_000}


async def test_non_reading_client_does_not_slow_others(start_instance: StartInstance) -> None:
    """Other clients keep their latency; the queue of the silent one is bounded, and 4002 closes it."""
    instance = await start_instance(**UNLIMITED, write_timeout_ms=6000)
    group, users, silent = await group_with_silent_member(instance)
    oracle = Oracle(group)
    async with AsyncExitStack() as stack:
        chat_users = [await stack.enter_async_context(ChatUser(user, oracle, [instance])) for user in users]
        baseline_s = max([await send_rounds(chat_users, oracle) for _ in range(5)])
        before = await instance.metrics()
        measured_s, queued_bytes, rounds = 0.0, 0.0, 0
        async with non_reading_socket(instance, silent.token):
            metrics = await instance.metrics()
            assert metrics["convene_sessions"] == len(users) + 1
            while metrics.get(TOO_SLOW, 0) == 0:
                assert rounds < ROUNDS_MAX, "the client was not closed"
                measured_s = max(measured_s, await send_rounds(chat_users, oracle))
                metrics = await instance.metrics()
                queued_bytes = max(queued_bytes, metrics["convene_send_queue_bytes"])
                rounds += 1

        # That frames were shed shows that the queue was full, even if no reading of the metrics met it so.
        assert metrics[SHED] > 0
        assert queued_bytes <= SEND_QUEUE_BYTES_MAX
        assert metrics["convene_send_queue_bytes"] == 0
        assert (
            metrics["process_resident_memory_bytes"] - before["process_resident_memory_bytes"]
            < GROWTH_BYTES_MAX
        )
        assert measured_s < max(5 * baseline_s, 0.25)
        assert [chat_user.unannounced_gaps for chat_user in chat_users] == [0, 0, 0]
    oracle.check(await silent.read_history(instance, oracle.conversation_id))


async def test_non_reading_client_in_a_quiet_room_is_closed(start_instance: StartInstance) -> None:
    """A small queue that does not grow is ended by the write timeout."""
    instance = await start_instance(**UNLIMITED, write_timeout_ms=1500)
    group, users, silent = await group_with_silent_member(instance)
    oracle = Oracle(group)
    async with (
        ChatUser(users[0], oracle, [instance]) as chat_user,
        non_reading_socket(instance, silent.token),
    ):
        metrics = await instance.metrics()
        # On a slow machine it may be closed before the queue is seen.
        while metrics["convene_send_queue_bytes"] == 0 and metrics.get(TOO_SLOW, 0) == 0:
            await send_rounds([chat_user], oracle)
            metrics = await instance.metrics()
        deadline = time.monotonic() + 10
        while metrics.get(TOO_SLOW, 0) == 0:
            assert time.monotonic() < deadline, "the client was not closed"
            metrics = await instance.metrics()
        assert metrics.get(SHED, 0) == 0
        assert metrics["convene_send_queue_bytes"] == 0
        await chat_user.client.ping()


async def test_slow_client_gets_lagged_ranges(start_instance: StartInstance) -> None:
    """A client that reads again gets frames in order, and `lagged` for skipped ranges that it can fetch."""
    instance = await start_instance(**UNLIMITED, write_timeout_ms=60_000)
    group, users, slow = await group_with_silent_member(instance)
    oracle = Oracle(group)
    async with (
        ChatUser(users[0], oracle, [instance]) as chat_user,
        non_reading_socket(instance, slow.token) as phone,
    ):
        while (await instance.metrics()).get(SHED, 0) < MESSAGES_PER_ROUND:
            await send_rounds([chat_user], oracle)
        head = (await slow.conversation(instance, group)).last_seq
        lagged, last_seq = [], 0
        while last_seq < head:
            frame = await phone.next_object()
            if frame["type"] == "lagged":
                assert (frame["conversation_id"], frame["from_seq"]) == (group, last_seq + 1)
                lagged.append(frame)
                last_seq = frame["to_seq"]
            elif frame["type"] in {"message.created", "conversation.updated"}:
                assert last_seq in {0, frame["seq"] - 1}
                last_seq = frame["seq"]
        assert lagged
        async with slow.http(instance) as http:
            missed = await http.changes(group, lagged[0]["from_seq"] - 1, limit=100)
        assert missed.items[0].seq == lagged[0]["from_seq"]
        live = await chat_user.send("and on")
        while (frame := await phone.next_object())["type"] != "message.created":
            pass
        assert frame["seq"] == live.seq
        assert (await instance.metrics()).get(TOO_SLOW, 0) == 0


class FrameReader:
    """Reads frames from a raw socket."""

    def __init__(self, raw_socket: socket.socket, read: bytes) -> None:
        self._raw = raw_socket
        self._buffer = read

    async def next_object(self) -> dict[str, Any]:
        """Return the next JSON object, skipping control frames."""
        while True:
            opcode, payload = await self._read_frame()
            if opcode == TEXT:
                decoded: dict[str, Any] = msgspec.json.decode(payload)
                return decoded

    async def _read_frame(self) -> tuple[int, bytes]:
        first, size = await self._read_bytes(2)
        if size >= 126:
            size = int.from_bytes(await self._read_bytes(2 if size == 126 else 8), "big")
        return first & 0x0F, await self._read_bytes(size)

    async def _read_bytes(self, size: int) -> bytes:
        async with asyncio.timeout(10):
            while len(self._buffer) < size:
                chunk = await asyncio.get_running_loop().sock_recv(self._raw, 65536)
                assert chunk, "the socket was closed"
                self._buffer += chunk
        data, self._buffer = self._buffer[:size], self._buffer[size:]
        return data


async def send_rounds(chat_users: Sequence[ChatUser], oracle: Oracle) -> float:
    """Send one round from every user and return the 95th percentile of the acknowledgement latency."""
    times: list[float] = []

    async def talk(chat_user: ChatUser) -> None:
        for _ in range(MESSAGES_PER_ROUND):
            started_at = time.perf_counter()
            await chat_user.send(LONG_TEXT)
            times.append(time.perf_counter() - started_at)

    await asyncio.gather(*(talk(chat_user) for chat_user in chat_users))
    await wait_until(lambda: oracle.all_received(oracle.acknowledged))
    return sorted(times)[len(times) * 19 // 20]


async def group_with_silent_member(
    instance: ServerProcess,
) -> tuple[str, list[RegisteredUser], RegisteredUser]:
    """Create a group of three users and a fourth member who will not read."""
    users = [await RegisteredUser.register(f"p{number}", instance) for number in range(3)]
    silent = await RegisteredUser.register("silent", instance)
    group = await users[0].create_group(instance, [*users[1:], silent])
    return group, users, silent


@asynccontextmanager
async def non_reading_socket(instance: ServerProcess, token: str) -> AsyncIterator["FrameReader"]:
    """Open a raw websocket with a small receive window that authenticates and then does not read."""
    address = urlsplit(instance.url)
    loop = asyncio.get_running_loop()
    with socket.socket() as raw_socket:
        raw_socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        raw_socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, SEGMENT_BYTES)
        raw_socket.setblocking(False)
        await loop.sock_connect(raw_socket, (address.hostname, address.port))
        key = base64.b64encode(os.urandom(16)).decode()
        lines = (
            "GET /v1/ws HTTP/1.1",
            f"Host: {address.netloc}",
            "Upgrade: websocket",
            "Connection: Upgrade",
            "Sec-WebSocket-Version: 13",
            f"Sec-WebSocket-Key: {key}",
            "",
            "",
        )
        await loop.sock_sendall(raw_socket, "\r\n".join(lines).encode())
        await loop.sock_sendall(raw_socket, masked_text_frame(msgspec.json.encode(Authenticate(1, token))))
        received = b""
        async with asyncio.timeout(10):
            while b'"type":"ready"' not in received:
                received += await loop.sock_recv(raw_socket, 512)
        yield FrameReader(raw_socket, received.partition(b"\r\n\r\n")[2])


def masked_text_frame(text: bytes) -> bytes:
    """Encode a masked text frame of at most 65,535 bytes."""
    mask = os.urandom(4)
    body = bytes(byte ^ mask[position % 4] for position, byte in enumerate(text))
    return b"\x81\xfe" + len(text).to_bytes(2, "big") + mask + body
