"""The AsyncAPI document: the socket and the event stream, built from the structs of the protocol.

Commands and frames are the members of the protocol's unions, so the document cannot omit one.
"""

import re
from collections.abc import Iterable, Sequence
from typing import Final
from urllib.parse import urlsplit

import msgspec
from msgspec import Struct

from actors.protocol.server_frames import Error
from actors.sessions.command_registration import CommandRegistration, Ordering
from actors.sessions.command_registry import REGISTRATIONS
from actors.sessions.typing_indicators import TYPING_TIMEOUT_S
from config.limits import (
    EMOJI_CHARACTERS,
    EMOJIS_PER_MESSAGE,
    FRAME_BYTES,
    MESSAGE_CHARACTERS,
    POSTS_WATCHED,
    PRESENCE_WATCHED_USERS,
    RESUME_CONVERSATIONS,
    TYPING_MEMBERS_MAX,
    Limits,
)
from server.api_docs.asyncapi_document import (
    AsyncApi,
    Channel,
    CloseCodeInfo,
    CommandInfo,
    Components,
    Operation,
    PublishedLimits,
    Reply,
    Server,
    Subprotocol,
)
from server.api_docs.asyncapi_messages import CORRELATION_ID_NAME, Messages
from server.api_docs.frame_catalog import (
    DELIVERY_KINDS,
    EVENT_STREAM_FRAMES,
    DeliveryKind,
    FrameTypes,
    close_codes,
)
from server.api_docs.openapi_document import Info, Reference
from server.api_docs.schemas import describe_struct
from server.http.response import JSON_TYPE
from server.websocket.subprotocols import JSON, MSGPACK

ASYNCAPI_VERSION: Final = "3.1.0"
SOCKET_CHANNEL: Final = "socket"
STREAM_CHANNEL: Final = "stream"
INFO_DESCRIPTION: Final = """\
Live updates: the WebSocket, and the user stream as Server-Sent Events.

The [HTTP API](/docs) is described in `/openapi.json`, with the formats of ids, times and tokens. The \
server ignores unknown fields; clients must ignore unknown fields and unknown frame types."""

