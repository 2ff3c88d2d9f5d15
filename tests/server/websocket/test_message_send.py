"""Tests of `message.send`: stored and delivered, or rejected with nothing stored."""

from typing import Any
from uuid import uuid4

import pytest

from tests.server.websocket import frames
from tests.server.websocket.chat_fixture import (
    UNKNOWN_ID,
    ChatFixture,
    assert_alive,
    assert_error,
    get_last_seq,
    send,
)
from tests.server.websocket.peer import Peer, connect_peer

pytestmark = pytest.mark.asyncio(loop_scope="module", loop_factories=["uvloop"])
Json = Any


async def test_message_is_stored_and_delivered(ana: Peer, chat: ChatFixture) -> None:
    """`ok` with its seq; every member gets it, also the sender's own connection."""
    async with connect_peer(chat.instance.port) as ben:
        await ben.open(chat.ben.token)
        before = await get_last_seq(chat)
        sent = {"conversation_id": chat.group, "client_id": uuid4().hex, "content": "  hello \u20ac  "}
        ana.send({"type": "message.send", "id": "s", **sent, "mentions": [chat.ben.id]})
        answer, own = None, None
        while answer is None or own is None:
            received = await ana.next_of("ok", "message.created")
            if received["type"] == "ok":
                answer = received
            else:
                own = received
        result = answer["result"]
        assert result.keys() == {"message_id", "seq", "created_at", "duplicate"}
        assert result["seq"] == before + 1
        assert result["duplicate"] is False
        theirs = await ben.next_of("message.created")
        for event in (own, theirs):
            assert event["conversation_id"] == chat.group
            assert event["seq"] == result["seq"]
            message = event["message"]
            assert message["id"] == result["message_id"]
            assert message["seq"] == message["changed_seq"] == result["seq"]
            assert message["created_at"] == result["created_at"]
            assert message["sender_id"] == chat.ana.id
            assert message["client_id"] == sent["client_id"]
            assert message["content"] == "hello \u20ac"
            assert message["message_type"] == "TEXT"
            assert message["mentions"] == [chat.ben.id]
            assert message["reply_to"] is None
            assert message["edited_at"] is None
            assert message["deleted_at"] is None


@pytest.mark.parametrize(
    "content",
    ["x", "x" * 4000, "\U0001f600" * 4000, "  " + "y" * 4000 + "\n", "\ufffd\ufeff"],
    ids=["one", "4000", "4000 emoji", "4000 trimmed", "odd"],
)
async def test_content_within_the_bounds_is_stored_unchanged(
    content: str, ana: Peer, chat: ChatFixture
) -> None:
    """Characters are code points, after trimming."""
    answer = await send(ana, chat.group, content)
    assert answer["type"] == "ok", answer
    path = f"/v1/conversations/{chat.group}/messages?after={answer['result']['seq'] - 1}&limit=1"
    stored = (await chat.api.get(chat.ben, path))["items"]
    assert [message["content"] for message in stored] == [content.strip()]


@pytest.mark.parametrize(
    "content",
    [
        "",
        " ",
        " \t\r\n\u00a0\u2003 ",
        "\u0000",
        "a\u0000b",
        "x" * 4001,
        "\U0001f600" * 4001,
        "x" * 60_000,
        None,
        5,
        ["x"],
        {"a": 1},
        True,
    ],
    ids=lambda content: repr(content)[:20],
)
async def test_content_out_of_bounds_is_rejected(content: Json, ana: Peer, chat: ChatFixture) -> None:
    """`request.invalid`, nothing stored."""
    before = await get_last_seq(chat)
    answer = await send(ana, chat.group, content)
    assert_error(answer, "request.invalid")
    assert answer["retry"] is False
    assert await get_last_seq(chat) == before
    await assert_alive(ana)


@pytest.mark.parametrize("escape", [b"\\ud800", b"\\udc00", b"\\ud83d", b"\\udc00\\ud800", b"a\\ud800b"])
async def test_lone_surrogate_is_rejected(escape: bytes, ana: Peer, chat: ChatFixture) -> None:
    """With an error for its id or as an undecodable frame; nothing stored."""
    before = await get_last_seq(chat)
    ana.write(
        frames.text(
            b'{"type":"message.send","id":1,"conversation_id":"'
            + chat.group.encode()
            + b'","client_id":"surrogate","content":"'
            + escape
            + b'"}'
        )
    )
    message = await ana.next_of("ok", "error", "goodbye")
    assert message["type"] != "ok"
    assert message["code"] in {"request.invalid", 4500}
    assert await get_last_seq(chat) == before


