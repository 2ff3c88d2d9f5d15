"""Commands and frames as messages of the AsyncAPI document, with schema, description and example."""

from collections.abc import Iterable
from typing import Final, get_args, get_origin

from msgspec import Raw, Struct
from msgspec.inspect import StructType, type_info

from actors.protocol.server_frames import Ok, server_frame_encoder
from actors.sessions.command_registry import REGISTRATIONS
from server.api_docs.asyncapi_document import Example, Message
from server.api_docs.examples import EXAMPLES
from server.api_docs.frame_catalog import delivery_info
from server.api_docs.openapi_document import Reference
from server.api_docs.schemas import SCHEMA_REF_PREFIX, Schemas, describe_struct

CORRELATION_ID_NAME: Final = "frame"


class Messages:
    """Commands and frames as message components, by the name of their struct.

    `type` is not unique: `conversation.read` is a command and a pushed frame.
    """

    def __init__(self, kinds: Iterable[type[Struct]]) -> None:
        published = tuple(dict.fromkeys(kinds))
        schemas = Schemas(published, ())
        self.schemas = dict(sorted(schemas.by_name.items()))
        self._names = {
            kind: schemas.reference(kind)["$ref"].removeprefix(SCHEMA_REF_PREFIX) for kind in published
        }
        self.by_name = {name: _message(kind, name) for kind, name in self._names.items()}

    def references(self, kinds: Iterable[type[Struct]], channel: str) -> tuple[Reference, ...]:
        """Return references to messages of a channel."""
        return tuple(Reference(f"#/channels/{channel}/messages/{self._names[kind]}") for kind in kinds)

    def channel_messages(self, kinds: Iterable[type[Struct]]) -> dict[str, Reference]:
        """Return the messages of a channel, by name."""
        names = dict.fromkeys(self._names[kind] for kind in kinds)
        return {name: Reference(f"#/components/messages/{name}") for name in names}


def _message(kind: type[Struct], name: str) -> Message:
    wire_type = frame_type(kind)
    summary, description = describe_struct(kind)
    has_id = "id" in (get_origin(kind) or kind).__struct_fields__
    example = EXAMPLES.get(kind)
    return Message(
        name=wire_type,
        title=_message_title(kind, wire_type),
        summary=summary,
        description=description,
        payload=Reference(SCHEMA_REF_PREFIX + name),
        correlation_id=Reference(f"#/components/correlationIds/{CORRELATION_ID_NAME}") if has_id else None,
        examples=() if example is None else (Example(Raw(server_frame_encoder.encode(example))),),
        delivery=delivery_info(kind),
    )


def frame_type(kind: type[Struct]) -> str:
    """Return the `type` of a frame on the wire."""
    info = type_info(kind)
    assert isinstance(info, StructType)
    return str(info.tag)


def _message_title(kind: type[Struct], wire_type: str) -> str:
    """Return the `type` of a frame; for `ok`, also the result and the commands that return it."""
    if get_origin(kind) is not Ok:
        return wire_type
    (result,) = get_args(kind)
    commands = ", ".join(command.frame_type for command in REGISTRATIONS.values() if command.reply is kind)
    return f"{wire_type} {{{result.__name__}}}: {commands}"
