"""A client that comes in and then reads nothing, in a room where much is said."""

import asyncio
import base64
import os
import socket
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

import msgspec

from actors.wire.commands import Authenticate
from tests.journeys.conftest import MoreInstances
from tests.journeys.instance import Instance
from tests.journeys.oracle import Oracle
from tests.journeys.patience import eventually
from tests.journeys.person import Person
from tests.journeys.talker import Talker

MESSAGES = 150
LONG_TEXT = "x" * 3900
ROUNDS_MAX = 8
"""The kernel takes some megabytes for the deaf one before the server has to hold anything."""

OUTBOX_BYTES = 1024 * 1024 + 64 * 1024
GROWTH_BYTES = 48 * 1024 * 1024
"""What the room may cost while one is deaf. Without a bound it would be all that was said, many times."""


async def test_a_deaf_client_harms_nobody(instance: MoreInstances) -> None:
    """The others are as quick as without it, it is closed as too slow, and what waited for it is let go."""
    at = await instance(write_timeout_ms=4000, messages_per_s=10_000, messages_burst=10_000)
    people = [await Person.register(f"p{number}", at) for number in range(3)]
    deaf = await Person.register("deaf", at)
    group = await people[0].group(at, [*people[1:], deaf])
    oracle = Oracle(group)
    async with (
        Talker(people[0], oracle, [at]) as one,
        Talker(people[1], oracle, [at]) as two,
        Talker(people[2], oracle, [at]) as three,
    ):
        talkers = (one, two, three)
        alone_s = await busy(talkers, oracle)
        before = await at.metrics()
        async with deaf_socket(at, deaf.token):
            beside_s = await busy(talkers, oracle)
            during = await at.metrics()
            for _ in range(ROUNDS_MAX):
                if during["convene_outbox_bytes"]:
                    break
                beside_s = max(beside_s, await busy(talkers, oracle))
                during = await at.metrics()
            await closed_as_too_slow(at)
        after = await at.metrics()

        assert before["convene_sessions"] == 3
        assert during["convene_sessions"] == 4
        assert 0 < during["convene_outbox_bytes"] <= OUTBOX_BYTES
        assert after["process_resident_memory_bytes"] - before["process_resident_memory_bytes"] < GROWTH_BYTES
        assert after["convene_outbox_bytes"] == 0
        assert beside_s < max(4 * alone_s, 0.25)
        assert [talker.silent_gaps for talker in talkers] == [0, 0, 0]
    oracle.check(await deaf.log(at, group))


async def busy(talkers: tuple[Talker, ...], oracle: Oracle) -> float:
    """Much is said; answers the time in which all but the slowest twentieth were acknowledged."""
    times: list[float] = []

    async def talk(talker: Talker) -> None:
        for _ in range(MESSAGES):
            began = time.perf_counter()
            await talker.say(LONG_TEXT)
            times.append(time.perf_counter() - began)

    await asyncio.gather(*(talk(talker) for talker in talkers))
    await eventually(lambda: oracle.all_saw(oracle.acknowledged))
    return sorted(times)[len(times) * 19 // 20]


async def closed_as_too_slow(at: Instance) -> None:
    closes = 0.0
    end = time.monotonic() + 20
    while not closes:
        assert time.monotonic() < end, "the deaf client was not closed"
        closes = (await at.metrics()).get('convene_closes_total{code="4002"}', 0.0)


@asynccontextmanager
async def deaf_socket(at: Instance, token: str) -> AsyncIterator[None]:
    """A websocket by hand, with a small window: it authenticates, and then never reads again."""
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
        yield


def masked(text: bytes) -> bytes:
    """A client's text frame of up to 65,535 bytes."""
    mask = os.urandom(4)
    body = bytes(byte ^ mask[position % 4] for position, byte in enumerate(text))
    return b"\x81\xfe" + len(text).to_bytes(2, "big") + mask + body
