"""`conversation.read`: forward, within the log, and told to whom it concerns."""

from typing import Any

import pytest

from tests.server.people import People
from tests.server.socket.peer import Peer, peer
from tests.server.socket.scene import Scene, assert_alive, assert_error

pytestmark = pytest.mark.asyncio(loop_scope="module", loop_factories=["uvloop"])
Json = Any


async def test_reading_goes_forward_and_never_past_the_head(ana: Peer, scene: Scene) -> None:
    """`{read_seq, unread_count}`: beyond the head is the head, backwards changes nothing."""
    group = (await scene.api.group(scene.ben, scene.ana))["id"]
    for number in range(5):
        await scene.api.send(scene.ben, group, f"number {number}")
    last = (await scene.api.look(scene.ana, group))["last_seq"]

    async def read(seq: Json) -> Json:
        return await ana.ask("conversation.read", conversation_id=group, seq=seq)

    assert (await read(last - 2))["result"] == {"read_seq": last - 2, "unread_count": 2}
    assert (await read(last - 4))["result"] == {"read_seq": last - 2, "unread_count": 2}
    assert (await read(0))["result"] == {"read_seq": last - 2, "unread_count": 2}
    assert (await read(last + 1000))["result"] == {"read_seq": last, "unread_count": 0}
    await scene.api.send(scene.ben, group, "one more")
    shown = await scene.api.look(scene.ana, group)
    assert (shown["read_seq"], shown["unread_count"]) == (last, 1)


@pytest.mark.parametrize("seq", [..., None, -1, 1.5, "1", True, [1], 10**30], ids=repr)
async def test_a_read_mark_is_a_whole_number(seq: Json, ana: Peer, scene: Scene) -> None:
    """Anything else is `request.invalid`."""
    fields = {} if seq is ... else {"seq": seq}
    assert_error(await ana.ask("conversation.read", conversation_id=scene.group, **fields), "request.invalid")
    await assert_alive(ana)


async def test_a_read_mark_is_told_to_ones_other_sockets_and_to_the_others(
    scene: Scene, people: People
) -> None:
    """`conversation.marked` with the next position to oneself, the receipt to the others.

    Both are new: a position counts whatever else one is told, and receipts come some time behind their marks.
    """
    reader, writer = await people.new(2, scene.instance)
    port = scene.instance.port
    async with peer(port) as phone, peer(port) as laptop, peer(port) as other:
        await phone.open(reader.token)
        await laptop.open(reader.token)
        await other.open(writer.token)
        group = (await scene.api.group(writer, reader))["id"]
        seq = (await scene.api.send(writer, group, "read me"))["seq"]
        joined = await laptop.next_of("conversation.joined")
        assert (await phone.ask("conversation.read", conversation_id=group, seq=seq))["type"] == "ok"
        assert await laptop.next_of("conversation.marked") == {
            "type": "conversation.marked",
            "position": joined["position"] + 1,
            "conversation_id": group,
            "read_seq": seq,
            "unread_count": 0,
        }
        receipt = await other.next_of("conversation.read")
        assert receipt["conversation_id"] == group
        assert receipt["user_id"] == reader.id
        assert receipt["seq"] == seq
        assert receipt["read_at"].endswith("Z")
