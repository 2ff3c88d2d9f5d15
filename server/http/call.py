"""One request as a handler sees it, and what a handler may answer.

Everything in a call is decoded and checked already. Never carries the token.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

import msgspec

from actors.protocol.errors import ApiError
from server.http.cursor import read_cursor
from storage.records.idempotency_key import IdempotencyKey
from storage.records.users import Identity

Body = TypeVar("Body")
Query = TypeVar("Query")
Key = TypeVar("Key")
Item = TypeVar("Item")


class Page(msgspec.Struct, Generic[Item], frozen=True):
    """A part of a list. With a `next_cursor` the answer also gets its `Link` header."""

    items: list[Item]
    next_cursor: str | None


class Answer(msgspec.Struct, frozen=True):
    """An answer whose status is known only when it is made."""

    body: object
    status: int


class Text(msgspec.Struct, frozen=True):
    """An answer that is not JSON; its route says of which media type it is."""

    content: str


@dataclass(frozen=True, slots=True)
class Call(Generic[Body, Query]):
    """`identity` is None only on routes without authentication, `body` and `query` on routes without one.

    `idempotency_key` is what the caller sent, `once` the same for stores, both only on idempotent routes.
    """

    identity: Identity | None
    body: Body
    path: Mapping[str, str]
    query: Query
    address: str
    request_id: str
    idempotency_key: str | None = None
    once: IdempotencyKey | None = None

    @property
    def caller(self) -> Identity:
        """Who asks, on a route with authentication."""
        if self.identity is None:
            raise ApiError("auth.required", "This needs a token.")
        return self.identity

    def cursor(self, key: type[Key]) -> Key | None:
        """Read the key in the query's `cursor`, None without one. Raises `cursor.invalid`."""
        text: str | None = getattr(self.query, "cursor", None)
        return None if text is None else read_cursor(text, key)
