"""Intents: a client is pushed what it asked for, and always what it can not do without."""

from typing import Any

import pytest

from tests.server.socket.peer import Peer, peer
from tests.server.socket.scene import Scene, assert_alive, assert_error, send

pytestmark = pytest.mark.asyncio(loop_scope="module", loop_factories=["uvloop"])
Json = Any


async def heard(connected: Peer) -> list[str]:
    """The types of all that came up to the answer to a ping."""
    await assert_alive(connected)
    found = [one["type"] for one in connected.aside]
    connected.aside.clear()
    return found


@pytest.mark.parametrize("packed", [False, True], ids=["json", "msgpack"])
async def test_only_what_was_asked_for_comes(ana: Peer, scene: Scene, packed: bool) -> None:
    """Typing alone: no messages, whoever says them; what one is answered comes all the same."""
    async with peer(scene.instance.port) as narrow:
        await (narrow.open_packed if packed else narrow.open)()
        ready = await narrow.ask("authenticate", token=scene.ben.token, intents=["typing"])
        assert ready["type"] == "ready"
        await send(ana, scene.group)
        assert (await send(narrow, scene.group))["type"] == "ok"
        assert (await ana.ask("typing", conversation_id=scene.group, active=True))["type"] == "ok"
        assert (await narrow.next_of("typing"))["user_id"] == scene.ana.id
        assert (await ana.ask("typing", conversation_id=scene.group, active=False))["type"] == "ok"
        assert (await narrow.next_of("typing"))["active"] is False
        joined = (await scene.api.group(scene.ana, scene.ben))["id"]
        assert (await narrow.next_of("conversation.joined"))["conversation"]["id"] == joined
        assert set(await heard(narrow)) <= {"conversation.marked", "conversation.left", "user.updated"}


async def test_messages_alone_leave_hints_out(ana: Peer, scene: Scene) -> None:
    """In order and whole; no typing between them."""
    async with peer(scene.instance.port) as narrow:
        await narrow.open()
        await narrow.ask("authenticate", token=scene.ben.token, intents=["messages"])
        first = (await send(ana, scene.group))["result"]["seq"]
        await ana.ask("typing", conversation_id=scene.group, active=True)
        await ana.ask("typing", conversation_id=scene.group, active=False)
        await send(ana, scene.group)
        assert [(await narrow.next_of("message.created"))["seq"] for _ in range(2)] == [first, first + 1]
        assert "typing" not in await heard(narrow)


async def test_no_intents_leave_control_alone(ana: Peer, scene: Scene) -> None:
    """An empty list is not all; the bearer of the upgrade may narrow with its first frame."""
    async with peer(scene.instance.port) as narrow:
        await narrow.open(scene.ben.token)
        assert (await narrow.ask("authenticate", intents=[]))["type"] == "ready"
        await send(ana, scene.group)
        read = await narrow.ask("conversation.read", conversation_id=scene.group, seq=1)
        assert read["type"] == "ok"
        assert set(await heard(narrow)) <= {"conversation.marked"}


async def test_resume_is_narrowed_as_well(ana: Peer, scene: Scene) -> None:
    """What was missed of what is not wanted is not told either; `resumed` is."""
    ready = await ana.ask("authenticate")
    await send(ana, scene.group)
    async with peer(scene.instance.port) as narrow:
        await narrow.open()
        resume = {name: ready[name] for name in ("session_id", "epoch", "position")}
        narrow.say(
            {
                "type": "authenticate",
                "id": 1,
                "token": scene.ana.token,
                "intents": ["notifications"],
                "resume": {**resume, "conversations": {scene.group: 1}},
            }
        )
        await narrow.next_of("resumed")
        assert [one["type"] for one in narrow.aside] == ["ready"]


@pytest.mark.parametrize("intents", [["gossip"], "messages", [1], [None], ["messages"] * 51])
async def test_intents_that_are_none_are_refused(stranger: Peer, scene: Scene, intents: Json) -> None:
    """Plainly, so that a misspelt one is no silence; the socket lives."""
    assert_error(
        await stranger.ask("authenticate", token=scene.ana.token, intents=intents), "request.invalid"
    )
    assert (await stranger.ask("authenticate", token=scene.ana.token))["type"] == "ready"