MISSING = ["conversation_id", "client_id", "content"]


@pytest.mark.parametrize("field", MISSING)
@pytest.mark.parametrize("value", [..., None, 5, ["x"], {"x": 1}, True], ids=repr)
async def test_missing_or_wrong_field_is_rejected(
    field: str, value: Json, ana: Peer, chat: ChatFixture
) -> None:
    """`request.invalid` with its id, nothing stored."""
    before = await get_last_seq(chat)
    sent: dict[str, Json] = {"conversation_id": chat.group, "client_id": uuid4().hex, "content": "x"}
    if value is ...:
        del sent[field]
    else:
        sent[field] = value
    assert_error(await ana.request("message.send", **sent), "request.invalid")
    assert await get_last_seq(chat) == before
    await assert_alive(ana)


@pytest.mark.parametrize("client_id", ["", "x" * 201])
async def test_client_id_has_1_to_200_characters(client_id: str, ana: Peer, chat: ChatFixture) -> None:
    """Any other length is `request.invalid`."""
    sent = {"conversation_id": chat.group, "client_id": client_id, "content": "x"}
    assert_error(await ana.request("message.send", **sent), "request.invalid")


@pytest.mark.parametrize(
    "mentions",
    [
        "x",
        [5],
        [None],
        ["nobody"],
        ["0123456789abcdef01234567"],
        [""],
        {"a": 1},
        ["00000000-0000-4000-8000-0000000000ff"] * 2 + ["no"],
    ],
    ids=lambda mentions: repr(mentions)[:30],
)
async def test_mentions_must_be_user_ids(mentions: Json, ana: Peer, chat: ChatFixture) -> None:
    """Anything else is `request.invalid`, nothing stored."""
    before = await get_last_seq(chat)
    assert_error(await send(ana, chat.group, mentions=mentions), "request.invalid")
    assert await get_last_seq(chat) == before
    await assert_alive(ana)


async def test_unknown_and_foreign_and_malformed_conversations_look_the_same(
    ana: Peer, chat: ChatFixture
) -> None:
    """The same error, so ids cannot be probed."""
    wrong = [
        chat.foreign,
        UNKNOWN_ID,
        "",
        "x",
        "0" * 23,
        "G" * 24,
        "0" * 25,
        chat.group.upper() + " ",
        "../x",
        "$ne",
    ]
    answers = []
    for conversation_id in wrong:
        answer = await send(ana, conversation_id)
        answer.pop("id")
        answers.append(answer)
        read = await ana.request("conversation.read", conversation_id=conversation_id, seq=1)
        read.pop("id")
        answers.append(read)
    assert_error(answers[0], "conversation.not_found")
    assert all(answer == answers[0] for answer in answers), answers
    await assert_alive(ana)


async def test_reply_must_be_in_the_same_conversation(ana: Peer, chat: ChatFixture) -> None:
    """Messages of another conversation, unknown and malformed ids get the same error; nothing stored."""
    here = (await chat.api.send(chat.ben, chat.group, "here"))["id"]
    there = (await chat.api.send(chat.ben, chat.foreign, "there"))["id"]
    before = await get_last_seq(chat)
    codes = set()
    for reply_to in (there, UNKNOWN_ID, "nonsense", ""):
        answer = await send(ana, chat.group, reply_to=reply_to)
        assert_error(answer, "message.not_found", "request.invalid")
        codes.add(answer["code"])
    assert len(codes) == 1
    for reply_to in (5, ["x"], True):
        assert_error(await send(ana, chat.group, reply_to=reply_to), "request.invalid")
    assert await get_last_seq(chat) == before
    answer = await send(ana, chat.group, reply_to=here)
    assert answer["type"] == "ok", answer
    assert (await send(ana, chat.group, reply_to=None))["type"] == "ok"
