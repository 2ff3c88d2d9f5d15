"""Idempotency keys as stores know them: hashes only."""

import msgspec


class IdempotencyKey(msgspec.Struct, frozen=True):
    """A hashed idempotency key.

    `key` is the SHA-256 (hex) of user, method, path and key; `digest` that of the request body.
    """

    key: str
    digest: str
