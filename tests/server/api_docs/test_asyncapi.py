"""The AsyncAPI document against the protocol structs, the close codes and the handshake."""

import copy
import re
from typing import Any, get_args, get_origin

import msgspec
import pytest
from multidict import CIMultiDict

from actors.protocol import results
from actors.protocol import server_frames as wire
from actors.protocol.commands import COMMAND_TYPES, Command, json_decoders, msgpack_decoders
from actors.protocol.errors import ERROR_SPECS, ApiError
from actors.protocol.server_frames import LogFrame, Ok, ServerFrame, SessionFrame, StreamFrame
from actors.sessions.command_registry import REGISTRATIONS
from actors.sessions.transport import CloseCode
from config.limits import FRAME_BYTES, Limits
from server.api_docs.asyncapi import asyncapi_document
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
    """Return the messages of a channel, by name."""
    return {
        name: document["components"]["messages"][name]
        for name in names(list(document["channels"][channel]["messages"].values()))
    }


def schema(document: Json, name: str) -> Json:
    return document["components"]["schemas"][name]


def commands(document: Json) -> Json:
    """Return the operations that receive a command, by the name of the command."""
    return {
        names(operation["messages"])[0]: operation
        for operation in document["operations"].values()
        if operation["action"] == "receive"
    }


def encoded(struct: msgspec.Struct) -> Json:
    return msgspec.json.decode(wire.server_frame_encoder.encode(struct))


# --- completeness


def test_every_decoded_command_is_published(document: Json) -> None:
    """The document has one receive operation for each member of the command union, and no others."""
    received = commands(document)
    assert received.keys() == {kind.__name__ for kind in get_args(Command)}
    assert {messages(document, "socket")[name]["name"] for name in received} == COMMAND_TYPES


def test_every_server_frame_is_published(document: Json) -> None:
    """Each member of the frame union is pushed or a reply, with one `ok` for each result."""
    received = commands(document)
    results = {f"{get_args(kind)[0].__name__}Ok" for kind in EXAMPLES if get_origin(kind) is Ok}
    frames = {kind.__name__ for kind in get_args(ServerFrame) if get_origin(kind) is not Ok}
    assert messages(document, "socket").keys() - received.keys() == frames | results
    sent = [
        name
        for operation in document["operations"].values()
        if operation["channel"]["$ref"] == "#/channels/socket"
        for name in names(
            operation["messages"] if operation["action"] == "send" else operation["reply"]["messages"]
        )
    ]
    assert set(sent) == frames | results


def test_components_are_all_used(document: Json) -> None:
    """Every message component belongs to a channel, every schema is referenced."""
    used = messages(document, "socket").keys() | messages(document, "stream").keys()
    assert document["components"]["messages"].keys() == used
    text = msgspec.json.encode(document).decode()
    referenced = set(re.findall(r'"#/components/schemas/(\w+)"', text))
    assert referenced == document["components"]["schemas"].keys()


def test_references_resolve(document: Json) -> None:
    """Each `$ref` is a path in the document, and the messages of an operation belong to its channel."""

    def references(part: Json) -> list[str]:
        match part:
            case {"$ref": str(reference)}:
                return [reference]
            case dict():
                return [reference for value in part.values() for reference in references(value)]
            case list():
                return [reference for value in part for reference in references(value)]
            case _:
                return []

    all_references = references(document)
    assert len(all_references) == msgspec.json.encode(document).count(b'"$ref"')
    for reference in all_references:
        part = document
        for key in reference.removeprefix("#/").split("/"):
            assert key in part, reference
            part = part[key]
    for operation in document["operations"].values():
        prefix = f"{operation['channel']['$ref']}/messages/"
        messages_of_operation = [*operation["messages"], *operation.get("reply", {}).get("messages", ())]
        assert all(reference["$ref"].startswith(prefix) for reference in messages_of_operation)


def test_every_message_and_operation_is_described(document: Json) -> None:
    """The summary is a sentence of its docstring without the full stop, not the name of the struct."""
    for name, message in document["components"]["messages"].items():
        assert message["summary"] not in {name, ""}, name
        assert "`\n" not in message["summary"]
        assert not message["summary"].endswith("."), name
    for name, operation in document["operations"].items():
        assert operation["title"], name
        assert operation["summary"], name


def test_document_satisfies_the_asyncapi_parser(document: Json) -> None:
    """A licence, servers that exist, and messages, schemas and operations with valid names."""
    assert document["info"]["license"].keys() == {"name", "url"}
    for channel in document["channels"].values():
        assert {server["$ref"].removeprefix("#/servers/") for server in channel["servers"]} <= document[
            "servers"
        ].keys()
    components = document["components"]
    for name in (*components["messages"], *components["schemas"], *document["operations"]):
        assert re.fullmatch(r"[a-zA-Z0-9._-]+", name)


