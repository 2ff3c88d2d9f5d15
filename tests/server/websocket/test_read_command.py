"""Tests of `conversation.read`: forward only, up to the head, and delivered to other devices and members."""

from typing import Any

import pytest

from tests.server.registered_users import RegisteredUsers
from tests.server.websocket.chat_fixture import ChatFixture, assert_alive, assert_error
from tests.server.websocket.peer import Peer, connect_peer

pytestmark = pytest.mark.asyncio(loop_scope="module", loop_factories=["uvloop"])
Json = Any


async def test_read_mark_only_moves_forward_up_to_the_head(ana: Peer, chat: ChatFixture) -> None:
    """Returns `{read_seq, unread_count}`: a seq beyond the head is the head, a lower one has no effect."""
    group = (await chat.api.group(chat.ben, chat.ana))["id"]
    for number in range(5):
        await chat.api.send(chat.ben, group, f"number {number}")
    last = (await chat.api.get_conversation(chat.ana, group))["last_seq"]

    async def read(seq: Json) -> Json:
        return await ana.request("conversation.read", conversation_id=group, seq=seq)

    assert (await read(last - 2))["result"] == {"read_seq": last - 2, "unread_count": 2}
    assert (await read(last - 4))["result"] == {"read_seq": last - 2, "unread_count": 2}
    assert (await read(0))["result"] == {"read_seq": last - 2, "unread_count": 2}
    assert (await read(last + 1000))["result"] == {"read_seq": last, "unread_count": 0}
    await chat.api.send(chat.ben, group, "one more")
    shown = await chat.api.get_conversation(chat.ana, group)
    assert (shown["read_seq"], shown["unread_count"]) == (last, 1)


@pytest.mark.parametrize("seq", [..., None, -1, 1.5, "1", True, [1], 10**30], ids=repr)
async def test_read_mark_must_be_an_integer(seq: Json, ana: Peer, chat: ChatFixture) -> None:
    """Anything else is `request.invalid`."""
    fields = {} if seq is ... else {"seq": seq}
    assert_error(
        await ana.request("conversation.read", conversation_id=chat.group, **fields), "request.invalid"
    )
    await assert_alive(ana)


async def test_read_mark_is_delivered_to_devices_and_members(
    chat: ChatFixture, people: RegisteredUsers
) -> None:
    """`conversation.marked` with a position to the user's devices, a receipt to other members.

    Other events may take positions in between, and receipts follow their marks with a delay.
    """
    reader, writer = await people.register(2, chat.instance)
    port = chat.instance.port
    async with connect_peer(port) as phone, connect_peer(port) as laptop, connect_peer(port) as other:
        await phone.open(reader.token)
        await laptop.open(reader.token)
        await other.open(writer.token)
        group = (await chat.api.group(writer, reader))["id"]
        seq = (await chat.api.send(writer, group, "read me"))["seq"]
        joined = await laptop.next_of("conversation.joined")
        assert (await phone.request("conversation.read", conversation_id=group, seq=seq))["type"] == "ok"
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
