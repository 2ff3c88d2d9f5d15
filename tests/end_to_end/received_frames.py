"""Selections from the frames that a client received."""

from collections.abc import Sequence

from actors.protocol.presence import PresenceChanged
from actors.protocol.server_frames import ServerFrame


def frames_of_type(frames: Sequence[ServerFrame], frame_type: type[ServerFrame]) -> list[ServerFrame]:
    return [frame for frame in frames if isinstance(frame, frame_type)]


def statuses_of(frames: Sequence[ServerFrame], user_id: str) -> list[str]:
    """Return the presence statuses of a user in the order received."""
    return [
        presence.status
        for frame in frames
        if isinstance(frame, PresenceChanged)
        for presence in frame.presences
        if presence.user_id == user_id
    ]
