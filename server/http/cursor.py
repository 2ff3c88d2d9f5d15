"""Opaque page cursors: the key of a page's last item, as MessagePack in base64url.

A cursor is not signed. A forged key only selects items that the caller may read anyway.
"""

import base64
import binascii
from typing import TypeVar

import msgspec

from actors.protocol.errors import invalid_cursor

CURSOR_CHARACTERS = 1000

Key = TypeVar("Key")


def encode_cursor(key: object) -> str:
    """Encode a key made of tuples, strings and numbers."""
    return base64.urlsafe_b64encode(msgspec.msgpack.encode(key)).rstrip(b"=").decode()


def decode_cursor(cursor: str, key: type[Key]) -> Key:
    """Decode a cursor of `encode_cursor` into a key of that type.

    Raises:
        ApiError: cursor.invalid.
    """
    if len(cursor) > CURSOR_CHARACTERS:
        raise invalid_cursor()
    try:
        packed = base64.b64decode(cursor.encode("ascii") + b"=" * (-len(cursor) % 4), b"-_", validate=True)
        return msgspec.msgpack.decode(packed, type=key)
    except (ValueError, binascii.Error, msgspec.MsgspecError, RecursionError):
        raise invalid_cursor() from None
