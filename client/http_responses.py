"""HTTP response bodies that are not protocol objects, and error responses."""

from typing import Generic, TypeVar

import msgspec

from actors.protocol.objects import Message, OwnUser, UserRelationship
from actors.protocol.server_frames import LogFrame
from actors.protocol.social_objects import Post, Suggestion
from client.errors import RequestRejected

Item = TypeVar("Item")


class LoginResponse(msgspec.Struct, frozen=True):
    user: OwnUser
    token: str
    expires_at: str

    def __repr__(self) -> str:
        return "LoginResponse(...)"


class SessionView(msgspec.Struct, frozen=True):
    id: str
    created_at: str
    last_used_at: str
    expires_at: str
    current: bool
    device: str | None = None


class Page(msgspec.Struct, Generic[Item], frozen=True):
    items: list[Item]
    next_cursor: str | None


class FeedPage(Page[Post], frozen=True):
    """A page of the home feed. The first one of a user who follows no one suggests users to follow."""

    follows_no_one: bool = False
    suggestions: list[Suggestion] = []


class History(msgspec.Struct, frozen=True):
    items: list[Message]


class RelationshipList(msgspec.Struct, frozen=True):
    items: list[UserRelationship]


class Changes(msgspec.Struct, frozen=True):
    """The durable frames after a seq, compacted. Complete up to `last_seq`."""

    items: list[LogFrame]
    last_seq: int
    has_more: bool


class ProblemDetails(msgspec.Struct, frozen=True):
    """The fields of an error response (RFC 9457) that a client acts on."""

    code: str
    detail: str = ""
    retry_after_ms: int | None = None


def decode_rejection(status: int, content: bytes) -> RequestRejected:
    """Return the exception for an error response."""
    try:
        problem = msgspec.json.decode(content, type=ProblemDetails)
    except msgspec.DecodeError:
        # Not from Convene but from a proxy, which sends no problem details.
        problem = ProblemDetails("server.unavailable" if status >= 500 else "request.invalid")
    return RequestRejected(
        problem.code,
        problem.detail,
        status=status,
        retry=status >= 500,
        retry_after_ms=problem.retry_after_ms,
    )
