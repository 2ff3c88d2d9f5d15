"""Cursors: the key after which a page goes on, packed so that clients do not read it.

A cursor is not signed: whatever key somebody makes up shows only what that caller may see anyway.
Never holds an offset.
"""

import base64
import binascii
from typing import TypeVar

import msgspec

from actors.protocol.errors import ApiError

CURSOR_CHARACTERS = 1000

Key = TypeVar("Key")


def encode_cursor(key: object) -> str:
    """Pack a key made of tuples, texts and numbers."""
    return base64.urlsafe_b64encode(msgspec.msgpack.encode(key)).rstrip(b"=").decode()


def decode_cursor(cursor: str, key: type[Key]) -> Key:
    """Unpack what `write_cursor` made of a key of that type. Raises `cursor.invalid`."""
    forged = ApiError("cursor.invalid", "The cursor is not one of ours.")
    if len(cursor) > CURSOR_CHARACTERS:
        raise forged
    try:
        packed = base64.b64decode(cursor.encode("ascii") + b"=" * (-len(cursor) % 4), b"-_", validate=True)
        return msgspec.msgpack.decode(packed, type=key)
    except (ValueError, binascii.Error, msgspec.MsgspecError, RecursionError):
        raise forged from None
