"""The request that a route handler receives, and the results it may return.

Everything in a request is decoded and validated. It does not contain the access token.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

import msgspec

from actors.protocol.errors import ApiError
from server.http.cursor import decode_cursor
from storage.records.idempotency_key import IdempotencyKey
from storage.records.users import Identity

Body = TypeVar("Body")
Query = TypeVar("Query")
Key = TypeVar("Key")
Item = TypeVar("Item")


class Page(msgspec.Struct, Generic[Item], frozen=True):
    """One page of a list. `next_cursor` is null on the last page; the `Link` header has it too."""

    items: list[Item]
    next_cursor: str | None


class ResponseWithStatus(msgspec.Struct, frozen=True):
    """A result with a status chosen by the handler."""

    body: object
    status: int


class TextResponse(msgspec.Struct, frozen=True):
    """A text result in the route's `media_type`."""

    content: str


@dataclass(frozen=True, slots=True)
class TypedRequest(Generic[Body, Query]):
    """A decoded and authenticated request.

    `identity` is None only on routes without authentication, `body` and `query` on routes without one.
    `raw_idempotency_key` is the header, `idempotency_key` its form for stores; idempotent routes only.
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
        """The authenticated user and session."""
        if self.identity is None:
            raise ApiError("auth.required", "Send an access token: `Authorization: Bearer <token>`.")
        return self.identity

    def cursor(self, key: type[Key]) -> Key | None:
        """Decode the query's `cursor`; None without one.

        Raises:
            ApiError: cursor.invalid.
        """
        text: str | None = getattr(self.query, "cursor", None)
        return None if text is None else decode_cursor(text, key)