SOCKET_DESCRIPTION: Final = """\
RFC 6455 without compression. A frame holds one object with a `type`; the server may send several objects as \
one array. With the MessagePack subprotocol the same objects travel in binary frames, in both directions. \
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

SUBPROTOCOLS: Final = (
    Subprotocol(JSON.name, "text", default=True),
    Subprotocol(MSGPACK.name, "binary", default=False),
)
_BEARER_SCHEME: Final = {"type": "http", "scheme": "bearer"}
_CORRELATION_ID: Final = {
    "description": "The reply to a command has the `id` of the command.",
    "location": "$message.payload#/id",
}
_WEBSOCKET_BINDING: Final = {
    "method": "GET",
    "headers": {
        "type": "object",
        "properties": {
            "Sec-WebSocket-Protocol": {
                "type": "string",
                "enum": [protocol.name for protocol in SUBPROTOCOLS],
            },
            "Authorization": {
                "type": "string",
                "description": "`Bearer <token>`. Without it, send the token in `authenticate`.",
            },
        },
    },
    "bindingVersion": "0.1.0",
}
_HTTP_BINDING: Final = {"method": "GET", "bindingVersion": "0.3.0"}


def asyncapi_document(version: str, base_url: str, limits: Limits) -> AsyncApi:
    """Describe the socket and the event stream of a server with this address and these limits."""
    pushed = tuple(frame for kind in DELIVERY_KINDS for frame in kind.frames)
    replies: FrameTypes = (*(command.reply for command in REGISTRATIONS.values()), Error)
    socket_frames = (*REGISTRATIONS, *replies, *pushed)
    messages = Messages((*socket_frames, *EVENT_STREAM_FRAMES))
    published_limits, codes = _published_limits(limits), close_codes()
    socket = Channel(
        address="/v1/ws",
        title="WebSocket",
        description="\n\n".join(
            (SOCKET_DESCRIPTION, _limits_table(published_limits), _close_code_table(codes))
        ),
        servers=(Reference("#/servers/socket"),),
        messages=messages.channel_messages(socket_frames),
        bindings={"ws": _WEBSOCKET_BINDING},
        subprotocols=SUBPROTOCOLS,
        limits=published_limits,
        close_codes=codes,
    )
    stream = Channel(
        address="/v1/stream",
        title="Server-Sent Events",
        description=STREAM_DESCRIPTION,
        servers=(Reference("#/servers/stream"),),
        messages=messages.channel_messages(EVENT_STREAM_FRAMES),
    )
    commands = {
        _operation_id(command.command): _command_operation(command, messages)
        for command in REGISTRATIONS.values()
    }
    deliveries = {kind.name: _delivery_operation(kind, messages) for kind in DELIVERY_KINDS}
    return AsyncApi(
        asyncapi=ASYNCAPI_VERSION,
        info=Info("Convene", version, INFO_DESCRIPTION),
        default_content_type=JSON_TYPE,
        servers=_servers(base_url),
        channels={SOCKET_CHANNEL: socket, STREAM_CHANNEL: stream},
        operations={**commands, **deliveries, "events": _event_stream_operation(messages)},
        components=Components(
            schemas=messages.schemas,
            messages=messages.by_name,
            security_schemes={"bearer": _BEARER_SCHEME},
            correlation_ids={CORRELATION_ID_NAME: _CORRELATION_ID},
        ),
    )


def _servers(base_url: str) -> dict[str, Server]:
    url = urlsplit(base_url)
    secure = "s" if url.scheme == "https" else ""
    return {
        SOCKET_CHANNEL: Server(
            host=url.netloc, pathname=url.path, protocol=f"ws{secure}", description="WebSocket."
        ),
        STREAM_CHANNEL: Server(
            host=url.netloc,
            pathname=url.path,
            protocol=f"http{secure}",
            description="Server-Sent Events.",
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
        max_watched_posts=POSTS_WATCHED,
        max_message_characters=MESSAGE_CHARACTERS,
        max_emoji_characters=EMOJI_CHARACTERS,
        max_emojis_per_message=EMOJIS_PER_MESSAGE,
        max_typing_members=TYPING_MEMBERS_MAX,
        typing_timeout_ms=round(TYPING_TIMEOUT_S * 1000),
    )


def _limits_table(limits: PublishedLimits) -> str:
    rows = [(f"`{name}`", f"{value:,}") for name, value in msgspec.structs.asdict(limits).items()]
    return f"## Limits\n\n{_markdown_table(('Limit', 'Value'), rows)}"


def _close_code_table(codes: Iterable[CloseCodeInfo]) -> str:
    rows = [
        (
            f"{code.code} `{code.name}`",
            code.meaning,
            "reconnect and resume" if code.resume else "do not retry",
        )
        for code in codes
    ]
    return f"## Close codes\n\n{_markdown_table(('Code', 'Meaning', 'Action'), rows)}"


def _markdown_table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def _command_operation(registration: CommandRegistration, messages: Messages) -> Operation:
    command = registration.command
    summary, description = describe_struct(command)
    channel = Reference(f"#/channels/{SOCKET_CHANNEL}")
    return Operation(
        action="receive",
        channel=channel,
        title=registration.frame_type,
        summary=summary,
        description="\n\n".join(filter(None, (description, _execution(registration)))),
        messages=messages.references((command,), SOCKET_CHANNEL),
        reply=Reply(channel, messages.references((registration.reply, Error), SOCKET_CHANNEL)),
        command=CommandInfo(registration.ordering, registration.rate_class.value, registration.errors),
    )


def _execution(registration: CommandRegistration) -> str:
    order = {
        Ordering.ORDERED: "Takes effect in the order sent.",
        Ordering.CONCURRENT: "Runs concurrently; replies may arrive out of order.",
    }[registration.ordering]
    names = [f"`{name}`" for name in registration.rate_class.value]
    limit = f" Counts against {' and '.join(names)}." if names else ""
    return f"{order}{limit} Errors: {', '.join(f'`{code}`' for code in registration.errors)}."


def _delivery_operation(kind: DeliveryKind, messages: Messages) -> Operation:
    return Operation(
        action="send",
        channel=Reference(f"#/channels/{SOCKET_CHANNEL}"),
        title=kind.title,
        summary=kind.summary,
        description=kind.description,
        messages=messages.references(kind.frames, SOCKET_CHANNEL),
    )


def _event_stream_operation(messages: Messages) -> Operation:
    return Operation(
        action="send",
        channel=Reference(f"#/channels/{STREAM_CHANNEL}"),
        title="Events of the user stream",
        summary="Events of the user, without a socket",
        messages=messages.references(EVENT_STREAM_FRAMES, STREAM_CHANNEL),
        bindings={"http": _HTTP_BINDING},
    )


def _operation_id(command: type[Struct]) -> str:
    """Turn `SendMessage` into `send_message`."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", command.__name__).lower()
