"""Assertions that a frame of the server matches the AsyncAPI document."""

from collections.abc import Iterable
from typing import Any

from tests.server.api_docs.json_schema import schema_errors

Json = Any


def assert_valid_frame(document: Json, payload: Json) -> None:
    """Fail if the document does not declare this frame for the socket."""
    _assert_valid(document, payload, _sent_messages(document, "socket"))


def assert_valid_event(document: Json, payload: Json) -> None:
    """Fail if the document does not declare this frame for Server-Sent Events."""
    _assert_valid(document, payload, _sent_messages(document, "stream"))


def assert_valid_reply(document: Json, command: str, payload: Json) -> None:
    """Fail if the document does not declare this frame as a reply to the command."""
    (operation,) = (
        operation
        for operation in document["operations"].values()
        if "reply" in operation and _types(document, operation) == {command}
    )
    _assert_valid(document, payload, _names(operation["reply"]["messages"]))
    if payload["type"] == "error":
        assert payload["code"] in operation["x-command"]["errors"], (command, payload)


def _sent_messages(document: Json, channel: str) -> list[str]:
    """Return the messages that the server pushes on a channel, and its replies."""
    operations = [
        operation
        for operation in document["operations"].values()
        if operation["channel"]["$ref"] == f"#/channels/{channel}"
    ]
    pushed = [operation["messages"] for operation in operations if operation["action"] == "send"]
    replies = [operation["reply"]["messages"] for operation in operations if "reply" in operation]
    return [name for references in (*pushed, *replies) for name in _names(references)]


def _types(document: Json, operation: Json) -> set[str]:
    return {document["components"]["messages"][name]["name"] for name in _names(operation["messages"])}


def _names(references: Iterable[Json]) -> list[str]:
    return [reference["$ref"].rpartition("/")[2] for reference in references]


def _assert_valid(document: Json, payload: Json, names: Iterable[str]) -> None:
    components = document["components"]
    errors = {
        name: schema_errors(components["messages"][name]["payload"], payload, components["schemas"])
        for name in names
        if components["messages"][name]["name"] == payload["type"]
    }
    assert errors, f"{payload['type']} is not published: {payload}"
    assert [] in errors.values(), (errors, payload)
