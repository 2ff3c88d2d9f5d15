"""The sub-protocols of the socket: the same objects, in two encodings.

They are negotiated as RFC 6455, section 1.9, says; the first one of the client's list that is known here
is taken, and JSON where it names none.
"""

from collections.abc import Sequence
from typing import Final

import msgspec

from actors.wire.commands import Reading, json_reading, msgpack_reading


class SubProtocol(msgspec.Struct, frozen=True):
    name: str
    binary: bool
    reading: Reading


JSON: Final = SubProtocol("convene.v1.json", binary=False, reading=json_reading)
MSGPACK: Final = SubProtocol("convene.v1.msgpack", binary=True, reading=msgpack_reading)
_KNOWN: Final = {one.name: one for one in (JSON, MSGPACK)}
NAMES: Final = tuple(_KNOWN)


def chosen(offered: Sequence[str]) -> SubProtocol | None:
    """The one to speak; None when the client speaks none of ours."""
    if not offered:
        return JSON
    return next((_KNOWN[name] for name in offered if name in _KNOWN), None)
