"""Tests of the MessagePack subprotocol: the same objects in binary frames (RFC 6455, section 5.6)."""

from typing import Any

import msgspec
import pytest

from tests.server.websocket import frames
from tests.server.websocket.chat_fixture import (
    ChatFixture,
    assert_alive,
    assert_bad_frame,
    assert_error,
    send,
)
from tests.server.websocket.peer import Peer, connect_peer

pytestmark = pytest.mark.asyncio(loop_scope="module", loop_factories=["uvloop"])
Json = Any


async def test_both_encodings_carry_the_same_objects(ana: Peer, chat: ChatFixture) -> None:
    """A JSON client and a MessagePack client get each other's messages."""
    async with connect_peer(chat.instance.port) as packed:
        await packed.open_msgpack(chat.ben.token)
        stated = await send(packed, chat.group, "h\u00e9llo \U0001f600")
        answered = await send(ana, chat.group, "back", mentions=[chat.ben.id])
        assert stated["type"] == answered["type"] == "ok"
        seqs = [stated["result"]["seq"], answered["result"]["seq"]]
        theirs = [await wait_for_message(packed, seq) for seq in seqs]
        mine = [await wait_for_message(ana, seq) for seq in seqs]
        assert theirs == mine
        assert theirs[0]["message"]["content"] == "h\u00e9llo \U0001f600"
        await assert_alive(packed)


async def test_errors_are_packed(chat: ChatFixture) -> None:
    """An invalid command gets the same error as in JSON, with its id."""
    async with connect_peer(chat.instance.port) as packed:
        await packed.open_msgpack()
        assert_error(await packed.request("ping"), "auth.required")
        assert (await packed.request("authenticate", token=chat.ana.token))["type"] == "ready"
        assert_error(await packed.request("no.such"), "frame.unknown_type")
        assert_error(await packed.request("message.send", content=7), "request.invalid")
        await assert_alive(packed)


@pytest.mark.parametrize(
    "bad",
    [b"\xc1", b"", b"\x81\xa4type", msgspec.msgpack.encode({"type": "ping"}), msgspec.msgpack.encode([1])],
    ids=["never used", "empty", "cut off", "without id", "no object"],
)
async def test_undecodable_frame_without_an_id_closes(bad: bytes, chat: ChatFixture) -> None:
    """4500 as with JSON, with a packed goodbye."""
    async with connect_peer(chat.instance.port) as packed:
        await packed.open_msgpack(chat.ana.token)
        packed.write(frames.binary(bad))
        await assert_bad_frame(packed)


@pytest.mark.parametrize("packed", [True, False], ids=["text on msgpack", "binary on json"])
async def test_frame_of_the_wrong_kind_closes(packed: bool, chat: ChatFixture) -> None:
    """A subprotocol has either text or binary frames."""
    async with connect_peer(chat.instance.port) as connected:
        await (connected.open_msgpack if packed else connected.open)(chat.ana.token)
        ping = {"type": "ping", "id": 1}
        connected.write(
            frames.text(msgspec.json.encode(ping)) if packed else frames.binary(msgspec.msgpack.encode(ping))
        )
        await assert_bad_frame(connected)


async def test_resume_is_packed(ana: Peer, chat: ChatFixture) -> None:
    """Missed frames are sent between `ready` and `resumed` in the encoding of the new connection."""
    ready = await ana.request("authenticate")
    known = (await chat.api.get_conversation(chat.ana, chat.group))["last_seq"]
    sent = [(await send(ana, chat.group))["result"]["seq"] for _ in range(3)]
    async with connect_peer(chat.instance.port) as packed:
        await packed.open_msgpack()
        resume = {name: ready[name] for name in ("session_id", "epoch", "position")}
        answer = await packed.request(
            "authenticate", token=chat.ana.token, resume={**resume, "conversations": {chat.group: known}}
        )
        assert answer["type"] == "ready"
        assert [(await packed.next_of("message.created"))["seq"] for _ in sent] == sent
        assert (await packed.next_of("resumed"))["last_seqs"] == {chat.group: sent[-1]}


async def wait_for_message(connected: Peer, seq: int) -> Json:
    """Return the frame with this seq, which may have arrived already."""
    for one in connected.skipped:
        if one["type"] == "message.created" and one["seq"] == seq:
            return one
    while (message := await connected.next_of("message.created"))["seq"] != seq:
        pass
    return message
