"""Limits on connections, and what happens to clients that exceed them."""

import asyncio
import contextlib
import re
import socket

import aiohttp
import pytest

from server.instance import Instance
from server.websocket.heartbeat import STEPS_PER_PERIOD
from tests.server.api_client import ApiClient
from tests.server.conftest import StartInstance
from tests.server.registered_users import RegisteredUsers
from tests.server.websocket import frames
from tests.server.websocket.peer import (
    HttpResponse,
    Peer,
    connect_peer,
    http_request,
    upgrade_headers,
)

pytestmark = pytest.mark.asyncio(loop_factories=["uvloop"])


async def upgrade(connected: Peer, token: str | None = None) -> HttpResponse:
    connected.write(http_request("/v1/ws", upgrade_headers(token=token)))
    return await connected.read_http_response()


async def connect_until_refused(
    stack: contextlib.AsyncExitStack, instance: Instance, token: str | None = None
) -> tuple[list[Peer], Peer, HttpResponse]:
    """Open sockets until one is refused. Return the open ones, the refused one and its response.

    However slow the machine is: a limit refills while the test waits.
    """
    opened: list[Peer] = []
    async with asyncio.timeout(30):
        while True:
            connected = await stack.enter_async_context(connect_peer(instance.port))
            answer = await upgrade(connected, token)
            if answer.status != 101:
                return opened, connected, answer
            opened.append(connected)


async def upgrade_until_accepted(refused: Peer, answer: HttpResponse, token: str) -> None:
    """Repeat an upgrade that was refused with this answer. It succeeds soon after the time that it names."""
    async with asyncio.timeout(answer.json["retry_after_ms"] / 1000 + 30):
        while (await upgrade(refused, token)).status != 101:
            pass


def assert_overloaded(answer: HttpResponse) -> None:
    assert answer.status == 503
    assert answer.json["code"] == "server.overloaded"
    assert answer.json["retry_after_ms"] > 0
    assert int(answer.headers["retry-after"]) >= 1


async def read_metrics(instance: Instance) -> dict[str, float]:
    """Return the server's metrics by full name."""
    url = f"http://127.0.0.1:{instance.port}/metrics"
    async with aiohttp.ClientSession() as session, session.get(url) as answer:
        metrics = re.findall(r"^(convene_\S+) (\S+)$", await answer.text(), re.MULTILINE)
    return {name: float(value) for name, value in metrics}


async def wait_for_metric(instance: Instance, name: str, value: float) -> None:
    """Wait until a metric has a value."""
    async with asyncio.timeout(10):
        while (await read_metrics(instance)).get(name) != value:
            pass


@pytest.mark.parametrize("limit", ["sockets_unauthenticated", "sockets_unauthenticated_per_address"])
async def test_a_valid_token_needs_no_unauthenticated_slot(
    start_instance: StartInstance, people: RegisteredUsers, limit: str
) -> None:
    """One address that takes all slots keeps out neither users with a bearer header nor itself with one."""
    instance = await start_instance(**{limit: 1})
    token = (await people.shared(1, instance))[0].token
    async with (
        connect_peer(instance.port) as silent,
        connect_peer(instance.port) as unknown,
        connect_peer(instance.port) as known,
    ):
        await silent.open()
        assert_overloaded(await upgrade(unknown))
        await known.open(token)
        assert (await known.request("ping"))["type"] == "ok"


async def test_unauthenticated_connections_are_limited(
    start_instance: StartInstance, people: RegisteredUsers
) -> None:
    """Over the limit it is 503; authentication or closing frees a place."""
    instance = await start_instance(sockets_unauthenticated=2)
    token = (await people.shared(1, instance))[0].token
    async with (
        connect_peer(instance.port) as first,
        connect_peer(instance.port) as second,
        connect_peer(instance.port) as third,
    ):
        await first.open()
        await second.open()
        assert_overloaded(await upgrade(third))
        assert (await first.request("authenticate", token=token))["type"] == "ready"
        assert (await upgrade(third)).status == 101
        async with connect_peer(instance.port) as fourth:
            assert_overloaded(await upgrade(fourth))
            await second.close()
            await wait_for_metric(instance, "convene_connections_unauthenticated", 1)
            assert (await upgrade(fourth)).status == 101


async def test_rate_of_new_connections_is_limited(
    start_instance: StartInstance, people: RegisteredUsers
) -> None:
    """Over the rate it is 503 with a retry time; open connections are unaffected."""
    instance = await start_instance(sockets_new_per_s=2)
    token = (await people.shared(1, instance))[0].token
    async with contextlib.AsyncExitStack() as stack:
        opened, refused, answer = await connect_until_refused(stack, instance, token)
        assert len(opened) >= 2
        assert_overloaded(answer)
        assert (await opened[0].request("ping"))["type"] == "ok"
        await upgrade_until_accepted(refused, answer, token)


async def test_unauthenticated_clients_do_not_use_up_the_rate_of_users(
    start_instance: StartInstance, people: RegisteredUsers
) -> None:
    """New connections without a token, from any number of addresses, delay none with one."""
    instance = await start_instance(sockets_new_per_s=1)
    token = (await people.shared(1, instance))[0].token
    async with contextlib.AsyncExitStack() as stack, connect_peer(instance.port) as known:
        await connect_until_refused(stack, instance)
        assert (await upgrade(known, token)).status == 101