# --- replies


def test_every_command_declares_its_replies(document: Json) -> None:
    """`error`, and either `ok` with the schema of the result or, for `authenticate`, `ready`."""
    for name, operation in commands(document).items():
        replies = names(operation["reply"]["messages"])
        assert replies[-1] == "Error", name
        if name == "Authenticate":
            assert replies[:-1] == ["Ready"]
            continue
        (ok,) = replies[:-1]
        result = schema(document, ok)["properties"]["result"]["$ref"].rpartition("/")[2]
        assert f"{result}Ok" == ok
        assert schema(document, ok)["properties"]["type"]["enum"] == ["ok"]


def test_every_result_struct_belongs_to_a_command() -> None:
    """The protocol has no result struct that no command returns."""
    returned = {get_args(kind)[0] for kind in EXAMPLES if get_origin(kind) is Ok}
    defined = {
        kind for name, kind in vars(results).items() if name.endswith("Result") and isinstance(kind, type)
    }
    assert returned == {*defined, results.Empty}


def test_operations_describe_how_commands_run(document: Json) -> None:
    """Order, limits and error codes are those of the registration; the limits are published ones."""
    published = document["channels"]["socket"]["x-limits"].keys()
    described = {
        operation["title"]: operation["x-command"]
        for operation in document["operations"].values()
        if operation["action"] == "receive"
    }
    assert described.keys() == {registration.frame_type for registration in REGISTRATIONS.values()}
    for registration in REGISTRATIONS.values():
        info = described[registration.frame_type]
        assert info["ordering"] == registration.ordering
        assert set(info["rate_limit"]) <= published
        assert tuple(info["errors"]) == registration.errors
        assert set(info["errors"]) <= ERROR_SPECS.keys()


def test_messages_with_an_id_have_a_correlation_id(document: Json) -> None:
    """Commands and replies have one, other frames do not."""
    for name, message in document["components"]["messages"].items():
        assert ("correlationId" in message) == ("id" in schema(document, name)["properties"]), name


# --- delivery


def test_durable_frames_are_numbered_and_ephemeral_frames_are_not(document: Json) -> None:
    """`seq` numbers the log of a conversation, `position` the user stream."""
    kinds = {"seq": get_args(LogFrame), "position": get_args(StreamFrame)}
    for position_field, frames in kinds.items():
        for frame in frames:
            delivery = document["components"]["messages"][frame.__name__]["x-delivery"]
            assert (delivery["durable"], delivery["place"]) == (True, position_field)
            assert position_field in schema(document, frame.__name__)["required"]
    durable = {frame.__name__ for frames in kinds.values() for frame in frames}
    for name, message in document["components"]["messages"].items():
        if name not in durable:
            assert not message.get("x-delivery", {"durable": False})["durable"], name
    control = {*get_args(SessionFrame), wire.Lagged}
    ephemeral = {kind.__name__ for kind in get_args(ServerFrame) if kind not in control} - durable
    assert set(names(document["operations"]["hints"]["messages"])) == ephemeral
    for name in ephemeral:
        assert document["components"]["messages"][name]["x-delivery"]["kind"] == "hints"
        assert "position" not in schema(document, name)["properties"]


def test_event_stream_has_no_frames_of_conversations(document: Json) -> None:
    """It carries the user stream and the ephemeral events of the user: no log frames, no replies."""
    streamed = messages(document, "stream").keys()
    assert {StreamReady.__name__, "Resync", "FeedPostCreated", "UserUpdated"} <= streamed
    assert {frame.__name__ for frame in get_args(StreamFrame)} <= streamed
    assert not {frame.__name__ for frame in get_args(LogFrame)} & streamed
    assert not {"PresenceChanged", "ReadReceipt", "Error", "Hello"} & streamed


# --- the connection


def test_servers_have_the_configured_address(document: Json) -> None:
    """The protocol follows the scheme of the base URL; only the event stream requires the bearer header."""
    socket, stream = document["servers"]["socket"], document["servers"]["stream"]
    assert (socket["protocol"], socket["host"], socket["pathname"]) == ("wss", "convene.example", "/in")
    assert (stream["protocol"], stream["security"]) == (
        "https",
        [{"$ref": "#/components/securitySchemes/bearer"}],
    )
    assert "security" not in socket
    insecure = asyncapi_document("1", "http://127.0.0.1:8080", Limits())
    assert (insecure.servers["socket"].protocol, insecure.servers["stream"].protocol) == ("ws", "http")


