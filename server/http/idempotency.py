"""The `Idempotency-Key` of a request, and what stores keep of it.

Two requests have one key when user, method, path and header are the same, and one digest when they
say the same: white space and the order of fields do not count. Never digests what a body keeps out
of its `digested`, such as a password: a fast hash of one could be guessed from.
"""

from hashlib import sha256
from typing import Final, Protocol, runtime_checkable

import msgspec
from aiohttp import web

from actors.protocol.errors import invalid_field
from config.limits import IDEMPOTENCY_KEY_CHARACTERS
from storage.contracts.idempotency import IdempotencyKey

IDEMPOTENCY_KEY_HEADER: Final = "Idempotency-Key"
_encoder = msgspec.json.Encoder(order="deterministic")


@runtime_checkable
class HasIdempotencyPayload(Protocol):
    """A body that says itself what of it a repetition must repeat."""

    def idempotency_payload(self) -> object: ...


def read_idempotency_key(request: web.Request) -> str | None:
    """Read the header, None without one. Raises `request.invalid`."""
    key = request.headers.get(IDEMPOTENCY_KEY_HEADER)
    # Bytes that are no UTF-8 come as characters that are not printable.
    if key is not None and not (1 <= len(key) <= IDEMPOTENCY_KEY_CHARACTERS and key.isprintable()):
        raise invalid_field(
            IDEMPOTENCY_KEY_HEADER, f"1 to {IDEMPOTENCY_KEY_CHARACTERS} printable characters."
        )
    return key


def make_idempotency_key(request: web.Request, user_id: str, key: str, body: object) -> IdempotencyKey:
    """Name what is to happen once. `user_id` is empty before login, `body` None on a route without one."""
    # None of the four can hold a NUL: no header and no request line does.
    named = f"{user_id}\0{request.method}\0{request.rel_url.raw_path}\0{key}"
    sent = body.idempotency_payload() if isinstance(body, HasIdempotencyPayload) else body
    return IdempotencyKey(
        key=sha256(named.encode()).hexdigest(),
        digest=sha256(b"" if sent is None else _encoder.encode(sent)).hexdigest(),
    )
