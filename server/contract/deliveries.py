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
from server.contract.async_document import Delivered
from server.stream import StreamReady

Frames = tuple[type[Struct], ...]


class Delivery(Struct, frozen=True):
    """One kind; `place` is the field that counts its frames up, where they are durable."""

    name: str
    summary: str
    description: str
    frames: Frames
    place: str | None = None

    @property
    def delivered(self) -> Delivered:
        return Delivered(self.name, self.place is not None, self.place)


def _no_answers(frames: Frames) -> Frames:
    return tuple(frame for frame in frames if frame is not Error and get_origin(frame) is not Ok)


CONTROL: Final = Delivery(
    "control",
    "Tell how the socket stands",
    "Never shed, but in no log: they are not told again.",
    tuple(dict.fromkeys((*_no_answers(get_args(SessionFrame)), Lagged))),
)
LOG: Final = Delivery(
    "log",
    "Tell what happened in a conversation",
    "Durable, in the conversation's log. Each takes its next `seq`: 1, 2, 3 and so on, without holes and in "
    "the same order for everybody. The next one that a client gets is the last `seq` + 1, or `lagged` or "
    "`resync` tells what is missing. All of a user's conversations are heard from `ready` on, and what was "
    "missed is had again by resuming, or from `GET /v1/conversations/{id}/changes`; each message then comes "
    "once, in its latest state.",
    get_args(LogFrame),
    place="seq",
)
STREAM: Final = Delivery(
    "stream",
    "Tell what happened to the user",
    "Durable, in the user's own stream, and never shed. `position` counts up within the `epoch` that `ready` "
    "names; another epoch is told by `resync`.",
    get_args(StreamFrame),
    place="position",
)
HINTS: Final = Delivery(
    "hints",
    "Tell what may be missed",
    "Ephemeral: at most once, in no log and no stream, and dropped for a client that is behind. The state "
    "behind them is always there over HTTP.",
    tuple(
        frame
        for frame in _no_answers(get_args(ServerFrame))
        if frame not in {*CONTROL.frames, *LOG.frames, *STREAM.frames}
    ),
)
DELIVERIES: Final = (CONTROL, LOG, STREAM, HINTS)

EVENTS: Final[Frames] = (
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


def delivered(frame: type[Struct]) -> Delivered | None:
    """How a frame comes; None for commands and answers."""
    return next((one.delivered for one in DELIVERIES if frame in one.frames), None)
