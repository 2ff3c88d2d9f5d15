"""The live part of the contract as an AsyncAPI document, made once from the structs of the wire.

Commands and frames are the members of the wire's two unions, so none can be left out. Never says
anything of a route.
"""

import re
from itertools import chain
from typing import Final
from urllib.parse import urlsplit

from msgspec import Struct

from config.limits import FRAME_BYTES, PRESENCE_WATCHED_USERS, RESUME_CONVERSATIONS, Limits
from server.api_docs.asyncapi_document import (
    AsyncApi,
    Channel,
    Components,
    Operation,
    PublishedLimits,
    Reply,
    Server,
    SubProtocol,
)
from server.api_docs.close_codes import close_codes
from server.api_docs.command_replies import COMMANDS, replies_to
from server.api_docs.delivery_kinds import DELIVERY_KINDS, EVENT_STREAM_FRAMES, DeliveryKind
from server.api_docs.frame_descriptions import describe_frame
from server.api_docs.message_components import CORRELATION_ID_NAME, MessageComponents
from server.api_docs.openapi_document import Info, Reference
from server.http.response import JSON_TYPE
from server.websocket.sub_protocols import JSON, MSGPACK

ASYNCAPI_VERSION: Final = "3.0.0"
SOCKET_CHANNEL: Final = "socket"
STREAM_CHANNEL: Final = "stream"
INFO_DESCRIPTION: Final = """Live updates: the websocket, and the user stream as Server-Sent Events.

The rest of the contract is in `/openapi.json`; it also describes ids, times and tokens. The \
server ignores unknown fields; clients must ignore unknown fields and unknown frame types."""

SOCKET_DESCRIPTION: Final = """\
RFC 6455 without compression. A frame holds one object with a `type`; the server may send several objects as \
one array. With the MessagePack sub-protocol the same objects travel in binary frames, in both directions. \
The token is sent as a bearer header of the upgrade request (an invalid one gets HTTP 401) or in the first \
frame, `authenticate`, never in the URL.

The server sends `hello`; the client sends `authenticate` unless the header did; the server sends `ready`. \
Every command has an `id`, which appears in exactly one reply. An invalid object with an `id` gets `error`. \
A frame that cannot be decoded or has no `id` closes the socket with 4500.

The server sends a ping every `heartbeat_ms`. Any traffic counts as a sign of life; twice that interval \
without any closes the socket with 4003. After a close code from 4000 to 4499, reconnect and resume; after \
4500 to 4999, do not reconnect the same way."""

STREAM_DESCRIPTION: Final = """\
Server-Sent Events (WHATWG HTML, section 9.2). The `data` of each event is one frame. Durable events have an \
id, `<epoch>.<position>`; with `Last-Event-ID` the missed events come first, or `resync` where they are no \
longer available. Ephemeral events have no id. A comment is sent every `heartbeat_ms` without other events. \
Conversations are not part of this stream."""

SUB_PROTOCOLS: Final = (
    SubProtocol(JSON.name, "text", default=True),
    SubProtocol(MSGPACK.name, "binary", default=False),
)
_BEARER_SCHEME: Final = {"type": "http", "scheme": "bearer"}
_CORRELATION_ID: Final = {
    "description": "The `id` of a command is in its one answer.",
    "location": "$message.payload#/id",
}
_WEBSOCKET_BINDING: Final = {
    "method": "GET",
    "headers": {
        "type": "object",
        "properties": {
            "Sec-WebSocket-Protocol": {"type": "string", "enum": [one.name for one in SUB_PROTOCOLS]},
            "Authorization": {"type": "string", "description": "`Bearer <token>`; or `authenticate` later."},
        },
    },
    "bindingVersion": "0.1.0",
}
_HTTP_BINDING: Final = {"method": "GET", "bindingVersion": "0.3.0"}


