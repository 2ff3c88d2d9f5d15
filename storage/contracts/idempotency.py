"""Idempotency keys. Stores know them as hashes only."""

from typing import Protocol

import msgspec


class IdempotencyKey(msgspec.Struct, frozen=True):
    """A hashed idempotency key.

    `key` is the SHA-256 (hex) of user, method, path and key; `digest` that of the decoded body without
    secrets.
    """

    key: str
    digest: str


class IdempotentResponse(msgspec.Struct, frozen=True):
    """The status and the encoded body, empty without one, of a response."""

    status: int
    body: bytes


class IdempotentResponses(Protocol):
    """The first responses to requests with an idempotency key, for at least 24 h. Raises `Unavailable`."""

    async def put(self, key: IdempotencyKey, user_id: str, response: IdempotentResponse) -> None:
        """Store the response, unless one is stored for the key or the user was deleted."""

    async def get(self, key: IdempotencyKey) -> IdempotentResponse | None:
        """Return the response stored for key and digest."""


class IdempotencyKeys(Protocol):
    """The idempotency keys of one service. Raises `Unavailable`."""

    async def prune(self, older_than_s: float) -> int:
        """Delete keys older than `older_than_s`; return how many."""
