"""The AsyncAPI document, made of the wire."""

import copy
import re
from typing import Any, get_args, get_origin

import msgspec
import pytest

from actors.protocol import server_frames as wire
from actors.protocol.commands import COMMAND_TYPES, Command, json_decoders, msgpack_decoders
from actors.protocol.errors import ApiError
from actors.protocol.server_frames import LogFrame, Ok, ServerFrame, SessionFrame, StreamFrame
from actors.sessions.transport import CloseCode
from config.limits import FRAME_BYTES, Limits
from server.api_docs.asyncapi import asyncapi_document
from server.api_docs.command_replies import replies_to
from server.api_docs.examples import EXAMPLES
from server.event_stream import StreamReady
from server.websocket.handshake import accept_handshake
from tests.server.api_docs.document_checks import assert_valid_event, assert_valid_frame, assert_valid_reply
from tests.server.api_docs.json_schema import schema_errors

Json = Any


@pytest.fixture(scope="module")
def document() -> Json:
    limits = Limits(heartbeat_ms=12_345)
    return msgspec.json.decode(
        msgspec.json.encode(asyncapi_document("1.2.3", "https://convene.example/in", limits))
    )


def names(references: list[Json]) -> list[str]:
    return [reference["$ref"].rpartition("/")[2] for reference in references]


def messages(document: Json, channel: str) -> Json:
    """The messages of a channel, by name."""
    return {
        name: document["components"]["messages"][name]
        for name in names(list(document["channels"][channel]["messages"].values()))
    }


def schema(document: Json, name: str) -> Json:
    return document["components"]["schemas"][name]


def commands(document: Json) -> Json:
    """The operations that have a reply, by the name of what they receive."""
    return {
        names(one["messages"])[0]: one
        for one in document["operations"].values()
        if one["action"] == "receive"
    }


def encoded(struct: msgspec.Struct) -> Json:
    return msgspec.json.decode(wire.server_frame_encoder.encode(struct))


# --- complete


def test_commands_are_those_that_are_decoded_and_no_others(document: Json) -> None:
    """Each member of the union is received once, with the `type` by which it is known."""
    received = commands(document)
    assert received.keys() == {kind.__name__ for kind in get_args(Command)}
    assert {messages(document, "socket")[name]["name"] for name in received} == COMMAND_TYPES


def test_frames_are_those_that_are_said_and_no_others(document: Json) -> None:
    """Each member of the union is sent or answers, and `ok` once for each result."""
    received = commands(document)
    results = {f"{get_args(kind)[0].__name__}Ok" for kind in EXAMPLES if get_origin(kind) is Ok}
    said = {kind.__name__ for kind in get_args(ServerFrame) if get_origin(kind) is not Ok}
    assert messages(document, "socket").keys() - received.keys() == said | results
    sent = [
        name
        for one in document["operations"].values()
        if one["channel"]["$ref"] == "#/channels/socket"
        for name in names(one["messages"] if one["action"] == "send" else one["reply"]["messages"])
    ]
    assert set(sent) == said | results


def test_nothing_else_is_published(document: Json) -> None:
    """No message and no schema stands there for nothing."""
    used = messages(document, "socket").keys() | messages(document, "stream").keys()
    assert document["components"]["messages"].keys() == used
    text = msgspec.json.encode(document).decode()
    mapped = set(re.findall(r'"#/components/schemas/(\w+)"', text))
    assert mapped == document["components"]["schemas"].keys()


def test_every_reference_leads_somewhere(document: Json) -> None:
    """Each `$ref` is a path in the document; an operation's messages are its channel's."""

    def references(part: Json) -> list[str]:
        match part:
            case {"$ref": str(reference)}:
                return [reference]
            case dict():
                return [one for value in part.values() for one in references(value)]
            case list():
                return [one for value in part for one in references(value)]
            case _:
                return []

    found = references(document)
    assert len(found) == msgspec.json.encode(document).count(b'"$ref"')
    for reference in found:
        place, part = reference.removeprefix("#/").split("/"), document
        for step in place:
            assert step in part, reference
            part = part[step]
    for operation in document["operations"].values():
        told = [*operation["messages"], *operation.get("reply", {}).get("messages", ())]
        assert all(one["$ref"].startswith(f"{operation['channel']['$ref']}/messages/") for one in told)


def test_every_message_is_told(document: Json) -> None:
    """A summary that says more than the name, and a description of whatever takes one."""
    for name, message in document["components"]["messages"].items():
        assert message["summary"] not in {name, ""}, name
        assert "`\n" not in message["summary"]
        assert not message["summary"].endswith("."), name
    for name, operation in document["operations"].items():
        assert operation["summary"], name


