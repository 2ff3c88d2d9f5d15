"""A server with a group on it, and what the tests of commands say and expect again and again.

Never judges what a command did; it only reads an answer.
"""

from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from run import Instance
from tests.server.api import Api
from tests.server.people import Person
from tests.server.socket.peer import Peer

Json = Any
UNKNOWN_ID = "0123456789abcdef01234567"


@dataclass(frozen=True)
class Scene:
    """A server, a group of the first two, and one who is not in it."""

    instance: Instance
    api: Api
    ana: Person
    ben: Person
    eve: Person
    group: str
    foreign: str


async def head(scene: Scene) -> int:
    seq: int = (await scene.api.look(scene.ana, scene.group))["last_seq"]
    return seq


async def assert_alive(connected: Peer) -> None:
    assert (await connected.ask("ping"))["type"] == "ok"


def assert_error(answer: Json, *codes: str) -> None:
    assert answer["type"] == "error", answer
    assert answer["code"] in codes, answer
    assert isinstance(answer["detail"], str)
    assert isinstance(answer["retry"], bool)


async def assert_bad_frame(connected: Peer) -> None:
    ending = await connected.ending()
    assert ending.code == 4500
    assert ending.goodbye is not None
    assert ending.goodbye["code"] == 4500
    assert ending.goodbye["resume"] is False
    assert not [message for message in ending.messages if message["type"] in {"ok", "error"}]


async def send(connected: Peer, conversation_id: str, content: Json = "words", **more: Json) -> Json:
    client_id = more.pop("client_id", None) or uuid4().hex
    return await connected.ask(
        "message.send", conversation_id=conversation_id, client_id=client_id, content=content, **more
    )
