"""A server with a group, and helpers for tests of commands."""

from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from server.instance import Instance
from tests.server.api_client import ApiClient
from tests.server.registered_users import RegisteredUser
from tests.server.websocket.peer import Peer

Json = Any
UNKNOWN_ID = "0123456789abcdef01234567"


@dataclass(frozen=True)
class ChatFixture:
    """A server, a group of the first two users, and a user outside of it."""

    instance: Instance
    api: ApiClient
    ana: RegisteredUser
    ben: RegisteredUser
    eve: RegisteredUser
    group: str
    foreign: str


async def get_last_seq(chat: ChatFixture) -> int:
    seq: int = (await chat.api.get_conversation(chat.ana, chat.group))["last_seq"]
    return seq


async def assert_alive(connected: Peer) -> None:
    assert (await connected.request("ping"))["type"] == "ok"


def assert_error(answer: Json, *codes: str) -> None:
    assert answer["type"] == "error", answer
    assert answer["code"] in codes, answer
    assert isinstance(answer["detail"], str)
    assert isinstance(answer["retry"], bool)


async def assert_bad_frame(connected: Peer) -> None:
    ending = await connected.read_until_closed()
    assert ending.code == 4500
    assert ending.goodbye is not None
    assert ending.goodbye["code"] == 4500
    assert ending.goodbye["resume"] is False
    assert not [message for message in ending.messages if message["type"] in {"ok", "error"}]


async def send(connected: Peer, conversation_id: str, content: Json = "words", **more: Json) -> Json:
    client_id = more.pop("client_id", None) or uuid4().hex
    return await connected.request(
        "message.send", conversation_id=conversation_id, client_id=client_id, content=content, **more
    )
