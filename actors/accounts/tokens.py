"""Tokens of sessions and of links: 256 random bits, stored on the server as their SHA-256.

An unsalted hash is enough because a token cannot be guessed. The token itself is never stored or logged.
"""

import re
import secrets
from hashlib import sha256

from config.accounts import TOKEN_BYTES

_TOKEN_PATTERN = re.compile(r"[A-Za-z0-9_-]{43}")


def new_token() -> str:
    return secrets.token_urlsafe(TOKEN_BYTES)


def hash_token(token: str) -> str | None:
    """Return the SHA-256 of a token in hex; None if it is malformed, to spare the store lookup."""
    if _TOKEN_PATTERN.fullmatch(token) is None:
        return None
    return sha256(token.encode()).hexdigest()
