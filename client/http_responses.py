"""The answers of the HTTP part of the contract that are no objects of the wire. Nothing here acts."""

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
        return "SignedIn(...)"


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
    """The durable frames after a seq, compacted; complete up to `last_seq`."""

    items: list[LogFrame]
    last_seq: int
    has_more: bool


class ProblemDetails(msgspec.Struct, frozen=True):
    """A refusal over HTTP (RFC 9457), as far as a client acts on it."""

    code: str
    detail: str = ""
    retry_after_ms: int | None = None