async def test_rate_of_new_connections_per_address_is_limited(
    start_instance: StartInstance, people: RegisteredUsers
) -> None:
    """429 with a retry time, before the limits shared by all addresses are used."""
    instance = await start_instance(sockets_new_per_address_per_s=2.0, sockets_new_per_address_burst=2)
    token = (await people.shared(1, instance))[0].token
    async with contextlib.AsyncExitStack() as stack:
        opened, refused, answer = await connect_until_refused(stack, instance, token)
        assert len(opened) >= 2
        assert answer.status == 429
        assert answer.json["code"] == "rate.limited"
        assert int(answer.headers["retry-after"]) >= 1
        assert (await read_metrics(instance))["convene_connections_rejected_total"] == 0
        await upgrade_until_accepted(refused, answer, token)


async def test_authentication_timeout(start_instance: StartInstance, people: RegisteredUsers) -> None:
    """4506, which must not be resumed; sending frames does not extend it."""
    instance = await start_instance(auth_timeout_ms=200)
    token = (await people.shared(1, instance))[0].token
    async with (
        connect_peer(instance.port) as silent,
        connect_peer(instance.port) as active_peer,
        connect_peer(instance.port) as known,
    ):
        await known.open(token)
        await silent.open()
        await active_peer.open()
        assert (await active_peer.request("ping"))["code"] == "auth.required"
        for connected in (silent, active_peer):
            ending = await connected.read_until_closed()
            assert ending.code == 4506
            assert ending.goodbye is not None
            assert ending.goodbye["code"] == 4506
            assert ending.goodbye["resume"] is False
        assert (await known.request("ping"))["type"] == "ok"


async def test_connections_per_user_are_limited(
    start_instance: StartInstance, people: RegisteredUsers
) -> None:
    """The one over the limit is closed with 4505; the others stay; closing one frees a place."""
    instance = await start_instance(sockets_per_user=2)
    one, other = await people.shared(2, instance)
    async with (
        connect_peer(instance.port) as first,
        connect_peer(instance.port) as second,
        connect_peer(instance.port) as third,
        connect_peer(instance.port) as fourth,
        connect_peer(instance.port) as elsewhere,
    ):
        await first.open(one.token)
        await second.open(one.token)
        await third.upgrade(one.token)
        await fourth.open()
        fourth.send({"type": "authenticate", "id": 1, "token": one.token})
        for connected in (third, fourth):
            ending = await connected.read_until_closed()
            assert ending.code == 4505
            assert ending.goodbye is not None
            assert ending.goodbye["resume"] is False
            assert "ready" not in [message["type"] for message in ending.messages]
        await elsewhere.open(other.token)
        assert (await first.request("ping"))["type"] == "ok"
        second.write(frames.close(1000))
        await second.read_until_closed()
        async with connect_peer(instance.port) as fifth:
            await fifth.open(one.token)


async def test_silent_connection_is_closed(start_instance: StartInstance, people: RegisteredUsers) -> None:
    """4003 after two heartbeats without input, resumable; a pong counts as input."""
    instance = await start_instance(heartbeat_ms=1000)
    token = (await people.shared(1, instance))[0].token
    async with connect_peer(instance.port) as silent, connect_peer(instance.port) as alive:
        await silent.open(token)
        await alive.open(token)

        async def answer_pings() -> None:
            while True:
                frame = await alive.read_frame()
                assert frame.opcode == frames.PING
                alive.write(frames.pong(frame.payload))

        async with asyncio.TaskGroup() as tasks:
            answering = tasks.create_task(answer_pings())
            ending = await silent.read_until_closed()
            answering.cancel()
        assert ending.code == 4003
        assert ending.goodbye is not None
        assert ending.goodbye["resume"] is True
        assert (await alive.request("ping"))["type"] == "ok"


async def test_silent_connection_is_closed_after_two_periods(
    start_instance: StartInstance, people: RegisteredUsers
) -> None:
    """Not after one or three, at any phase of the server's ring."""
    instance = await start_instance(heartbeat_ms=2000)
    person = (await people.shared(1, instance))[0]
    loop = asyncio.get_running_loop()

    async def silence() -> tuple[float, float]:
        """Return the shortest and longest possible duration of the silence."""
        async with connect_peer(instance.port) as connected:
            before = loop.time()
            await connected.open(person.token)
            after = loop.time()
            assert (await connected.read_until_closed()).code == 4003
            return loop.time() - after, loop.time() - before

    silences = await asyncio.gather(*(silence() for _ in range(8)))
    for _, most_s in silences:
        # Activity is dated by the step of the heartbeat, a fiftieth of the period.
        assert most_s >= 4.0 - 2.0 / STEPS_PER_PERIOD
    # All are in one phase, so a busy machine, which delays some, need not delay them all.
    assert min(least_s for least_s, _ in silences) < 5.5


async def test_any_input_counts_as_activity(start_instance: StartInstance, people: RegisteredUsers) -> None:
    """A client that sends commands but no pongs stays connected."""
    instance = await start_instance(heartbeat_ms=1000)
    token = (await people.shared(1, instance))[0].token
    async with connect_peer(instance.port) as active_peer:
        await active_peer.open(token)
        for _ in range(4):
            assert (await active_peer.read_frame()).opcode == frames.PING
            active_peer.send({"type": "ping", "id": 1})
            assert (await active_peer.read_frame()).opcode == frames.TEXT


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
