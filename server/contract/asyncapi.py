"""The live part of the contract as an AsyncAPI document, made once from the structs of the wire.

Commands and frames are the members of the wire's two unions, so none can be left out. Never says
anything of a route.
"""

import re
from itertools import chain
from typing import Final
from urllib.parse import urlsplit

from msgspec import Struct

from config.limits import FRAME_BYTES, RESUME_CONVERSATIONS, WATCHED, Limits
from server.contract.answers import COMMANDS, answers_of
from server.contract.async_document import (
    AsyncApi,
    Bounds,
    Channel,
    Components,
    Operation,
    Reply,
    Server,
    SubProtocol,
)
from server.contract.close_codes import close_codes
from server.contract.deliveries import DELIVERIES, EVENTS, Delivery
from server.contract.document import Info, Reference
from server.contract.messages import CORRELATION, Messages
from server.contract.words import words_of
from server.http.response import JSON_TYPE
from server.socket.sub_protocols import JSON, MSGPACK

VERSION: Final = "3.0.0"
SOCKET: Final = "socket"
STREAM: Final = "stream"
ABOUT: Final = """What happens, while it happens: the socket, and a user's own stream as Server-Sent Events.

The rest of the contract is in `/openapi.json`; ids, times and tokens are as there. Unknown fields are \
ignored on input, and clients are asked to ignore fields and frame types that they do not know."""

ABOUT_SOCKET: Final = """RFC 6455, without compression. A frame is one object with a `type`; the server may \
put several into one frame as an array. With MessagePack the same objects come in binary frames, and are \
sent in such. A token never stands in the URL: it comes as a bearer header of \
the upgrade request, and a bad one is answered by HTTP 401, or as the first frame, `authenticate`.

The server says `hello`, the client `authenticate` (where the header did not), the server `ready`. Every \
command has an `id`, which is in exactly one answer. An object with an `id` that is not valid is answered by \
`error`; what cannot be decoded or has no `id` closes with 4500.

The server pings every `heartbeat_ms`. Any traffic counts as life; twice that without any closes with 4003. \
Codes from 4000 to 4499 mean to connect again and resume, those from 4500 to 4999 not to come back the same \
way."""

ABOUT_STREAM: Final = """WHATWG HTML, section 9.2. The `data` of each event is one frame. Durable ones have \
the id `<epoch>.<position>`, and `Last-Event-ID` goes on behind it: the missed frames come first, or \
`resync` where they are not to be had. Hints have no id. A comment comes every `heartbeat_ms` where nothing \
else does. What is said in conversations is not told here."""

SUB_PROTOCOLS: Final = (
    SubProtocol(JSON.name, "text", default=True),
    SubProtocol(MSGPACK.name, "binary", default=False),
)
_BEARER: Final = {"type": "http", "scheme": "bearer"}
_CORRELATION: Final = {
    "description": "The `id` of a command is in its one answer.",
    "location": "$message.payload#/id",
}
_UPGRADE: Final = {
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
_GET: Final = {"method": "GET", "bindingVersion": "0.3.0"}


def asyncapi_document(version: str, base_url: str, limits: Limits) -> AsyncApi:
    """Describe both channels, at the address and within the bounds of this server."""
    told = tuple(frame for delivery in DELIVERIES for frame in delivery.frames)
    answers = tuple(chain.from_iterable(answers_of(command) for command in COMMANDS))
    spoken = (*COMMANDS, *answers, *told)
    messages = Messages((*spoken, *EVENTS))
    socket = Channel(
        address="/v1/ws",
        title="The socket",
        description=ABOUT_SOCKET,
        servers=(Reference("#/servers/socket"),),
        messages=messages.on_channel(spoken),
        bindings={"ws": _UPGRADE},
        sub_protocols=SUB_PROTOCOLS,
        limits=_bounds(limits),
        close_codes=close_codes(),
    )
    stream = Channel(
        address="/v1/stream",
        title="One's own stream as Server-Sent Events",
        description=ABOUT_STREAM,
        servers=(Reference("#/servers/stream"),),
        messages=messages.on_channel(EVENTS),
    )
    commands = {_operation_id(command): _received(command, messages) for command in COMMANDS}
    sent = {delivery.name: _sent(delivery, messages) for delivery in DELIVERIES}
    return AsyncApi(
        asyncapi=VERSION,
        info=Info("Convene", version, ABOUT),
        default_content_type=JSON_TYPE,
        servers=_servers(base_url),
        channels={SOCKET: socket, STREAM: stream},
        operations={**commands, **sent, "events": _events(messages)},
        components=Components(
            schemas=messages.schemas,
            messages=messages.named,
            security_schemes={"bearer": _BEARER},
            correlation_ids={CORRELATION: _CORRELATION},
        ),
    )


def _servers(base_url: str) -> dict[str, Server]:
    found = urlsplit(base_url)
    secure = "s" if found.scheme == "https" else ""
    return {
        SOCKET: Server(
            host=found.netloc, pathname=found.path, protocol=f"ws{secure}", description="For the socket."
        ),
        STREAM: Server(
            host=found.netloc,
            pathname=found.path,
            protocol=f"http{secure}",
            description="For Server-Sent Events.",
            security=(Reference("#/components/securitySchemes/bearer"),),
        ),
    }


def _bounds(limits: Limits) -> Bounds:
    return Bounds(
        max_frame_bytes=FRAME_BYTES,
        heartbeat_ms=limits.heartbeat_ms,
        auth_timeout_ms=limits.auth_timeout_ms,
        write_timeout_ms=limits.write_timeout_ms,
        sockets_per_user=limits.sockets_per_user,
        messages_per_s=limits.messages_per_s,
        messages_burst=limits.messages_burst,
        max_conversations=RESUME_CONVERSATIONS,
        max_watched=WATCHED,
    )


def _received(command: type[Struct], messages: Messages) -> Operation:
    summary, description = words_of(command)
    channel = Reference(f"#/channels/{SOCKET}")
    return Operation(
        action="receive",
        channel=channel,
        summary=summary,
        description=description,
        messages=messages.of((command,), SOCKET),
        reply=Reply(channel, messages.of(answers_of(command), SOCKET)),
    )


def _sent(delivery: Delivery, messages: Messages) -> Operation:
    return Operation(
        action="send",
        channel=Reference(f"#/channels/{SOCKET}"),
        summary=delivery.summary,
        description=delivery.description,
        messages=messages.of(delivery.frames, SOCKET),
    )


def _events(messages: Messages) -> Operation:
    return Operation(
        action="send",
        channel=Reference(f"#/channels/{STREAM}"),
        summary="Tell what happened to the user, without a socket",
        messages=messages.of(EVENTS, STREAM),
        bindings={"http": _GET},
    )


def _operation_id(command: type[Struct]) -> str:
    """`SendMessage` is `send_message`."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", command.__name__).lower()
