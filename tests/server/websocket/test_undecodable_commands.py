"""Frames that are not commands: an error for their `id` if they have one, else 4500."""

import msgspec
import pytest

from tests.server.websocket import frames
from tests.server.websocket.chat_fixture import assert_alive, assert_bad_frame, assert_error
from tests.server.websocket.peer import Peer

pytestmark = pytest.mark.asyncio(loop_scope="module", loop_factories=["uvloop"])


@pytest.mark.parametrize("number", [1, 0, -1, 2**63, "one", "", "x" * 200, "\u20ac\U0001f600", '"quoted"\\'])
async def test_any_integer_or_string_is_an_id(number: int | str, ana: Peer) -> None:
    """It is returned unchanged, with its type."""
    ana.send({"type": "ping", "id": number})
    answer = await ana.message()
    assert answer["type"] == "ok"
    assert answer["id"] == number
    assert type(answer["id"]) is type(number)


UNDECODABLE = [
    b"",
    b" ",
    b"hello",
    b"{",
    b'{"type":"ping","id":1',
    b'{"type":"ping","id":1}}',
    b'{"type":"ping","id":1}{"type":"ping","id":2}',
    b"{'type':'ping','id':1}",
    b'{"type":"ping","id":1,}',
    b'{"type":"ping","id":01}',
    b"null",
    b"1",
    b'"ping"',
    b"[]",
    b'[{"type":"ping","id":1}]',
    b"[" * 30_000,
    b"[" * 30_000 + b"]" * 30_000,
    b'{"a":' * 10_000 + b"1" + b"}" * 10_000,
    b'{"type":"ping"}',
    b'{"type":"ping","id":null}',
    b'{"type":"ping","id":1.5}',
    b'{"type":"ping","id":true}',
    b'{"type":"ping","id":[1]}',
    b'{"type":"ping","id":{"n":1}}',
    b'{"type":"nonsense"}',
    b"{}",
    b'\xef\xbb\xbf{"type":"ping","id":1}',
    b'{"type":"ping","id":NaN}',
]


@pytest.mark.parametrize("payload", UNDECODABLE, ids=lambda payload: repr(payload[:40]))
async def test_frame_without_an_id_closes_the_connection(payload: bytes, ana: Peer) -> None:
    """4500, because no error can be addressed."""
    ana.write(frames.text(payload))
    await assert_bad_frame(ana)


@pytest.mark.parametrize(
    "payload",
    [
        b'{"type":"nonsense","id":1}',
        b'{"type":"","id":1}',
        b'{"type":"PING","id":1}',
        b'{"type":"hello","id":1}',
        b'{"type":"ok","id":1,"result":{}}',
    ],
)
async def test_unknown_type_is_an_error(payload: bytes, ana: Peer) -> None:
    """`frame.unknown_type`; the connection stays open."""
    ana.write(frames.text(payload))
    assert_error(await ana.reply_to(1), "frame.unknown_type")
    await assert_alive(ana)


@pytest.mark.parametrize(
    "payload", [b'{"id":1}', b'{"id":1,"type":null}', b'{"id":1,"type":5}', b'{"id":1,"type":["ping"]}']
)
async def test_object_with_an_id_and_an_invalid_type_is_an_error(payload: bytes, ana: Peer) -> None:
    """The error has its id."""
    ana.write(frames.text(payload))
    assert_error(await ana.reply_to(1), "frame.unknown_type", "request.invalid")
    await assert_alive(ana)


@pytest.mark.parametrize(("kind", "code"), [("ping", "request.invalid"), ("nonsense", "frame.unknown_type")])
async def test_too_long_id_gets_an_error(kind: str, code: str, ana: Peer) -> None:
    """With that id: the object has one, so the connection stays open."""
    number = "x" * 201
    ana.send({"type": kind, "id": number})
    assert_error(await ana.reply_to(number), code)
    await assert_alive(ana)


async def test_unknown_fields_are_ignored(ana: Peer) -> None:
    """Whatever their values."""
    answer = await ana.request("ping", colour="green", nested={"a": [1, {"b": None}]}, content=5)
    assert answer["type"] == "ok"


async def test_deep_nesting_in_an_unknown_field_is_harmless(ana: Peer) -> None:
    """Answered or closed with 4500; the server stays up."""
    deep = b'{"type":"ping","id":1,"x":' + b"[" * 20_000 + b"]" * 20_000 + b"}"
    ana.write(frames.text(deep))
    frame = await ana.read_frame()
    if frame.opcode == frames.TEXT:
        assert msgspec.json.decode(frame.payload)["type"] in {"ok", "error", "goodbye"}


async def test_duplicate_ids_get_one_reply(ana: Peer) -> None:
    """To one of the two ids."""
    ana.write(frames.text(b'{"type":"ping","id":1,"id":2}'))
    answer = await ana.message()
    assert answer["type"] == "ok"
    assert answer["id"] in {1, 2}
    ana.send({"type": "ping", "id": 3})
    assert (await ana.message())["id"] == 3


async def test_ping_returns_time_and_stream_position(ana: Peer) -> None:
    """`{server_time, position}`."""
    result = (await ana.request("ping"))["result"]
    assert result.keys() == {"server_time", "position"}
    assert result["server_time"].endswith("Z")
    assert len(result["server_time"]) == len("2023-11-14T22:13:20.123Z")
    assert isinstance(result["position"], int)
