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
