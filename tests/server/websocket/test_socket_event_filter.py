"""Tests of event filters (`intents`): a client gets the events it asked for, and control frames."""

from typing import Any

import pytest

from tests.server.websocket.chat_fixture import ChatFixture, assert_alive, assert_error, send
from tests.server.websocket.peer import Peer, connect_peer

pytestmark = pytest.mark.asyncio(loop_scope="module", loop_factories=["uvloop"])
Json = Any


async def received_types(connected: Peer) -> list[str]:
    """Return the types of all messages up to the reply to a ping."""
    await assert_alive(connected)
    types = [frame["type"] for frame in connected.skipped]
    connected.skipped.clear()
    return types


@pytest.mark.parametrize("packed", [False, True], ids=["json", "msgpack"])
async def test_only_selected_groups_are_delivered(ana: Peer, chat: ChatFixture, packed: bool) -> None:
    """With typing alone no messages arrive; replies always do."""
    async with connect_peer(chat.instance.port) as filtered_peer:
        await (filtered_peer.open_msgpack if packed else filtered_peer.open)()
        ready = await filtered_peer.request("authenticate", token=chat.ben.token, intents=["typing"])
        assert ready["type"] == "ready"
        await send(ana, chat.group)
        assert (await send(filtered_peer, chat.group))["type"] == "ok"
        assert (await ana.request("typing", conversation_id=chat.group, active=True))["type"] == "ok"
        assert (await filtered_peer.next_of("typing"))["user_id"] == chat.ana.id
        assert (await ana.request("typing", conversation_id=chat.group, active=False))["type"] == "ok"
        assert (await filtered_peer.next_of("typing"))["active"] is False
        joined = (await chat.api.group(chat.ana, chat.ben))["id"]
        assert (await filtered_peer.next_of("conversation.joined"))["conversation"]["id"] == joined
        assert set(await received_types(filtered_peer)) <= {
            "conversation.marked",
            "conversation.left",
            "user.updated",
        }


async def test_messages_without_ephemeral_events(ana: Peer, chat: ChatFixture) -> None:
    """Complete and in order, without typing events."""
    async with connect_peer(chat.instance.port) as filtered_peer:
        await filtered_peer.open()
        await filtered_peer.request("authenticate", token=chat.ben.token, intents=["messages"])
        first = (await send(ana, chat.group))["result"]["seq"]
        await ana.request("typing", conversation_id=chat.group, active=True)
        await ana.request("typing", conversation_id=chat.group, active=False)
        await send(ana, chat.group)
        assert [(await filtered_peer.next_of("message.created"))["seq"] for _ in range(2)] == [
            first,
            first + 1,
        ]
        assert "typing" not in await received_types(filtered_peer)


async def test_empty_filter_leaves_control_frames(ana: Peer, chat: ChatFixture) -> None:
    """An empty list differs from none; a client with a bearer token can filter with its first frame."""
    async with connect_peer(chat.instance.port) as filtered_peer:
        await filtered_peer.open(chat.ben.token)
        assert (await filtered_peer.request("authenticate", intents=[]))["type"] == "ready"
        await send(ana, chat.group)
        read = await filtered_peer.request("conversation.read", conversation_id=chat.group, seq=1)
        assert read["type"] == "ok"
        assert set(await received_types(filtered_peer)) <= {"conversation.marked"}


async def test_resume_is_filtered(ana: Peer, chat: ChatFixture) -> None:
    """Missed events outside of the filter are not replayed; `resumed` is sent."""
    ready = await ana.request("authenticate")
    await send(ana, chat.group)
    async with connect_peer(chat.instance.port) as filtered_peer:
        await filtered_peer.open()
        resume = {name: ready[name] for name in ("session_id", "epoch", "position")}
        filtered_peer.send(
            {
                "type": "authenticate",
                "id": 1,
                "token": chat.ana.token,
                "intents": ["notifications"],
                "resume": {**resume, "conversations": {chat.group: 1}},
            }
        )
        await filtered_peer.next_of("resumed")
        assert [frame["type"] for frame in filtered_peer.skipped] == ["ready"]


@pytest.mark.parametrize("intents", [["gossip"], "messages", [1], [None], ["messages"] * 51])
async def test_unknown_intents_are_rejected(unauthenticated: Peer, chat: ChatFixture, intents: Json) -> None:
    """A misspelt intent is an error instead of silence; the connection stays open."""
    assert_error(
        await unauthenticated.request("authenticate", token=chat.ana.token, intents=intents),
        "request.invalid",
    )
    assert (await unauthenticated.request("authenticate", token=chat.ana.token))["type"] == "ready"
