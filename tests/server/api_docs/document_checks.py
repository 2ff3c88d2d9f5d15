"""What the server says, held against the AsyncAPI document. Never a second description of a frame."""

from collections.abc import Iterable
from typing import Any

from tests.server.api_docs.json_schema import schema_errors

Json = Any


def assert_valid_frame(document: Json, payload: Json) -> None:
    """Fail when this is no frame that the document says may come over the socket."""
    _assert_valid(document, payload, _pushed_messages(document, "socket"))


def assert_valid_event(document: Json, payload: Json) -> None:
    """Fail when this is no frame that the document says may come by Server-Sent Events."""
    _assert_valid(document, payload, _pushed_messages(document, "stream"))


def assert_valid_reply(document: Json, command: str, payload: Json) -> None:
    """Fail when this is not what the document says may answer that command."""
    (operation,) = (
        one
        for one in document["operations"].values()
        if "reply" in one and _types(document, one) == {command}
    )
    _assert_valid(document, payload, _names(operation["reply"]["messages"]))


def _pushed_messages(document: Json, channel: str) -> list[str]:
    """The messages with which the server itself begins, and those with which it answers."""
    operations = [
        one for one in document["operations"].values() if one["channel"]["$ref"] == f"#/channels/{channel}"
    ]
    told = [one["messages"] for one in operations if one["action"] == "send"]
    answers = [one["reply"]["messages"] for one in operations if "reply" in one]
    return [name for references in (*told, *answers) for name in _names(references)]


def _types(document: Json, operation: Json) -> set[str]:
    return {document["components"]["messages"][name]["name"] for name in _names(operation["messages"])}


def _names(references: Iterable[Json]) -> list[str]:
    return [reference["$ref"].rpartition("/")[2] for reference in references]


def _assert_valid(document: Json, payload: Json, names: Iterable[str]) -> None:
    parts = document["components"]
    found = {
        name: schema_errors(parts["messages"][name]["payload"], payload, parts["schemas"])
        for name in names
        if parts["messages"][name]["name"] == payload["type"]
    }
    assert found, f"{payload['type']} is not published: {payload}"
    assert [] in found.values(), (found, payload)
