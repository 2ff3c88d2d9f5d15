"""Commands and frames as messages of the contract: words, payload and a sample, by the name of their struct.

`type` alone does not name one: `conversation.read` is said by both sides. Never makes a schema twice.
"""

from collections.abc import Iterable
from typing import Final, get_args, get_origin

from msgspec import Raw, Struct
from msgspec.inspect import StructType, type_info

from actors.protocol.server_frames import Ok, server_frame_encoder
from server.api_docs.asyncapi_document import Example, Message
from server.api_docs.command_replies import COMMANDS, replies_to
from server.api_docs.delivery_kinds import delivery_info
from server.api_docs.examples import EXAMPLES
from server.api_docs.frame_descriptions import describe_frame
from server.api_docs.openapi_document import Reference
from server.api_docs.schemas import SCHEMA_REF_PREFIX, Schemas

CORRELATION_ID_NAME: Final = "frame"


class MessageComponents:
    def __init__(self, kinds: Iterable[type[Struct]]) -> None:
        wanted = tuple(dict.fromkeys(kinds))
        schemas = Schemas(wanted, ())
        self.schemas = dict(sorted(schemas.by_name.items()))
        self._names = {
            kind: schemas.reference(kind)["$ref"].removeprefix(SCHEMA_REF_PREFIX) for kind in wanted
        }
        self.by_name = {name: self._message(kind, name) for kind, name in self._names.items()}

    def references(self, kinds: Iterable[type[Struct]], channel: str) -> tuple[Reference, ...]:
        """Refer to messages of a channel."""
        return tuple(Reference(f"#/channels/{channel}/messages/{self._names[kind]}") for kind in kinds)

    def channel_messages(self, kinds: Iterable[type[Struct]]) -> dict[str, Reference]:
        """The messages that go over a channel, by name."""
        names = dict.fromkeys(self._names[kind] for kind in kinds)
        return {name: Reference(f"#/components/messages/{name}") for name in names}

    def _message(self, kind: type[Struct], name: str) -> Message:
        tag = frame_type(kind)
        summary, description = describe_frame(kind)
        correlated = "id" in (get_origin(kind) or kind).__struct_fields__
        sample = EXAMPLES.get(kind)
        return Message(
            name=tag,
            title=_title(kind, tag),
            summary=summary,
            description=description,
            payload=Reference(SCHEMA_REF_PREFIX + name),
            correlation_id=Reference(f"#/components/correlationIds/{CORRELATION_ID_NAME}")
            if correlated
            else None,
            examples=() if sample is None else (Example(Raw(server_frame_encoder.encode(sample))),),
            delivery=delivery_info(kind),
        )


def frame_type(kind: type[Struct]) -> str:
    """The `type` of a frame on the wire."""
    info = type_info(kind)
    assert isinstance(info, StructType)
    return str(info.tag)


def _title(kind: type[Struct], tag: str) -> str:
    """Of an `ok` also what it answers: all of them have one `type`."""
    if get_origin(kind) is not Ok:
        return tag
    (result,) = get_args(kind)
    asked = ", ".join(frame_type(command) for command in COMMANDS if kind in replies_to(command))
    return f"{tag} {{{result.__name__}}}: {asked}"