def asyncapi_document(version: str, base_url: str, limits: Limits) -> AsyncApi:
    """Describe both channels, at the address and within the bounds of this server."""
    told = tuple(frame for delivery in DELIVERY_KINDS for frame in delivery.frames)
    answers = tuple(chain.from_iterable(replies_to(command) for command in COMMANDS))
    spoken = (*COMMANDS, *answers, *told)
    messages = MessageComponents((*spoken, *EVENT_STREAM_FRAMES))
    socket = Channel(
        address="/v1/ws",
        title="The socket",
        description=SOCKET_DESCRIPTION,
        servers=(Reference("#/servers/socket"),),
        messages=messages.channel_messages(spoken),
        bindings={"ws": _WEBSOCKET_BINDING},
        sub_protocols=SUB_PROTOCOLS,
        limits=_published_limits(limits),
        close_codes=close_codes(),
    )
    stream = Channel(
        address="/v1/stream",
        title="One's own stream as Server-Sent Events",
        description=STREAM_DESCRIPTION,
        servers=(Reference("#/servers/stream"),),
        messages=messages.channel_messages(EVENT_STREAM_FRAMES),
    )
    commands = {_operation_id(command): _command_operation(command, messages) for command in COMMANDS}
    sent = {delivery.name: _delivery_operation(delivery, messages) for delivery in DELIVERY_KINDS}
    return AsyncApi(
        asyncapi=ASYNCAPI_VERSION,
        info=Info("Convene", version, INFO_DESCRIPTION),
        default_content_type=JSON_TYPE,
        servers=_servers(base_url),
        channels={SOCKET_CHANNEL: socket, STREAM_CHANNEL: stream},
        operations={**commands, **sent, "events": _event_stream_operation(messages)},
        components=Components(
            schemas=messages.schemas,
            messages=messages.by_name,
            security_schemes={"bearer": _BEARER_SCHEME},
            correlation_ids={CORRELATION_ID_NAME: _CORRELATION_ID},
        ),
    )


def _servers(base_url: str) -> dict[str, Server]:
    found = urlsplit(base_url)
    secure = "s" if found.scheme == "https" else ""
    return {
        SOCKET_CHANNEL: Server(
            host=found.netloc, pathname=found.path, protocol=f"ws{secure}", description="For the socket."
        ),
        STREAM_CHANNEL: Server(
            host=found.netloc,
            pathname=found.path,
            protocol=f"http{secure}",
            description="For Server-Sent Events.",
            security=(Reference("#/components/securitySchemes/bearer"),),
        ),
    }


def _published_limits(limits: Limits) -> PublishedLimits:
    return PublishedLimits(
        max_frame_bytes=FRAME_BYTES,
        heartbeat_ms=limits.heartbeat_ms,
        auth_timeout_ms=limits.auth_timeout_ms,
        write_timeout_ms=limits.write_timeout_ms,
        sockets_per_user=limits.sockets_per_user,
        messages_per_s=limits.messages_per_s,
        messages_burst=limits.messages_burst,
        max_conversations=RESUME_CONVERSATIONS,
        max_watched=PRESENCE_WATCHED_USERS,
    )


def _command_operation(command: type[Struct], messages: MessageComponents) -> Operation:
    summary, description = describe_frame(command)
    channel = Reference(f"#/channels/{SOCKET_CHANNEL}")
    return Operation(
        action="receive",
        channel=channel,
        summary=summary,
        description=description,
        messages=messages.references((command,), SOCKET_CHANNEL),
        reply=Reply(channel, messages.references(replies_to(command), SOCKET_CHANNEL)),
    )


def _delivery_operation(delivery: DeliveryKind, messages: MessageComponents) -> Operation:
    return Operation(
        action="send",
        channel=Reference(f"#/channels/{SOCKET_CHANNEL}"),
        summary=delivery.summary,
        description=delivery.description,
        messages=messages.references(delivery.frames, SOCKET_CHANNEL),
    )


def _event_stream_operation(messages: MessageComponents) -> Operation:
    return Operation(
        action="send",
        channel=Reference(f"#/channels/{STREAM_CHANNEL}"),
        summary="Tell what happened to the user, without a socket",
        messages=messages.references(EVENT_STREAM_FRAMES, STREAM_CHANNEL),
        bindings={"http": _HTTP_BINDING},
    )


def _operation_id(command: type[Struct]) -> str:
    """`SendMessage` is `send_message`."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", command.__name__).lower()