# --- answers


def test_every_command_names_its_result(document: Json) -> None:
    """One `ok` and one `error`, the `ok` with the schema of the result; `authenticate` has `ready`."""
    for name, operation in commands(document).items():
        answered = names(operation["reply"]["messages"])
        assert answered[-1] == "Error", name
        if name == "Authenticate":
            assert answered[:-1] == ["Ready", "Resync"]
            continue
        (ok,) = answered[:-1]
        result = schema(document, ok)["properties"]["result"]["$ref"].rpartition("/")[2]
        assert f"{result}Ok" == ok
        assert schema(document, ok)["properties"]["type"]["enum"] == ["ok"]


def test_every_result_is_of_some_command() -> None:
    """A result struct of the wire that no command has is dead, or forgotten here."""
    named = {get_args(kind)[0] for kind in EXAMPLES if get_origin(kind) is Ok}
    there = {kind for name, kind in vars(wire).items() if name.endswith("Result") and isinstance(kind, type)}
    assert named == {*there, wire.Empty}


def test_command_without_an_answer_is_found_at_the_start() -> None:
    """Whoever adds a command says what answers it."""

    class Wave(msgspec.Struct, tag="wave"):
        id: int

    with pytest.raises(ValueError, match="Wave"):
        replies_to(Wave)


def test_answers_are_found_by_the_id_of_the_command(document: Json) -> None:
    """Whatever has an id points at it, and nothing else does."""
    for name, message in document["components"]["messages"].items():
        assert ("correlationId" in message) == ("id" in schema(document, name)["properties"]), name


# --- what may be missed


def test_durable_frames_have_a_place_and_hints_have_none(document: Json) -> None:
    """`seq` in a conversation's log, `position` in the user's stream; hints are sent by themselves."""
    kinds = {"seq": get_args(LogFrame), "position": get_args(StreamFrame)}
    for place, frames in kinds.items():
        for frame in frames:
            told = document["components"]["messages"][frame.__name__]["x-delivery"]
            assert (told["durable"], told["place"]) == (True, place)
            assert place in schema(document, frame.__name__)["required"]
    durable = {frame.__name__ for frames in kinds.values() for frame in frames}
    for name, message in document["components"]["messages"].items():
        if name not in durable:
            assert not message.get("x-delivery", {"durable": False})["durable"], name
    control = {*get_args(SessionFrame), wire.Lagged}
    hints = {kind.__name__ for kind in get_args(ServerFrame) if kind not in control} - durable
    assert set(names(document["operations"]["hints"]["messages"])) == hints
    for name in hints:
        assert document["components"]["messages"][name]["x-delivery"]["kind"] == "hints"
        assert "position" not in schema(document, name)["properties"]


def test_stream_tells_the_user_and_no_conversation(document: Json) -> None:
    """The frames of the user's stream and its hints; none of a room, no answers."""
    told = messages(document, "stream").keys()
    assert {StreamReady.__name__, "Resync", "FeedPostCreated", "UserUpdated"} <= told
    assert {frame.__name__ for frame in get_args(StreamFrame)} <= told
    assert not {frame.__name__ for frame in get_args(LogFrame)} & told
    assert not {"PresenceChanged", "ReadReceipt", "Error", "Hello"} & told


# --- the connection


def test_servers_are_where_people_find_this_one(document: Json) -> None:
    """The scheme says whether the connection is safe; only the stream needs the header."""
    socket, stream = document["servers"]["socket"], document["servers"]["stream"]
    assert (socket["protocol"], socket["host"], socket["pathname"]) == ("wss", "convene.example", "/in")
    assert (stream["protocol"], stream["security"]) == (
        "https",
        [{"$ref": "#/components/securitySchemes/bearer"}],
    )
    assert "security" not in socket
    plain = asyncapi_document("1", "http://127.0.0.1:8080", Limits())
    assert (plain.servers["socket"].protocol, plain.servers["stream"].protocol) == ("ws", "http")


@pytest.mark.parametrize("protocol", ["convene.v1.json", "convene.v1.msgpack", "convene.v2.json"])
def test_sub_protocols_are_those_of_the_handshake(document: Json, protocol: str) -> None:
    """One that the server does not speak is not published, one that it speaks is."""
    channel = document["channels"]["socket"]
    published = {one["name"] for one in channel["x-sub-protocols"]}
    assert published == set(
        channel["bindings"]["ws"]["headers"]["properties"]["Sec-WebSocket-Protocol"]["enum"]
    )
    headers = {
        "Upgrade": "websocket",
        "Connection": "Upgrade",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
        "Sec-WebSocket-Protocol": protocol,
    }
    if protocol in published:
        answer, agreed = accept_handshake("GET", (1, 1), headers)
        assert protocol.encode() in answer
        assert agreed.name == protocol
    else:
        with pytest.raises(ApiError):
            accept_handshake("GET", (1, 1), headers)


