"""The results of commands: the `result` of `ok`. The docstrings are the published documentation."""

from msgspec import Struct

from actors.protocol.presence import Presence
from actors.protocol.social_objects import PostCounts


class SendResult(Struct, frozen=True, gc=False):
    """The stored message. `duplicate`: whether an earlier attempt with the same `client_id` stored it."""

    message_id: str
    seq: int
    created_at: str
    duplicate: bool


class ChangeResult(Struct, frozen=True, gc=False):
    """`seq` of the change; if nothing changed, the `changed_seq` of the message."""

    seq: int


class ReadResult(Struct, frozen=True, gc=False):
    """The read mark after the command."""

    read_seq: int
    unread_count: int


class Empty(Struct, frozen=True, gc=False):
    """The command has no result besides its success."""


class WatchResult(Struct, frozen=True):
    """The current presence of the watched users."""

    presences: list[Presence]


class WatchPostsResult(Struct, frozen=True):
    """The current counts of those of the watched posts that the user can see."""

    posts: list[PostCounts]


class PingResult(Struct, frozen=True, gc=False):
    """The server's time, and the latest position of the user stream sent to this connection."""

    server_time: str
    position: int
