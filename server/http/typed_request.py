"""One request as a handler sees it, and what a handler may answer.

Everything in a call is decoded and checked already. Never carries the token.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

import msgspec

from actors.protocol.errors import ApiError
from server.http.cursor import decode_cursor
from storage.contracts.idempotency import IdempotencyKey
from storage.contracts.users import Identity

Body = TypeVar("Body")
Query = TypeVar("Query")
Key = TypeVar("Key")
Item = TypeVar("Item")


class Page(msgspec.Struct, Generic[Item], frozen=True):
    """A part of a list. With a `next_cursor` the answer also gets its `Link` header."""

    items: list[Item]
    next_cursor: str | None


class ResponseWithStatus(msgspec.Struct, frozen=True):
    """An answer whose status is known only when it is made."""

    body: object
    status: int


class TextResponse(msgspec.Struct, frozen=True):
    """An answer that is not JSON; its route says of which media type it is."""

    content: str


@dataclass(frozen=True, slots=True)
class TypedRequest(Generic[Body, Query]):
    """`identity` is None only on routes without authentication, `body` and `query` on routes without one.

    `idempotency_key` is what the caller sent, `once` the same for stores, both only on idempotent routes.
    """

    identity: Identity | None
    body: Body
    path_params: Mapping[str, str]
    query: Query
    client_address: str
    request_id: str
    raw_idempotency_key: str | None = None
    idempotency_key: IdempotencyKey | None = None

    @property
    def caller(self) -> Identity:
        """Who asks, on a route with authentication."""
        if self.identity is None:
            raise ApiError("auth.required", "This needs a token.")
        return self.identity

    def cursor(self, key: type[Key]) -> Key | None:
        """Read the key in the query's `cursor`, None without one. Raises `cursor.invalid`."""
        text: str | None = getattr(self.query, "cursor", None)
        return None if text is None else decode_cursor(text, key)
