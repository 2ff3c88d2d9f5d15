"""Idempotency keys. Stores know them as hashes only."""

from typing import Protocol

import msgspec


class IdempotencyKey(msgspec.Struct, frozen=True):
    """A hashed idempotency key.

    `key` is the SHA-256 (hex) of user, method, path and key; `digest` that of the request body.
    """

    key: str
    digest: str


class IdempotencyKeys(Protocol):
    """The idempotency keys of one service."""

    async def prune(self, older_than_s: float) -> int:
        """Delete keys older than `older_than_s`; return how many."""