def test_bounds_are_those_of_this_server(document: Json) -> None:
    """As configured, and with the names that `hello` has."""
    limits = document["channels"]["socket"]["x-limits"]
    assert (limits["max_frame_bytes"], limits["heartbeat_ms"]) == (FRAME_BYTES, 12_345)
    assert set(wire.Hello.__struct_fields__) - {"server_time"} <= limits.keys()


def test_close_codes_are_all_told(document: Json) -> None:
    """The server's own and those of RFC 6455; the range says whether to resume."""
    told = {one["code"]: one for one in document["channels"]["socket"]["x-close-codes"]}
    own = {code for name, code in vars(CloseCode).items() if name.isupper()}
    assert told.keys() == own | {1002, 1007, 1009}
    for code, one in told.items():
        assert one["resume"] == (4000 <= code < 4500), code
        assert one["meaning"]
        assert one["name"]


# --- payloads


@pytest.mark.parametrize("kind", EXAMPLES, ids=repr)
def test_samples_are_as_published(document: Json, kind: type[msgspec.Struct]) -> None:
    """What the encoder writes is what the schema says; each is an example of its message."""
    payload = encoded(EXAMPLES[kind])
    (name,) = (
        name
        for name, message in document["components"]["messages"].items()
        if [{"payload": payload}] == message.get("examples")
    )
    message = document["components"]["messages"][name]
    assert message["name"] == payload["type"]
    assert schema_errors(message["payload"], payload, document["components"]["schemas"]) == []
    if name in commands(document):
        assert encoded(json_decoders.command(msgspec.json.encode(payload))) == payload
        assert encoded(msgpack_decoders.command(msgspec.msgpack.encode(payload))) == payload
    elif name in messages(document, "socket"):
        assert_valid_frame(document, payload)
    else:
        assert_valid_event(document, payload)


def test_every_message_has_a_sample(document: Json) -> None:
    """Readers learn by looking."""
    untold = [name for name, one in document["components"]["messages"].items() if "examples" not in one]
    assert untold == []


def test_answer_is_of_its_command_alone(document: Json) -> None:
    """Another command's result is no answer."""
    sent = encoded(EXAMPLES[Ok[wire.SendResult]])
    assert_valid_reply(document, "message.send", sent)
    assert_valid_reply(document, "message.send", encoded(EXAMPLES[wire.Error]))
    with pytest.raises(AssertionError):
        assert_valid_reply(document, "message.edit", sent)
    with pytest.raises(AssertionError):
        assert_valid_reply(document, "message.send", encoded(EXAMPLES[wire.Ready]))


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"seq": "42"}, r"\$\.seq is no integer"),
        ({"seq": True}, r"\$\.seq is no integer"),
        ({"seq": None}, r"\$\.seq is no integer"),
        ({"more": 1}, r"\$\.more is not named"),
        ({"type": "message.creating"}, "message.creating is not published"),
        ({"type": "message.send"}, "message.send is not published"),
        ({"message": {}}, r"\$\.message\.id is missing"),
    ],
    ids=str,
)
def test_frame_that_is_not_as_published_is_found(document: Json, change: Json, fault: str) -> None:
    """Wrong, missing and unnamed fields, and types that are not the server's to say."""
    payload = {**encoded(EXAMPLES[wire.MessageCreated]), **change}
    with pytest.raises(AssertionError, match=fault):
        assert_valid_frame(document, payload)


def test_faults_are_found_at_any_depth(document: Json) -> None:
    """In maps, lists, alternatives and enumerations."""
    schemas = document["components"]["schemas"]
    whole = encoded(EXAMPLES[wire.MessageUpdated])
    for place, value in (
        (("message", "reactions", 0, "count"), 1.5),
        (("message", "message_type"), "VIDEO"),
        (("message", "edited_at"), 3),
        (("message", "delivery_status", "read_by", 0, "user_id"), None),
    ):
        broken = copy.deepcopy(whole)
        part = broken
        for step in place[:-1]:
            part = part[step]
        part[place[-1]] = value
        assert schema_errors(schemas["MessageUpdated"], broken, schemas), place
    resume = {"session_id": "s", "epoch": "e", "position": 1, "conversations": {"c" * 65: 1, "d": -1}}
    assert len(schema_errors(schemas["Resume"], resume, schemas)) == 2
    with pytest.raises(AssertionError, match="not known"):
        schema_errors({"not": {}}, 1, schemas)
