"""Limits on the number of connections and the rate of new ones, and what exceeds them."""

import asyncio
import contextlib

import pytest

from server.instance import Instance
from tests.server.conftest import StartInstance
from tests.server.registered_users import RegisteredUsers
from tests.server.websocket import frames
from tests.server.websocket.instance_metrics import read_metrics, wait_for_metric
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


@pytest.mark.parametrize("changes", [{"Upgrade": "h2c"}, {"Origin": "https://pages.example"}], ids=str)
async def test_refused_handshakes_are_limited_per_address(
    start_instance: StartInstance, changes: dict[str, str]
) -> None:
    """As other requests: no request to the server is without a limit."""
    instance = await start_instance(sockets_new_per_address_per_s=2.0, sockets_new_per_address_burst=2)
    statuses = []
    async with asyncio.timeout(30):
        while 429 not in statuses:
            async with connect_peer(instance.port) as connected:
                connected.write(http_request("/v1/ws", {**upgrade_headers(), **changes}))
                statuses.append((await connected.read_http_response()).status)
    assert len(statuses) > 2


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
