"""HTTP response bodies that are not protocol objects."""

from typing import Generic, TypeVar

import msgspec

from actors.protocol.objects import Message, OwnUser
from actors.protocol.server_frames import LogFrame

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


class Page(msgspec.Struct, Generic[Item], frozen=True):
    items: list[Item]
    next_cursor: str | None


class History(msgspec.Struct, frozen=True):
    items: list[Message]


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
