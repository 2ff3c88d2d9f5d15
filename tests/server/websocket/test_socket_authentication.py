"""Tests of authentication over the websocket, up to `ready`."""

from typing import Any
from uuid import uuid4

import pytest

from tests.server.websocket import frames
from tests.server.websocket.chat_fixture import UNKNOWN_ID, ChatFixture, assert_alive, assert_error, send
from tests.server.websocket.peer import Peer, connect_peer

pytestmark = pytest.mark.asyncio(loop_scope="module", loop_factories=["uvloop"])
Json = Any


@pytest.mark.parametrize(
    "frame",
    [
        {"type": "ping", "id": 1},
        {"type": "message.send", "id": 1, "conversation_id": UNKNOWN_ID, "client_id": "c", "content": "x"},
        {"type": "conversation.read", "id": 1, "conversation_id": UNKNOWN_ID, "seq": 1},
        {"type": "authenticate", "id": 1},
    ],
    ids=lambda frame: frame["type"],
)
async def test_command_before_ready_is_an_error(
    frame: Json, unauthenticated: Peer, chat: ChatFixture
) -> None:
    """The connection stays open, and the client can still authenticate."""
    unauthenticated.send(frame)
    assert_error(await unauthenticated.reply_to(1), "auth.required", "request.invalid")
    ready = await unauthenticated.request("authenticate", token=chat.ana.token)
    assert ready["type"] == "ready"
    assert ready["user"]["id"] == chat.ana.id
    await assert_alive(unauthenticated)


@pytest.mark.parametrize("number", [7, "seven", 0, -3, 2**53, "", "é€\U0001f600", "x" * 200])
async def test_ready_echoes_the_id_of_authenticate(
    number: int | str, unauthenticated: Peer, chat: ChatFixture
) -> None:
    """`ready` is the reply to `authenticate`."""
    unauthenticated.send({"type": "authenticate", "id": number, "token": chat.ana.token})
    ready = await unauthenticated.message()
    assert ready["type"] == "ready"
    assert ready["id"] == number


async def test_invalid_token_closes_the_connection(unauthenticated: Peer) -> None:
    """4501, which must not be resumed."""
    unauthenticated.send({"type": "authenticate", "id": 1, "token": "A" * 43})
    ending = await unauthenticated.read_until_closed()
    assert ending.code == 4501
    assert ending.goodbye is not None
    assert ending.goodbye["resume"] is False
    assert [message["type"] for message in ending.messages] == ["error"]
    assert_error(ending.messages[0], "auth.required", "auth.invalid_credentials")


async def test_commands_after_authenticate_are_answered_after_ready(
    unauthenticated: Peer, chat: ChatFixture
) -> None:
    """They are queued in order during the authentication."""
    unauthenticated.send({"type": "authenticate", "id": 1, "token": chat.ana.token})
    for number in range(2, 12):
        unauthenticated.send({"type": "ping", "id": number})
    replies = [await unauthenticated.message() for _ in range(11)]
    assert [reply["type"] for reply in replies] == ["ready"] + ["ok"] * 10
    assert [reply["id"] for reply in replies] == list(range(1, 12))


async def test_close_right_after_authenticate_is_answered(unauthenticated: Peer, chat: ChatFixture) -> None:
    """The closing handshake does not wait for the authentication."""
    unauthenticated.send({"type": "authenticate", "id": 1, "token": chat.ana.token})
    unauthenticated.write(frames.close(1000))
    ending = await unauthenticated.read_until_closed()
    assert ending.closed
    assert ending.code == 1000


async def test_second_authenticate_is_rejected(ana: Peer, chat: ChatFixture) -> None:
    """The connection stays open, without a second `ready`."""
    await assert_alive(ana)
    assert_error(await ana.request("authenticate", token=chat.ben.token), "request.invalid")
    await assert_alive(ana)


async def test_resume_after_a_bearer_token(ana: Peer, unauthenticated: Peer, chat: ChatFixture) -> None:
    """The first frame may resume without a token; it starts from the given position."""
    unauthenticated.send({"type": "authenticate", "id": 1, "token": chat.ana.token})
    ready = await unauthenticated.message()
    known = (await chat.api.get_conversation(chat.ana, chat.group))["last_seq"]
    sent = [(await send(ana, chat.group))["result"]["seq"] for _ in range(3)]
    async with connect_peer(chat.instance.port) as back:
        await back.open(chat.ana.token)
        resume = {
            "session_id": ready["session_id"],
            "epoch": ready["epoch"],
            "position": ready["position"],
            "conversations": {chat.group: known},
        }
        back.send({"type": "authenticate", "id": 7, "resume": resume})
        again = await back.message()
        assert (again["type"], again["id"]) == ("ready", 7)
        seqs = []
        while (message := await back.message())["type"] != "resumed":
            if message["type"] == "message.created":
                seqs.append(message["seq"])
        assert seqs == sent
        assert message["last_seqs"] == {chat.group: sent[-1]}
        live = (await send(ana, chat.group))["result"]["seq"]
        assert (await back.next_of("message.created"))["seq"] == live
        assert_error(await back.request("authenticate"), "request.invalid")
        await assert_alive(back)


async def test_forged_resume_after_a_bearer_token_is_a_resync(ana: Peer, chat: ChatFixture) -> None:
    """`ready`, then `resync`, as without the header."""
    resume = {"session_id": "gone", "epoch": "gone", "position": 0, "conversations": {chat.group: 1}}
    ready = await ana.request("authenticate", resume=resume)
    assert ready["type"] == "ready"
    resync = await ana.next_of("resync", "error")
    assert (resync["type"], resync["reason"]) == ("resync", "epoch")
    assert (resync["epoch"], resync["position"]) == (ready["epoch"], ready["position"])
    await assert_alive(ana)


async def test_resume_with_authenticate_gives_ready_then_resync(
    unauthenticated: Peer, chat: ChatFixture
) -> None:
    """`ready` first, then the result of the resume."""
    resume = {"session_id": "gone", "epoch": "gone", "position": 12, "conversations": {}}
    unauthenticated.send({"type": "authenticate", "id": 1, "token": chat.ana.token, "resume": resume})
    ready, resync = await unauthenticated.message(), await unauthenticated.message()
    assert [ready["type"], resync["type"]] == ["ready", "resync"]
    assert (resync["epoch"], resync["position"]) == (ready["epoch"], ready["position"])


async def test_reconnect_while_subscribing_gets_everything(chat: ChatFixture) -> None:
    """A new connection does not inherit an unfinished subscription of the lost one."""
    for _ in range(5):
        async with connect_peer(chat.instance.port) as early_peer:
            await early_peer.upgrade(chat.eve.token)
        async with connect_peer(chat.instance.port) as back:
            await back.open(chat.eve.token)
            content = uuid4().hex
            await chat.api.send(chat.ben, chat.foreign, content)
            while (await back.next_of("message.created"))["message"]["content"] != content:
                pass
            assert (await send(back, chat.foreign))["type"] == "ok"
