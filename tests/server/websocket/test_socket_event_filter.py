"""Intents: a client is pushed what it asked for, and always what it can not do without."""

from typing import Any

import pytest

from tests.server.websocket.chat_fixture import ChatFixture, assert_alive, assert_error, send
from tests.server.websocket.peer import Peer, connect_peer

pytestmark = pytest.mark.asyncio(loop_scope="module", loop_factories=["uvloop"])
Json = Any


async def received_types(connected: Peer) -> list[str]:
    """The types of all that came up to the answer to a ping."""
    await assert_alive(connected)
    found = [one["type"] for one in connected.skipped]
    connected.skipped.clear()
    return found


@pytest.mark.parametrize("packed", [False, True], ids=["json", "msgpack"])
async def test_only_what_was_asked_for_comes(ana: Peer, chat: ChatFixture, packed: bool) -> None:
    """Typing alone: no messages, whoever says them; what one is answered comes all the same."""
    async with connect_peer(chat.instance.port) as narrow:
        await (narrow.open_msgpack if packed else narrow.open)()
        ready = await narrow.request("authenticate", token=chat.ben.token, intents=["typing"])
        assert ready["type"] == "ready"
        await send(ana, chat.group)
        assert (await send(narrow, chat.group))["type"] == "ok"
        assert (await ana.request("typing", conversation_id=chat.group, active=True))["type"] == "ok"
        assert (await narrow.next_of("typing"))["user_id"] == chat.ana.id
        assert (await ana.request("typing", conversation_id=chat.group, active=False))["type"] == "ok"
        assert (await narrow.next_of("typing"))["active"] is False
        joined = (await chat.api.group(chat.ana, chat.ben))["id"]
        assert (await narrow.next_of("conversation.joined"))["conversation"]["id"] == joined
        assert set(await received_types(narrow)) <= {
            "conversation.marked",
            "conversation.left",
            "user.updated",
        }


async def test_messages_alone_leave_hints_out(ana: Peer, chat: ChatFixture) -> None:
    """In order and whole; no typing between them."""
    async with connect_peer(chat.instance.port) as narrow:
        await narrow.open()
        await narrow.request("authenticate", token=chat.ben.token, intents=["messages"])
        first = (await send(ana, chat.group))["result"]["seq"]
        await ana.request("typing", conversation_id=chat.group, active=True)
        await ana.request("typing", conversation_id=chat.group, active=False)
        await send(ana, chat.group)
        assert [(await narrow.next_of("message.created"))["seq"] for _ in range(2)] == [first, first + 1]
        assert "typing" not in await received_types(narrow)


async def test_no_intents_leave_control_alone(ana: Peer, chat: ChatFixture) -> None:
    """An empty list is not all; the bearer of the upgrade may narrow with its first frame."""
    async with connect_peer(chat.instance.port) as narrow:
        await narrow.open(chat.ben.token)
        assert (await narrow.request("authenticate", intents=[]))["type"] == "ready"
        await send(ana, chat.group)
        read = await narrow.request("conversation.read", conversation_id=chat.group, seq=1)
        assert read["type"] == "ok"
        assert set(await received_types(narrow)) <= {"conversation.marked"}


async def test_resume_is_narrowed_as_well(ana: Peer, chat: ChatFixture) -> None:
    """What was missed of what is not wanted is not told either; `resumed` is."""
    ready = await ana.request("authenticate")
    await send(ana, chat.group)
    async with connect_peer(chat.instance.port) as narrow:
        await narrow.open()
        resume = {name: ready[name] for name in ("session_id", "epoch", "position")}
        narrow.send(
            {
                "type": "authenticate",
                "id": 1,
                "token": chat.ana.token,
                "intents": ["notifications"],
                "resume": {**resume, "conversations": {chat.group: 1}},
            }
        )
        await narrow.next_of("resumed")
        assert [one["type"] for one in narrow.skipped] == ["ready"]


@pytest.mark.parametrize("intents", [["gossip"], "messages", [1], [None], ["messages"] * 51])
async def test_intents_that_are_none_are_refused(
    unauthenticated: Peer, chat: ChatFixture, intents: Json
) -> None:
    """Plainly, so that a misspelt one is no silence; the socket lives."""
    assert_error(
        await unauthenticated.request("authenticate", token=chat.ana.token, intents=intents),
        "request.invalid",
    )
    assert (await unauthenticated.request("authenticate", token=chat.ana.token))["type"] == "ready"
