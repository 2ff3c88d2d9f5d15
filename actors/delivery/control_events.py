"""Events that instances publish to each other on the control topic. Earlier versions ignore later events.

Delivered at most once. Each effect also happens without the event, but later.
"""

from datetime import datetime

import msgspec

CONTROL_TOPIC = "control"


class SessionsRevoked(msgspec.Struct, frozen=True, tag=1, array_like=True):
    """These login sessions are revoked: drop their cached tokens, close their sockets and event streams."""

    origin: str
    session_ids: list[str]


class StreamsReset(msgspec.Struct, frozen=True, tag=2, array_like=True):
    """All user streams started a new epoch."""

    origin: str


class BlockInvalidated(msgspec.Struct, frozen=True, tag=3, array_like=True):
    """A block between two users was added or removed: drop the cached one, and their presence watches."""

    origin: str
    user_id: str
    other_id: str


class RestrictionsChanged(msgspec.Struct, frozen=True, tag=4, array_like=True):
    """A user has another role or `silenced_until`. `session_ids` are the login sessions of the user."""

    origin: str
    user_id: str
    session_ids: list[str]
    silenced_until: datetime | None


class VisibilityChanged(msgspec.Struct, frozen=True, tag=5, array_like=True):
    """Follows of these users ended, or they left a conversation: they may see fewer users than before.

    Without users, such events of this instance may have been lost. Earlier versions ignore that.
    """

    origin: str
    user_ids: list[str]


ControlEvent = SessionsRevoked | StreamsReset | BlockInvalidated | RestrictionsChanged | VisibilityChanged

control_event_decoder: msgspec.msgpack.Decoder[ControlEvent] = msgspec.msgpack.Decoder(ControlEvent)
control_event_encoder = msgspec.msgpack.Encoder()
