"""The `Idempotency-Key` header, and the key that stores keep for it.

Two requests share a key when user, method, path and header are equal, and a digest when their decoded
bodies are equal: white space and field order do not matter. Secrets such as passwords are left out of the
digest (see `HasIdempotencyPayload`), because a fast hash of a password can be brute-forced.
"""

from hashlib import sha256
from typing import Final, Protocol, runtime_checkable

import msgspec
from aiohttp import web

from actors.protocol.errors import invalid_field
from actors.protocol.text_validation import TextKind, find_refused
from config.limits import IDEMPOTENCY_KEY_CHARACTERS
from storage.contracts.idempotency import IdempotencyKey

IDEMPOTENCY_KEY_HEADER: Final = "Idempotency-Key"
_encoder = msgspec.json.Encoder(order="deterministic")


@runtime_checkable
class HasIdempotencyPayload(Protocol):
    """A body that selects the part a retry must repeat."""

    def idempotency_payload(self) -> object: ...


def read_idempotency_key(request: web.Request) -> str | None:
    """Return the header's value, or None without one.

    Raises:
        ApiError: request.invalid, for an empty or too long value, or one with control characters.
    """
    key = request.headers.get(IDEMPOTENCY_KEY_HEADER)
    # aiohttp decodes invalid UTF-8 to surrogates, which are refused.
    if key is not None and not (
        1 <= len(key) <= IDEMPOTENCY_KEY_CHARACTERS and find_refused(key, TextKind.QUERY) is None
    ):
        raise invalid_field(
            IDEMPOTENCY_KEY_HEADER,
            f"Must have 1 to {IDEMPOTENCY_KEY_CHARACTERS} characters, none of them a control character.",
        )
    return key


def make_idempotency_key(request: web.Request, user_id: str, key: str, body: object) -> IdempotencyKey:
    """Build the key of a request. `user_id` is empty before login, `body` None on a route without one."""
    # The decoded path, because `/v1/p%6fsts` is `/v1/posts`. NUL separates unambiguously: a header cannot
    # contain it, and no route with a decoded NUL is found.
    scope = f"{user_id}\0{request.method}\0{request.rel_url.path}\0{key}"
    payload = body.idempotency_payload() if isinstance(body, HasIdempotencyPayload) else body
    return IdempotencyKey(
        key=sha256(scope.encode()).hexdigest(),
        digest=sha256(b"" if payload is None else _encoder.encode(payload)).hexdigest(),
    )
