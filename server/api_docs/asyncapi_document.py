"""An AsyncAPI 3.0 document as structs: only those parts of the specification that are needed here.

Schemas stay as msgspec makes them. Never knows a frame.
"""

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
    """How a frame comes: what is durable is counted up by the field `place`, and told to who missed it."""

    kind: str
    durable: bool
    place: str | None


class Message(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, rename="camel"):
    """`name` is the `type` on the wire; a command and a frame of the server may share one."""

    name: str
    title: str
    summary: str
    description: str = ""
    payload: Reference
    correlation_id: Reference | None = None
    examples: tuple[Example, ...] = ()
    delivery: DeliveryInfo | None = field(name="x-delivery", default=None)


class SubProtocol(msgspec.Struct, frozen=True):
    name: str
    frames: Literal["text", "binary"]
    default: bool


class CloseCodeInfo(msgspec.Struct, frozen=True):
    """`resume` says whether to connect again and resume; otherwise one does not come back the same way."""

    code: int
    name: str
    meaning: str
    resume: bool


class PublishedLimits(msgspec.Struct, frozen=True):
    """What the server keeps to, as it is configured. `max_conversations` is of one `resume`."""

    max_frame_bytes: int
    heartbeat_ms: int
    auth_timeout_ms: int
    write_timeout_ms: int
    sockets_per_user: int
    messages_per_s: int
    messages_burst: int
    max_conversations: int
    max_watched: int


class Channel(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    address: str
    title: str
    description: str
    servers: tuple[Reference, ...]
    messages: dict[str, Reference]
    bindings: dict[str, dict[str, Any]] = {}
    sub_protocols: tuple[SubProtocol, ...] = field(name="x-sub-protocols", default=())
    limits: PublishedLimits | None = field(name="x-limits", default=None)
    close_codes: tuple[CloseCodeInfo, ...] = field(name="x-close-codes", default=())


class Reply(msgspec.Struct, frozen=True):
    channel: Reference
    messages: tuple[Reference, ...]


class Operation(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Seen from the server: it receives commands and sends frames."""

    action: Literal["send", "receive"]
    channel: Reference
    summary: str
    description: str = ""
    messages: tuple[Reference, ...]
    reply: Reply | None = None
    bindings: dict[str, dict[str, Any]] = {}


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
