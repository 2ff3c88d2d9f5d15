"""One request as a handler sees it, and what a handler may answer.

Everything in a call is decoded and checked already. Never carries the token.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

import msgspec

from actors.wire.refusal import Refusal, invalid
from config.limits import PAGE_DEFAULT, PAGE_MAX
from server.http.cursor import read_cursor
from storage.records.users import Identity

Body = TypeVar("Body")
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


@dataclass(frozen=True, slots=True)
class Call(Generic[Body]):
    """`identity` is None only on routes without authentication; `body` is None on routes without one."""

    identity: Identity | None
    body: Body
    path: Mapping[str, str]
    query: Mapping[str, str]
    address: str
    request_id: str
    idempotency_key: str | None = None

    @property
    def caller(self) -> Identity:
        """Who asks, on a route with authentication."""
        if self.identity is None:
            raise Refusal("auth.required", "This needs a token.")
        return self.identity

    def limit(self, default: int = PAGE_DEFAULT, most: int = PAGE_MAX) -> int:
        return self.number("limit", default, 1, most)

    def number(self, name: str, default: int, least: int, most: int) -> int:
        """Read a whole number from the query, within its bounds."""
        text = self.query.get(name)
        if text is None:
            return default
        if len(text) > 20 or not (text.isascii() and text.isdigit()) or not least <= int(text) <= most:
            raise invalid(name, f"Must be a whole number from {least} to {most}.")
        return int(text)

    def cursor(self, key: type[Key]) -> Key | None:
        """Read the key in `?cursor=`, None without one. Raises `cursor.invalid`."""
        text = self.query.get("cursor")
        return None if text is None else read_cursor(text, key)
