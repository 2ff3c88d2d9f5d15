"""Tests of `message.send`: retries with the same client_id, order, and removed members."""

import asyncio
from typing import Any
from uuid import uuid4

import pytest

from tests.server.websocket import frames
from tests.server.websocket.chat_fixture import ChatFixture, assert_alive, assert_error, get_last_seq, send
from tests.server.websocket.peer import Peer, connect_peer

pytestmark = pytest.mark.asyncio(loop_scope="module", loop_factories=["uvloop"])
Json = Any


async def test_retry_returns_the_first_message(ana: Peer, chat: ChatFixture) -> None:
    """`duplicate: true` and one message; also over HTTP and from another connection."""
    client_id = uuid4().hex
    mentions, reply_to = [chat.ben.id], (await chat.api.send(chat.ben, chat.group, "first"))["id"]
    sent = {"client_id": client_id, "mentions": mentions, "reply_to": reply_to}
    first = (await send(ana, chat.group, "once", **sent))["result"]
    again = (await send(ana, chat.group, "once", **sent))["result"]
    assert first["duplicate"] is False
    assert again == {**first, "duplicate": True}
    async with connect_peer(chat.instance.port) as other:
        await other.open(chat.ana.token)
        assert (await send(other, chat.group, " once\n", **sent))["result"] == again
    status, body, _ = await chat.api.request(
        chat.ana, "POST", f"/v1/conversations/{chat.group}/messages", {"content": "once", **sent}
    )
    assert status == 200
    assert (body["id"], body["seq"]) == (first["message_id"], first["seq"])
    assert await get_last_seq(chat) == first["seq"]


async def test_concurrent_retries_store_one_message(ana: Peer, chat: ChatFixture) -> None:
    """Of twenty, one is stored and nineteen are duplicates."""
    before = await get_last_seq(chat)
    sent = {"conversation_id": chat.group, "client_id": uuid4().hex, "content": "at once"}
    for number in range(20):
        ana.send({"type": "message.send", "id": number, **sent})
    results = [(await ana.next_of("ok", "error"))["result"] for _ in range(20)]
    assert sum(not result["duplicate"] for result in results) == 1
    assert {result["seq"] for result in results} == {before + 1}
    assert len({result["message_id"] for result in results}) == 1
    assert await get_last_seq(chat) == before + 1


async def test_same_client_id_with_other_content_is_a_conflict(ana: Peer, chat: ChatFixture) -> None:
    """Other content, mentions or reply_to: `idempotency.conflict`, nothing stored."""
    client_id = uuid4().hex
    target = (await chat.api.send(chat.ben, chat.group, "target"))["id"]
    first = (await send(ana, chat.group, "once", client_id=client_id))["result"]
    others: list[dict[str, Json]] = [
        {"content": "twice"},
        {"content": "ONCE"},
        {"content": "once", "mentions": [chat.ben.id]},
        {"content": "once", "reply_to": target},
    ]
    for other in others:
        answer = await send(ana, chat.group, client_id=client_id, **other)
        assert_error(answer, "idempotency.conflict")
        assert answer["retry"] is False
    assert await get_last_seq(chat) == first["seq"]
    assert (await send(ana, chat.group, "once", client_id=client_id))["result"]["duplicate"] is True


async def test_client_id_is_scoped_to_sender_and_conversation(ana: Peer, chat: ChatFixture) -> None:
    """With the same `client_id`, another conversation or sender makes a different message."""
    client_id = uuid4().hex
    second = (await chat.api.group(chat.ana, chat.ben))["id"]
    assert (await send(ana, chat.group, "mine", client_id=client_id))["result"]["duplicate"] is False
    assert (await send(ana, second, "elsewhere", client_id=client_id))["result"]["duplicate"] is False
    async with connect_peer(chat.instance.port) as ben:
        await ben.open(chat.ben.token)
        assert (await send(ben, chat.group, "his", client_id=client_id))["result"]["duplicate"] is False


@pytest.mark.parametrize(
    ("last", "code"),
    [(frames.close(1000), 1000), (frames.frame(3), 1002), (frames.text("nonsense"), 4500)],
    ids=["close", "violation", "bad frame"],
)
async def test_message_sent_before_the_close_is_stored(
    last: bytes, code: int, ana: Peer, chat: ChatFixture, caplog: pytest.LogCaptureFixture
) -> None:
    """No frame follows the Close; a peer that does not answer it is aborted."""
    content = uuid4().hex
    ana.send(
        {
            "type": "message.send",
            "id": 1,
            "conversation_id": chat.group,
            "client_id": uuid4().hex,
            "content": content,
        }
    )
    ana.write(last)
    ending = await ana.read_until_closed(reply_to_close=False)
    assert ending.code == code
    assert ending.messages == []
    async with asyncio.timeout(20):
        while content not in str(await chat.api.get_conversation(chat.ben, chat.group)):
            pass
    # A store that was slow before may log its return meanwhile, which is a warning.
    assert not [record for record in caplog.records if record.exc_info or record.levelname == "ERROR"]


async def test_connection_sends_in_order(ana: Peer, chat: ChatFixture) -> None:
    """A pipelined burst gets seqs and replies in order."""
    before = await get_last_seq(chat)
    for number in range(50):
        ana.send(
            {
                "type": "message.send",
                "id": number,
                "conversation_id": chat.group,
                "client_id": uuid4().hex,
                "content": f"number {number}",
            }
        )
    replies = [await ana.next_of("ok", "error") for _ in range(50)]
    assert [reply["id"] for reply in replies] == list(range(50))
    assert [reply["result"]["seq"] for reply in replies] == list(range(before + 1, before + 51))
    path = f"/v1/conversations/{chat.group}/messages?after={before}&limit=100"
    stored = (await chat.api.get(chat.ben, path))["items"]
    assert [entry["content"] for entry in stored] == [f"number {number}" for number in range(50)]


async def test_removed_member_cannot_send(chat: ChatFixture) -> None:
    """`conversation.not_found`; `conversation.left` is the last frame they get of it."""
    group = (await chat.api.group(chat.ana, chat.ben, chat.eve))["id"]
    async with connect_peer(chat.instance.port) as eve:
        await eve.open(chat.eve.token)
        assert (await send(eve, group, "still here"))["type"] == "ok"
        await chat.api.expect(
            204, chat.ana, "DELETE", f"/v1/conversations/{group}/participants/{chat.eve.id}"
        )
        refused = await send(eve, group, "and gone")
        assert_error(refused, "conversation.not_found")
        read = await eve.request("conversation.read", conversation_id=group, seq=1)
        assert_error(read, "conversation.not_found")
        await assert_alive(eve)
        await chat.api.send(chat.ben, group, "not for her")
        if not any(frame["type"] == "conversation.left" for frame in eve.skipped):
            eve.skipped.append(await eve.next_of("conversation.left"))
        await send(eve, chat.foreign, "a mark")
        while (await eve.next_of("message.created"))["message"]["content"] != "a mark":
            pass
        of_it = [frame for frame in eve.skipped if frame.get("conversation_id") == group]
    assert of_it[-1]["type"] == "conversation.left"
    assert "not for her" not in str(of_it)
