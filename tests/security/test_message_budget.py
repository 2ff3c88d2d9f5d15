"""The message budget belongs to the user, however often and over however many sockets they connect."""

import time
from uuid import uuid4

import pytest

from tests.server.api_client import ApiClient
from tests.server.conftest import StartInstance
from tests.server.registered_users import RegisteredUsers
from tests.server.websocket.peer import connect_peer

PER_S = 2
BURST = 10
RECONNECTS = 6


def fields(command: str) -> dict[str, object]:
    return {"client_id": uuid4().hex, "content": "x"} if command == "message.send" else {"seq": 0}


@pytest.mark.parametrize("command", ["message.send", "conversation.read"])
async def test_reconnecting_does_not_renew_the_budget(
    start_instance: StartInstance, people: RegisteredUsers, command: str
) -> None:
    """Over all connections one user gets the burst and the rate, no more."""
    instance = await start_instance(messages_per_s=PER_S, messages_burst=BURST)
    (user,) = await people.register(1, instance)
    async with ApiClient(instance) as api:
        group = (await api.group(user))["id"]
    accepted, codes, started = 0, set(), time.monotonic()
    for _ in range(RECONNECTS):
        async with connect_peer(instance.port) as first, connect_peer(instance.port) as second:
            for peer in (first, second):
                await peer.open(user.token)
            for number in range(BURST):
                peer = (first, second)[number % 2]
                reply = await peer.request(command, conversation_id=group, **fields(command))
                accepted += reply["type"] == "ok"
                codes.add(reply.get("code"))
    allowed = BURST + PER_S * (time.monotonic() - started)
    assert BURST <= accepted <= allowed
    assert codes == {None, "rate.limited"}


async def test_messages_over_http_spend_from_the_same_budget(
    start_instance: StartInstance, people: RegisteredUsers
) -> None:
    """Without a socket, and after one was used up by the socket."""
    instance = await start_instance(messages_per_s=0.01, messages_burst=BURST)
    ana, ben = await people.register(2, instance)
    async with ApiClient(instance) as api:
        group = (await api.group(ana, ben))["id"]
        path = f"/v1/conversations/{group}/messages"
        for _ in range(BURST):
            message = await api.send(ana, group, "x")
        await api.expect_error("rate.limited", 429, ana, "POST", path, fields("message.send"))
        await api.expect_error("rate.limited", 429, ana, "PATCH", f"{path}/{message['id']}", {"content": "y"})
        await api.expect_error("rate.limited", 429, ana, "DELETE", f"{path}/{message['id']}")
        async with connect_peer(instance.port) as peer:
            await peer.open(ana.token)
            reply = await peer.request("message.send", conversation_id=group, **fields("message.send"))
            assert reply["code"] == "rate.limited"
        async with connect_peer(instance.port) as peer:
            await peer.open(ben.token)
            for _ in range(BURST):
                reply = await peer.request("message.send", conversation_id=group, **fields("message.send"))
                assert reply["type"] == "ok"
            await api.expect_error("rate.limited", 429, ben, "POST", path, fields("message.send"))
        await api.expect_error("rate.limited", 429, ben, "POST", path, fields("message.send"))
