"""The server's frames by the way they come: what is promised of each kind, and which frames are of it.

The kinds are the unions of the wire. Never lists a frame that is in one of them.
"""

from typing import Final, get_args, get_origin

from msgspec import Struct

from actors.protocol.presence import PresenceChanged
from actors.protocol.server_frames import (
    EphemeralFrame,
    Error,
    Lagged,
    LogFrame,
    Ok,
    Resync,
    ServerFrame,
    SessionFrame,
    StreamFrame,
)
from server.api_docs.asyncapi_document import DeliveryInfo
from server.event_stream import StreamReady

FrameTypes = tuple[type[Struct], ...]


class DeliveryKind(Struct, frozen=True):
    """One kind; `place` is the field that counts its frames up, where they are durable."""

    name: str
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
    "Tell how the socket stands",
    "Never shed, but in no log: they are not told again.",
    tuple(dict.fromkeys((*_without_replies(get_args(SessionFrame)), Lagged))),
)
LOG: Final = DeliveryKind(
    "log",
    "Tell what happened in a conversation",
    "Durable, in the conversation's log. Each takes its next `seq`: 1, 2, 3 and so on, without holes and in "
    "the same order for everybody. The next one that a client gets is the last `seq` + 1, or `lagged` or "
    "`resync` tells what is missing. All of a user's conversations are heard from `ready` on, and what was "
    "missed is had again by resuming, or from `GET /v1/conversations/{id}/changes`; each message then comes "
    "once, in its latest state.",
    get_args(LogFrame),
    position_field="seq",
)
STREAM: Final = DeliveryKind(
    "stream",
    "Tell what happened to the user",
    "Durable, in the user's own stream, and never shed. `position` counts up within the `epoch` that `ready` "
    "names; another epoch is told by `resync`.",
    get_args(StreamFrame),
    position_field="position",
)
EPHEMERAL: Final = DeliveryKind(
    "hints",
    "Tell what may be missed",
    "Ephemeral: at most once, in no log and no stream, and dropped for a client that is behind. The state "
    "behind them is always there over HTTP.",
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
    # Hints of conversations stay in their rooms, and who watches whom is a matter of a socket.
    *(
        hint
        for hint in get_args(EphemeralFrame)
        if hint is not PresenceChanged and "conversation_id" not in hint.__struct_fields__
    ),
)
"""What is told to those who follow their own stream by Server-Sent Events."""


def delivery_info(frame: type[Struct]) -> DeliveryInfo | None:
    """How a frame comes; None for commands and answers."""
    return next((one.info for one in DELIVERY_KINDS if frame in one.frames), None)
