"""Tokens: 256 random bits which a client shows, and the SHA-256 by which the server knows them.

A plain hash is enough because the token cannot be guessed. Never stores or logs the token itself.
"""

import re
import secrets
from hashlib import sha256

from config.accounts import TOKEN_BYTES

_TOKEN_PATTERN = re.compile(r"[A-Za-z0-9_-]{43}")


def new_token() -> str:
    return secrets.token_urlsafe(TOKEN_BYTES)


def hash_token(token: str) -> str | None:
    """Hash a token to hex; None for a text that cannot be one, so that no store is asked."""
    if _TOKEN_PATTERN.fullmatch(token) is None:
        return None
    return sha256(token.encode()).hexdigest()
