"""Catalog of the socket: the delivery of each pushed frame, and the close codes."""

from typing import Final, get_args, get_origin

from msgspec import Struct
from websockets.frames import CloseCode as StandardCode

from actors.protocol.presence import PresenceChanged
from actors.protocol.server_frames import (
    EphemeralFrame,
    Error,
    Lagged,
    LogFrame,
    Ok,
    PostCountsChanged,
    Resync,
    ServerFrame,
    SessionFrame,
    StreamFrame,
)
from actors.sessions.transport import CloseCode
from server.api_docs.asyncapi_document import CloseCodeInfo, DeliveryInfo
from server.event_stream import StreamReady
from server.websocket.close_handshake import INVALID_UTF8, MESSAGE_TOO_BIG, RESUMABLE_CODES

FrameTypes = tuple[type[Struct], ...]


class DeliveryKind(Struct, frozen=True):
    """A group of pushed frames with the same delivery guarantee.

    `position_field` is the field that numbers the frames, if they are durable.
    """

    name: str
    title: str
    summary: str
    description: str
    frames: FrameTypes
    position_field: str | None = None

    @property
    def info(self) -> DeliveryInfo:
        return DeliveryInfo(self.name, self.position_field is not None, self.position_field)


def _without_replies(frames: FrameTypes) -> FrameTypes:
    return tuple(frame for frame in frames if frame is not Error and get_origin(frame) is not Ok)


CONTROL: Final = DeliveryKind(
    "control",
    "Connection",
    "Connection state",
    "Never dropped while the connection is open, not stored, and not repeated after a reconnect.",
    tuple(dict.fromkeys((*_without_replies(get_args(SessionFrame)), Lagged))),
)
LOG: Final = DeliveryKind(
    "log",
    "Conversation events",
    "Events of the user's conversations",
    "Durable: stored in the log of the conversation. `seq` is 1, 2, 3 and so on without gaps, in the same "
    "order for every member. A client receives the last `seq` + 1 next, or `lagged` or `resync` reports what "
    "is missing. Events of all conversations of the user are pushed after `ready`. To get missed events, "
    "resume or read `GET /v1/conversations/{id}/changes`; both return a message once, in its latest state.",
    get_args(LogFrame),
    position_field="seq",
)
STREAM: Final = DeliveryKind(
    "stream",
    "User events",
    "Events of the user",
    "Durable: stored in the user stream, and never dropped. `position` increases within the `epoch` that "
    "`ready` names; `resync` reports a new epoch.",
    get_args(StreamFrame),
    position_field="position",
)
EPHEMERAL: Final = DeliveryKind(
    "hints",
    "Ephemeral events",
    "Ephemeral events",
    "Delivered at most once, not stored, and dropped for a client that reads too slowly. The HTTP API always "
    "has the current state.",
    tuple(
        frame
        for frame in _without_replies(get_args(ServerFrame))
        if frame not in {*CONTROL.frames, *LOG.frames, *STREAM.frames}
    ),
)
DELIVERY_KINDS: Final = (CONTROL, LOG, STREAM, EPHEMERAL)

EVENT_STREAM_FRAMES: Final[FrameTypes] = (
    StreamReady,
    Resync,
    *STREAM.frames,
    # Only sockets have rooms of conversations, `presence.watch` and `post.watch`.
    *(
        frame
        for frame in get_args(EphemeralFrame)
        if frame not in (PresenceChanged, PostCountsChanged)
        and "conversation_id" not in frame.__struct_fields__
    ),
)
"""The frames that Server-Sent Events carry."""


def delivery_info(frame: type[Struct]) -> DeliveryInfo | None:
    """Return how a frame is delivered, None for commands and replies."""
    return next((kind.info for kind in DELIVERY_KINDS if frame in kind.frames), None)


_APPLICATION_CLOSE_CODES: Final = {
    CloseCode.SHUTDOWN: "The server is stopping. Reconnect after the `retry_after_ms` of `goodbye`.",
    CloseCode.SLOW_CONSUMER: (
        "The client reads too slowly. It is disconnected without a Close frame; metrics have this code."
    ),
    CloseCode.HEARTBEAT_TIMEOUT: "The server received nothing for two heartbeat intervals.",
    CloseCode.RATE_LIMITED: (
        "The client sent frames beyond their rate limit, or more than the server queues for one connection."
    ),
    CloseCode.OVERLOADED: "The server is overloaded, or a store is unavailable.",
    CloseCode.BAD_FRAME: "A frame is not an object with an `id`, or not in the encoding of the subprotocol.",
    CloseCode.NOT_AUTHENTICATED: "The token is not valid.",
    CloseCode.TOKEN_EXPIRED: "The token has expired.",
    CloseCode.SESSION_REVOKED: "The session was revoked.",
    CloseCode.TOO_MANY_CONNECTIONS: "The user has too many connections.",
    CloseCode.AUTHENTICATION_TIMEOUT: "The client did not authenticate in time.",
}
_STANDARD_CLOSE_CODES: Final = {
    StandardCode.PROTOCOL_ERROR.value: "A frame violates RFC 6455.",
    INVALID_UTF8: "A text frame is not valid UTF-8.",
    MESSAGE_TOO_BIG: "A message is larger than `max_frame_bytes`.",
}


def close_codes() -> tuple[CloseCodeInfo, ...]:
    """Return every close code that the server sends or counts, in ascending order."""
    codes = {code: name.lower() for name, code in vars(CloseCode).items() if name.isupper()}
    undescribed = codes.keys() ^ _APPLICATION_CLOSE_CODES.keys()
    if undescribed:
        raise ValueError(f"Describe these close codes in `_APPLICATION_CLOSE_CODES`: {sorted(undescribed)}.")
    names = codes | {code: StandardCode(code).name.lower() for code in _STANDARD_CLOSE_CODES}
    meanings = _APPLICATION_CLOSE_CODES | _STANDARD_CLOSE_CODES
    return tuple(
        CloseCodeInfo(code, names[code], meanings[code], code in RESUMABLE_CODES) for code in sorted(meanings)
    )
