"""AsyncAPI 3.1 documents as structs: the parts of the specification that are used here."""

from typing import Any, Literal

import msgspec
from msgspec import field

from server.api_docs.openapi_document import Info, Reference, Schema


class Server(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    host: str
    pathname: str = ""
    protocol: str
    description: str
    security: tuple[Reference, ...] = ()


class Example(msgspec.Struct, frozen=True):
    payload: msgspec.Raw


class DeliveryInfo(msgspec.Struct, frozen=True):
    """The delivery guarantee of a frame.

    A durable frame is numbered by the field that `place` names and can be fetched again.
    """

    kind: str
    durable: bool
    position_field: str | None = field(name="place")


class Message(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, rename="camel"):
    """`name` is the `type` on the wire; a command and a pushed frame may have the same one."""

    name: str
    title: str
    summary: str
    description: str = ""
    payload: Reference
    correlation_id: Reference | None = None
    examples: tuple[Example, ...] = ()
    delivery: DeliveryInfo | None = field(name="x-delivery", default=None)


class Subprotocol(msgspec.Struct, frozen=True):
    name: str
    frames: Literal["text", "binary"]
    default: bool


class CloseCodeInfo(msgspec.Struct, frozen=True):
    """`resume` says whether to reconnect and resume; otherwise the same connection would fail again."""

    code: int
    name: str
    meaning: str
    resume: bool


class PublishedLimits(msgspec.Struct, frozen=True):
    """The limits of this server, as configured. `max_conversations` applies to one `resume`."""

    max_frame_bytes: int
    heartbeat_ms: int
    auth_timeout_ms: int
    write_timeout_ms: int
    sockets_per_user: int
    messages_per_s: int
    messages_burst: int
    max_conversations: int
    max_watched: int
    max_watched_posts: int
    max_message_characters: int
    max_emoji_characters: int
    max_emojis_per_message: int
    max_typing_members: int
    typing_timeout_ms: int


class Channel(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    address: str
    title: str
    description: str
    servers: tuple[Reference, ...]
    messages: dict[str, Reference]
    bindings: dict[str, dict[str, Any]] = {}
    subprotocols: tuple[Subprotocol, ...] = field(name="x-sub-protocols", default=())
    limits: PublishedLimits | None = field(name="x-limits", default=None)
    close_codes: tuple[CloseCodeInfo, ...] = field(name="x-close-codes", default=())


class Reply(msgspec.Struct, frozen=True):
    channel: Reference
    messages: tuple[Reference, ...]


class CommandInfo(msgspec.Struct, frozen=True):
    """How a command is executed.

    An `ordered` command takes effect after the earlier ordered ones of its connection; a `concurrent` one may
    be overtaken. `rate_limit` names the limits it counts against. `errors` are the possible codes.
    """

    ordering: str
    rate_limit: tuple[str, ...]
    errors: tuple[str, ...]


class Operation(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """From the server's point of view: it receives commands and sends frames."""

    action: Literal["send", "receive"]
    channel: Reference
    title: str
    summary: str
    description: str = ""
    messages: tuple[Reference, ...]
    reply: Reply | None = None
    bindings: dict[str, dict[str, Any]] = {}
    command: CommandInfo | None = field(name="x-command", default=None)


class Components(msgspec.Struct, frozen=True, rename="camel"):
    schemas: dict[str, Schema]
    messages: dict[str, Message]
    security_schemes: dict[str, dict[str, str]]
    correlation_ids: dict[str, dict[str, str]]


class AsyncApi(msgspec.Struct, frozen=True, rename="camel"):
    asyncapi: str
    info: Info
    default_content_type: str
    servers: dict[str, Server]
    channels: dict[str, Channel]
    operations: dict[str, Operation]
    components: Components
