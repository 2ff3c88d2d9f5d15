"""The sub-protocols of the socket: the same objects, in two encodings.

They are negotiated as RFC 6455, section 1.9, says; the first one of the client's list that is known here
is taken, and JSON where it names none.
"""

from collections.abc import Sequence
from typing import Final

import msgspec

from actors.protocol.commands import CommandDecoders, json_decoders, msgpack_decoders


class SubProtocol(msgspec.Struct, frozen=True):
    name: str
    binary: bool
    command_decoders: CommandDecoders


JSON: Final = SubProtocol("convene.v1.json", binary=False, command_decoders=json_decoders)
MSGPACK: Final = SubProtocol("convene.v1.msgpack", binary=True, command_decoders=msgpack_decoders)
_BY_NAME: Final = {one.name: one for one in (JSON, MSGPACK)}
SUB_PROTOCOL_NAMES: Final = tuple(_BY_NAME)


def select_sub_protocol(offered: Sequence[str]) -> SubProtocol | None:
    """The one to speak; None when the client speaks none of ours."""
    if not offered:
        return JSON
    return next((_BY_NAME[name] for name in offered if name in _BY_NAME), None)
