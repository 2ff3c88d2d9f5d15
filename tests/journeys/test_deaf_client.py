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
from tests.journeys.conftest import MoreInstances
from tests.journeys.instance import Instance
from tests.journeys.oracle import Oracle
from tests.journeys.patience import eventually
from tests.journeys.person import Person
from tests.journeys.talker import Talker

LONG_TEXT = "x" * 3900
ROUND = 40
ROUNDS_MAX = 40
"""The kernel takes some megabytes for the deaf one before the server has to hold anything."""

OUTBOX_BYTES = 256 * 1024 + 128 * 1024
GROWTH_BYTES = 48 * 1024 * 1024
"""What the room may cost while one is deaf. Without a bound it would be all that was said, many times."""

TOO_SLOW = 'convene_connections_closed_total{code="4002"}'
SHED = "convene_frames_shed_total"
UNLIMITED = {"messages_per_s": 10_000, "messages_burst": 10_000}


async def test_a_deaf_client_harms_nobody(instance: MoreInstances) -> None:
    """The others are as quick as without it; what waits for it is bounded; in time it is closed."""
    at = await instance(**UNLIMITED, write_timeout_ms=3000)
    group, people, deaf = await room_of_three(at)
    oracle = Oracle(group)
    async with AsyncExitStack() as stack:
        talkers = [await stack.enter_async_context(Talker(person, oracle, [at])) for person in people]
        alone_s = max([await busy(talkers, oracle) for _ in range(5)])
        before = await at.metrics()
        beside_s, held_bytes, rounds = 0.0, 0.0, 0
        async with deaf_socket(at, deaf.token):
            now = await at.metrics()
            assert now["convene_sessions"] == len(people) + 1
            while now.get(TOO_SLOW, 0) == 0:
                assert rounds < ROUNDS_MAX, "the deaf client was not closed"
                beside_s = max(beside_s, await busy(talkers, oracle))
                now = await at.metrics()
                held_bytes = max(held_bytes, now["convene_send_queue_bytes"])
                rounds += 1

        assert 0 < held_bytes <= OUTBOX_BYTES
        assert now[SHED] > 0
        assert now["convene_send_queue_bytes"] == 0
        assert now["process_resident_memory_bytes"] - before["process_resident_memory_bytes"] < GROWTH_BYTES
        assert beside_s < max(5 * alone_s, 0.25)
        assert [talker.silent_gaps for talker in talkers] == [0, 0, 0]
    oracle.check(await deaf.log(at, oracle.conversation_id))


async def test_a_deaf_client_in_a_room_gone_quiet_is_closed_in_time(instance: MoreInstances) -> None:
    """What waits is little, and grows no more: the write timeout ends it."""
    at = await instance(**UNLIMITED, write_timeout_ms=1500)
    group, people, deaf = await room_of_three(at)
    oracle = Oracle(group)
    async with Talker(people[0], oracle, [at]) as talker, deaf_socket(at, deaf.token):
        now = await at.metrics()
        while now["convene_send_queue_bytes"] == 0:
            await busy([talker], oracle)
            now = await at.metrics()
        end = time.monotonic() + 10
        while now.get(TOO_SLOW, 0) == 0:
            assert time.monotonic() < end, "the deaf client was not closed"
            now = await at.metrics()
        assert now["convene_send_queue_bytes"] == 0
        await talker.client.ping()


async def test_a_slow_phone_is_told_what_it_was_spared(instance: MoreInstances) -> None:
    """It reads on after a while: what came is in order, what did not is named, and is there to be fetched."""
    at = await instance(**UNLIMITED, write_timeout_ms=60_000)
    group, people, slow = await room_of_three(at)
    oracle = Oracle(group)
    async with Talker(people[0], oracle, [at]) as talker, deaf_socket(at, slow.token) as phone:
        while (await at.metrics()).get(SHED, 0) < ROUND:
            await busy([talker], oracle)
        head = (await slow.conversation(at, group)).last_seq
        told, known = [], 0
        while known < head:
            frame = await phone.next()
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
        live = await talker.say("and on")
        while (frame := await phone.next())["type"] != "message.created":
            pass
        assert frame["seq"] == live.seq
        assert (await at.metrics()).get(TOO_SLOW, 0) == 0


class Reader:
    """What a socket by hand is told, frame by frame."""

    def __init__(self, raw: socket.socket, read: bytes) -> None:
        self._raw = raw
        self._read = read

    async def next(self) -> dict[str, Any]:
        """The next object; control frames are passed over."""
        while True:
            opcode, payload = await self._frame()
            if opcode == TEXT:
                found: dict[str, Any] = msgspec.json.decode(payload)
                return found

    async def _frame(self) -> tuple[int, bytes]:
        first, size = await self._take(2)
        if size >= 126:
            size = int.from_bytes(await self._take(2 if size == 126 else 8), "big")
        return first & 0x0F, await self._take(size)

    async def _take(self, size: int) -> bytes:
        async with asyncio.timeout(10):
            while len(self._read) < size:
                more = await asyncio.get_running_loop().sock_recv(self._raw, 65536)
                assert more, "the socket was closed"
                self._read += more
        taken, self._read = self._read[:size], self._read[size:]
        return taken


async def busy(talkers: Sequence[Talker], oracle: Oracle) -> float:
    """Each says one thing after another; answers how long the acknowledgements took, but for a twentieth."""
    times: list[float] = []

    async def talk(talker: Talker) -> None:
        for _ in range(ROUND):
            began = time.perf_counter()
            await talker.say(LONG_TEXT)
            times.append(time.perf_counter() - began)

    await asyncio.gather(*(talk(talker) for talker in talkers))
    await eventually(lambda: oracle.all_saw(oracle.acknowledged))
    return sorted(times)[len(times) * 19 // 20]


async def room_of_three(at: Instance) -> tuple[str, list[Person], Person]:
    """A group of three people, and a fourth in it who is to be deaf."""
    people = [await Person.register(f"p{number}", at) for number in range(3)]
    deaf = await Person.register("deaf", at)
    group = await people[0].group(at, [*people[1:], deaf])
    return group, people, deaf


@asynccontextmanager
async def deaf_socket(at: Instance, token: str) -> AsyncIterator["Reader"]:
    """A websocket by hand, with a small window: it authenticates, and then does not read."""
    address = urlsplit(at.url)
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
        await loop.sock_sendall(raw, masked(msgspec.json.encode(Authenticate(1, token))))
        said = b""
        async with asyncio.timeout(10):
            while b'"type":"ready"' not in said:
                said += await loop.sock_recv(raw, 512)
        yield Reader(raw, said.partition(b"\r\n\r\n")[2])


def masked(text: bytes) -> bytes:
    """A client's text frame of up to 65,535 bytes."""
    mask = os.urandom(4)
    body = bytes(byte ^ mask[position % 4] for position, byte in enumerate(text))
    return b"\x81\xfe" + len(text).to_bytes(2, "big") + mask + body
