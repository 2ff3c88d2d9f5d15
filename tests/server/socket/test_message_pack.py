"""The second sub-protocol: the same objects in binary frames, beside clients of the first. RFC 6455, 5.6."""

from typing import Any

import msgspec
import pytest

from tests.server.socket import frames
from tests.server.socket.peer import Peer, peer
from tests.server.socket.scene import Scene, assert_alive, assert_bad_frame, assert_error, send

pytestmark = pytest.mark.asyncio(loop_scope="module", loop_factories=["uvloop"])
Json = Any


async def test_both_encodings_tell_the_same(ana: Peer, scene: Scene) -> None:
    """Who speaks JSON and who speaks MessagePack hear each other, object for object."""
    async with peer(scene.instance.port) as packed:
        await packed.open_packed(scene.ben.token)
        said = await send(packed, scene.group, "h\u00e9llo \U0001f600")
        answered = await send(ana, scene.group, "back", mentions=[scene.ben.id])
        assert said["type"] == answered["type"] == "ok"
        seqs = [said["result"]["seq"], answered["result"]["seq"]]
        theirs = [await seen(packed, seq) for seq in seqs]
        mine = [await seen(ana, seq) for seq in seqs]
        assert theirs == mine
        assert theirs[0]["message"]["content"] == "h\u00e9llo \U0001f600"
        await assert_alive(packed)


async def test_refusals_are_packed_as_well(scene: Scene) -> None:
    """What is not valid is answered as in JSON, with its id."""
    async with peer(scene.instance.port) as packed:
        await packed.open_packed()
        assert_error(await packed.ask("ping"), "auth.required")
        assert (await packed.ask("authenticate", token=scene.ana.token))["type"] == "ready"
        assert_error(await packed.ask("no.such"), "frame.unknown_type")
        assert_error(await packed.ask("message.send", content=7), "request.invalid")
        await assert_alive(packed)


@pytest.mark.parametrize(
    "bad",
    [b"\xc1", b"", b"\x81\xa4type", msgspec.msgpack.encode({"type": "ping"}), msgspec.msgpack.encode([1])],
    ids=["never used", "empty", "cut off", "without id", "no object"],
)
async def test_what_is_no_object_with_an_id_closes(bad: bytes, scene: Scene) -> None:
    """4500, as with JSON; the goodbye is packed."""
    async with peer(scene.instance.port) as packed:
        await packed.open_packed(scene.ana.token)
        packed.write(frames.binary(bad))
        await assert_bad_frame(packed)


@pytest.mark.parametrize("packed", [True, False], ids=["text on msgpack", "binary on json"])
async def test_frames_of_the_other_kind_close(packed: bool, scene: Scene) -> None:
    """A sub-protocol has one kind of frame."""
    async with peer(scene.instance.port) as connected:
        await (connected.open_packed if packed else connected.open)(scene.ana.token)
        ping = {"type": "ping", "id": 1}
        connected.write(
            frames.text(msgspec.json.encode(ping)) if packed else frames.binary(msgspec.msgpack.encode(ping))
        )
        await assert_bad_frame(connected)


async def test_resume_is_packed_too(ana: Peer, scene: Scene) -> None:
    """What was missed comes between `ready` and `resumed` in the encoding of the new socket."""
    ready = await ana.ask("authenticate")
    known = (await scene.api.look(scene.ana, scene.group))["last_seq"]
    sent = [(await send(ana, scene.group))["result"]["seq"] for _ in range(3)]
    async with peer(scene.instance.port) as packed:
        await packed.open_packed()
        resume = {name: ready[name] for name in ("session_id", "epoch", "position")}
        answer = await packed.ask(
            "authenticate", token=scene.ana.token, resume={**resume, "conversations": {scene.group: known}}
        )
        assert answer["type"] == "ready"
        assert [(await packed.next_of("message.created"))["seq"] for _ in sent] == sent
        assert (await packed.next_of("resumed"))["last_seqs"] == {scene.group: sent[-1]}


async def seen(connected: Peer, seq: int) -> Json:
    """The frame at a seq, which may have come already."""
    for one in connected.aside:
        if one["type"] == "message.created" and one["seq"] == seq:
            return one
    while (found := await connected.next_of("message.created"))["seq"] != seq:
        pass
    return found
