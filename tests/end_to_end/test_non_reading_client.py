"""Clients that come in and then read nothing, or nothing for a while, in a room where much is said."""

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
ROUNDS_MAX = 40
"""The kernel takes some megabytes for the deaf one before the server has to hold anything."""

SEND_QUEUE_BYTES_MAX = 256 * 1024 + 128 * 1024
GROWTH_BYTES_MAX = 48 * 1024 * 1024
"""What the room may cost while one is deaf. Without a bound it would be all that was said, many times."""

TOO_SLOW = 'convene_connections_closed_total{code="4002"}'
SHED = "convene_frames_shed_total"
UNLIMITED = {"messages_per_s": 10_000, "messages_burst": 10_000}


async def test_non_reading_client_does_not_slow_others(start_instance: StartInstance) -> None:
    """The others are as quick as without it; what waits for it is bounded; in time it is closed."""
    at = await start_instance(**UNLIMITED, write_timeout_ms=3000)
    group, people, deaf = await group_with_silent_member(at)
    oracle = Oracle(group)
    async with AsyncExitStack() as stack:
        talkers = [await stack.enter_async_context(ChatUser(person, oracle, [at])) for person in people]
        alone_s = max([await send_rounds(talkers, oracle) for _ in range(5)])
        before = await at.metrics()
        beside_s, held_bytes, rounds = 0.0, 0.0, 0
        async with non_reading_socket(at, deaf.token):
            now = await at.metrics()
            assert now["convene_sessions"] == len(people) + 1
            while now.get(TOO_SLOW, 0) == 0:
                assert rounds < ROUNDS_MAX, "the deaf client was not closed"
                beside_s = max(beside_s, await send_rounds(talkers, oracle))
                now = await at.metrics()
                held_bytes = max(held_bytes, now["convene_send_queue_bytes"])
                rounds += 1

        assert 0 < held_bytes <= SEND_QUEUE_BYTES_MAX
        assert now[SHED] > 0
        assert now["convene_send_queue_bytes"] == 0
        assert (
            now["process_resident_memory_bytes"] - before["process_resident_memory_bytes"] < GROWTH_BYTES_MAX
        )
        assert beside_s < max(5 * alone_s, 0.25)
        assert [talker.unannounced_gaps for talker in talkers] == [0, 0, 0]
    oracle.check(await deaf.read_history(at, oracle.conversation_id))


async def test_non_reading_client_in_a_quiet_room_is_closed(start_instance: StartInstance) -> None:
    """What waits is little, and grows no more: the write timeout ends it."""
    at = await start_instance(**UNLIMITED, write_timeout_ms=1500)
    group, people, deaf = await group_with_silent_member(at)
    oracle = Oracle(group)
    async with ChatUser(people[0], oracle, [at]) as talker, non_reading_socket(at, deaf.token):
        now = await at.metrics()
        while now["convene_send_queue_bytes"] == 0:
            await send_rounds([talker], oracle)
            now = await at.metrics()
        end = time.monotonic() + 10
        while now.get(TOO_SLOW, 0) == 0:
            assert time.monotonic() < end, "the deaf client was not closed"
            now = await at.metrics()
        assert now["convene_send_queue_bytes"] == 0
        await talker.client.ping()


async def test_slow_client_gets_lagged_ranges(start_instance: StartInstance) -> None:
    """It reads on after a while: what came is in order, what did not is named, and is there to be fetched."""
    at = await start_instance(**UNLIMITED, write_timeout_ms=60_000)
    group, people, slow = await group_with_silent_member(at)
    oracle = Oracle(group)
    async with ChatUser(people[0], oracle, [at]) as talker, non_reading_socket(at, slow.token) as phone:
        while (await at.metrics()).get(SHED, 0) < MESSAGES_PER_ROUND:
            await send_rounds([talker], oracle)
        head = (await slow.conversation(at, group)).last_seq
        told, known = [], 0
        while known < head:
            frame = await phone.next_object()
            if frame["type"] == "lagged":
                assert (frame["conversation_id"], frame["from_seq"]) == (group, known + 1)
                told.append(frame)
                known = frame["to_seq"]
            elif frame["type"] in {"message.created", "conversation.updated"}:
                assert known in {0, frame["seq"] - 1}
                known = frame["seq"]
        assert told
        async with slow.http(at) as http:
            missed = await http.changes(group, told[0]["from_seq"] - 1, limit=100)
        assert missed.items[0].seq == told[0]["from_seq"]
        live = await talker.send("and on")
        while (frame := await phone.next_object())["type"] != "message.created":
            pass
        assert frame["seq"] == live.seq
        assert (await at.metrics()).get(TOO_SLOW, 0) == 0