@pytest.mark.parametrize("protocol", ["convene.v1.json", "convene.v1.msgpack", "convene.v2.json"])
def test_published_sub_protocols_are_those_that_the_handshake_accepts(document: Json, protocol: str) -> None:
    """The handshake selects a published subprotocol and refuses any other."""
    channel = document["channels"]["socket"]
    published = {protocol["name"] for protocol in channel["x-sub-protocols"]}
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
        response, selected = accept_handshake("GET", (1, 1), CIMultiDict(headers))
        assert protocol.encode() in response
        assert selected.name == protocol
    else:
        with pytest.raises(ApiError):
            accept_handshake("GET", (1, 1), CIMultiDict(headers))


def test_limits_are_those_of_this_server(document: Json) -> None:
    """The values are the configured ones, with the names of `hello`, and the channel lists them."""
    limits = document["channels"]["socket"]["x-limits"]
    assert (limits["max_frame_bytes"], limits["heartbeat_ms"]) == (FRAME_BYTES, 12_345)
    assert set(wire.Hello.__struct_fields__) - {"server_time"} <= limits.keys()
    description = document["channels"]["socket"]["description"]
    assert all(f"| `{name}` | {value:,} |" in description for name, value in limits.items())


def test_every_close_code_is_published(document: Json) -> None:
    """The application codes and those of RFC 6455, each with a meaning; the range says whether to resume."""
    channel = document["channels"]["socket"]
    published = {info["code"]: info for info in channel["x-close-codes"]}
    application_codes = {code for name, code in vars(CloseCode).items() if name.isupper()}
    assert published.keys() == application_codes | {1002, 1007, 1009}
    for code, info in published.items():
        assert info["resume"] == (4000 <= code < 4500), code
        assert info["meaning"]
        assert info["name"]
        assert f"| {code} `{info['name']}` | {info['meaning']} |" in channel["description"]


# --- examples and payloads


@pytest.mark.parametrize("kind", EXAMPLES, ids=repr)
def test_example_is_valid(document: Json, kind: type[msgspec.Struct]) -> None:
    """An encoded example matches its schema, belongs to one message, and a command can be decoded again."""
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


def test_every_message_has_an_example(document: Json) -> None:
    """No command and no frame lacks one."""
    published = document["components"]["messages"]
    assert [name for name, message in published.items() if "examples" not in message] == []


def test_reply_of_another_command_is_invalid(document: Json) -> None:
    """A command accepts `error` and its own result, nothing else."""
    sent = encoded(EXAMPLES[Ok[results.SendResult]])
    assert_valid_reply(document, "message.send", sent)
    assert_valid_reply(document, "message.send", encoded(EXAMPLES[wire.Error]))
    with pytest.raises(AssertionError):
        assert_valid_reply(document, "message.edit", sent)
    with pytest.raises(AssertionError):
        assert_valid_reply(document, "message.send", encoded(EXAMPLES[wire.Ready]))


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"seq": "42"}, r"\$\.seq is not of type integer"),
        ({"seq": True}, r"\$\.seq is not of type integer"),
        ({"seq": None}, r"\$\.seq is not of type integer"),
        ({"more": 1}, r"\$\.more is not declared"),
        ({"type": "message.creating"}, "message.creating is not published"),
        ({"type": "message.send"}, "message.send is not published"),
        ({"message": {}}, r"\$\.message\.id is missing"),
    ],
    ids=str,
)
def test_invalid_frame_is_detected(document: Json, change: Json, fault: str) -> None:
    """Wrong, missing and undeclared fields, unknown types, and types that only clients send."""
    payload = {**encoded(EXAMPLES[wire.MessageCreated]), **change}
    with pytest.raises(AssertionError, match=fault):
        assert_valid_frame(document, payload)


def test_invalid_value_is_detected_at_any_depth(document: Json) -> None:
    """Maps, lists, alternatives and enumerations are validated."""
    schemas = document["components"]["schemas"]
    valid = encoded(EXAMPLES[wire.MessageUpdated])
    reader = {"user_id": "u", "read_at": valid["message"]["created_at"]}
    valid["message"]["delivery_status"] = {"read_by": [reader], "read_count": 1}
    assert schema_errors(schemas["MessageUpdated"], valid, schemas) == []
    for path, value in (
        (("message", "reactions", 0, "count"), 1.5),
        (("message", "message_type"), "VIDEO"),
        (("message", "edited_at"), 3),
        (("message", "delivery_status", "read_by", 0, "user_id"), None),
    ):
        invalid = copy.deepcopy(valid)
        part = invalid
        for key in path[:-1]:
            part = part[key]
        part[path[-1]] = value
        assert schema_errors(schemas["MessageUpdated"], invalid, schemas), path
    resume = {"session_id": "s", "epoch": "e", "position": 1, "conversations": {"c" * 65: 1, "d": -1}}
    assert len(schema_errors(schemas["Resume"], resume, schemas)) == 2
    with pytest.raises(AssertionError, match="unknown keyword"):
        schema_errors({"not": {}}, 1, schemas)
