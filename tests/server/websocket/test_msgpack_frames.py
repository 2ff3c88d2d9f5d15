"""The second sub-protocol: the same objects in binary frames, beside clients of the first. RFC 6455, 5.6."""

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


async def test_both_encodings_tell_the_same(ana: Peer, chat: ChatFixture) -> None:
    """Who speaks JSON and who speaks MessagePack hear each other, object for object."""
    async with connect_peer(chat.instance.port) as packed:
        await packed.open_msgpack(chat.ben.token)
        said = await send(packed, chat.group, "h\u00e9llo \U0001f600")
        answered = await send(ana, chat.group, "back", mentions=[chat.ben.id])
        assert said["type"] == answered["type"] == "ok"
        seqs = [said["result"]["seq"], answered["result"]["seq"]]
        theirs = [await wait_for_message(packed, seq) for seq in seqs]
        mine = [await wait_for_message(ana, seq) for seq in seqs]
        assert theirs == mine
        assert theirs[0]["message"]["content"] == "h\u00e9llo \U0001f600"
        await assert_alive(packed)


async def test_refusals_are_packed_as_well(chat: ChatFixture) -> None:
    """What is not valid is answered as in JSON, with its id."""
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
async def test_what_is_no_object_with_an_id_closes(bad: bytes, chat: ChatFixture) -> None:
    """4500, as with JSON; the goodbye is packed."""
    async with connect_peer(chat.instance.port) as packed:
        await packed.open_msgpack(chat.ana.token)
        packed.write(frames.binary(bad))
        await assert_bad_frame(packed)


@pytest.mark.parametrize("packed", [True, False], ids=["text on msgpack", "binary on json"])
async def test_frames_of_the_other_kind_close(packed: bool, chat: ChatFixture) -> None:
    """A sub-protocol has one kind of frame."""
    async with connect_peer(chat.instance.port) as connected:
        await (connected.open_msgpack if packed else connected.open)(chat.ana.token)
        ping = {"type": "ping", "id": 1}
        connected.write(
            frames.text(msgspec.json.encode(ping)) if packed else frames.binary(msgspec.msgpack.encode(ping))
        )
        await assert_bad_frame(connected)


async def test_resume_is_packed_too(ana: Peer, chat: ChatFixture) -> None:
    """What was missed comes between `ready` and `resumed` in the encoding of the new socket."""
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
    """The frame at a seq, which may have come already."""
    for one in connected.skipped:
        if one["type"] == "message.created" and one["seq"] == seq:
            return one
    while (found := await connected.next_of("message.created"))["seq"] != seq:
        pass
    return found
