"""Websocket subprotocols: the same objects as JSON or as MessagePack.

Negotiated by RFC 6455, section 1.9: the first supported name in the client's list, or JSON without a list.
"""

from collections.abc import Sequence
from typing import Final

import msgspec

from actors.protocol.commands import CommandDecoders, json_decoders, msgpack_decoders


class Subprotocol(msgspec.Struct, frozen=True):
    name: str
    binary: bool
    command_decoders: CommandDecoders


JSON: Final = Subprotocol("convene.v1.json", binary=False, command_decoders=json_decoders)
MSGPACK: Final = Subprotocol("convene.v1.msgpack", binary=True, command_decoders=msgpack_decoders)
_BY_NAME: Final = {subprotocol.name: subprotocol for subprotocol in (JSON, MSGPACK)}
SUBPROTOCOL_NAMES: Final = tuple(_BY_NAME)


def select_subprotocol(offered: Sequence[str]) -> Subprotocol | None:
    """Return the subprotocol to use, or None if none of the offered ones is supported."""
    if not offered:
        return JSON
    return next((_BY_NAME[name] for name in offered if name in _BY_NAME), None)