class FrameReader:
    """What a socket by hand is told, frame by frame."""

    def __init__(self, raw: socket.socket, read: bytes) -> None:
        self._raw = raw
        self._buffer = read

    async def next_object(self) -> dict[str, Any]:
        """The next object; control frames are passed over."""
        while True:
            opcode, payload = await self._read_frame()
            if opcode == TEXT:
                found: dict[str, Any] = msgspec.json.decode(payload)
                return found

    async def _read_frame(self) -> tuple[int, bytes]:
        first, size = await self._read_bytes(2)
        if size >= 126:
            size = int.from_bytes(await self._read_bytes(2 if size == 126 else 8), "big")
        return first & 0x0F, await self._read_bytes(size)

    async def _read_bytes(self, size: int) -> bytes:
        async with asyncio.timeout(10):
            while len(self._buffer) < size:
                more = await asyncio.get_running_loop().sock_recv(self._raw, 65536)
                assert more, "the socket was closed"
                self._buffer += more
        taken, self._buffer = self._buffer[:size], self._buffer[size:]
        return taken


async def send_rounds(talkers: Sequence[ChatUser], oracle: Oracle) -> float:
    """Each says one thing after another; answers how long the acknowledgements took, but for a twentieth."""
    times: list[float] = []

    async def talk(talker: ChatUser) -> None:
        for _ in range(MESSAGES_PER_ROUND):
            began = time.perf_counter()
            await talker.send(LONG_TEXT)
            times.append(time.perf_counter() - began)

    await asyncio.gather(*(talk(talker) for talker in talkers))
    await wait_until(lambda: oracle.all_received(oracle.acknowledged))
    return sorted(times)[len(times) * 19 // 20]


async def group_with_silent_member(
    instance: ServerProcess,
) -> tuple[str, list[RegisteredUser], RegisteredUser]:
    """A group of three people, and a fourth in it who is to be deaf."""
    people = [await RegisteredUser.register(f"p{number}", instance) for number in range(3)]
    deaf = await RegisteredUser.register("deaf", instance)
    group = await people[0].create_group(instance, [*people[1:], deaf])
    return group, people, deaf


@asynccontextmanager
async def non_reading_socket(instance: ServerProcess, token: str) -> AsyncIterator["FrameReader"]:
    """A websocket by hand, with a small window: it authenticates, and then does not read."""
    address = urlsplit(instance.url)
    loop = asyncio.get_running_loop()
    with socket.socket() as raw:
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        raw.setblocking(False)
        await loop.sock_connect(raw, (address.hostname, address.port))
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
        await loop.sock_sendall(raw, "\r\n".join(lines).encode())
        await loop.sock_sendall(raw, masked_text_frame(msgspec.json.encode(Authenticate(1, token))))
        said = b""
        async with asyncio.timeout(10):
            while b'"type":"ready"' not in said:
                said += await loop.sock_recv(raw, 512)
        yield FrameReader(raw, said.partition(b"\r\n\r\n")[2])


def masked_text_frame(text: bytes) -> bytes:
    """A client's text frame of up to 65,535 bytes."""
    mask = os.urandom(4)
    body = bytes(byte ^ mask[position % 4] for position, byte in enumerate(text))
    return b"\x81\xfe" + len(text).to_bytes(2, "big") + mask + body
