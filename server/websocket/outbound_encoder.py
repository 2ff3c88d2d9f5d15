"""What becomes of frames on their way to a socket that wants them otherwise: fewer, or as MessagePack.

    a ready frame, or several joined -> those that are wanted -> encoded anew -> the outbox

One serves all sockets that want the same. A frame for many is handed to one after the other, so keeping
what was made last is enough to make it once. It never changes their order.
"""

from collections.abc import Collection

import msgspec

from actors.protocol.event_filter import EventGroup, excluded_frame_types
from server.websocket.framing import TEXT, binary_frame, split_frames

TYPE_OFFSET = len(b'{"type":"')
_decode = msgspec.json.Decoder().decode
_encode = msgspec.msgpack.Encoder().encode


class OutboundEncoder:
    __slots__ = ("_binary", "_excluded_types", "_last_input", "_last_output")

    def __init__(self, groups: Collection[EventGroup] | None, *, binary: bool) -> None:
        self._binary = binary
        self._excluded_types = (
            frozenset(one.encode() for one in excluded_frame_types(groups)) if groups is not None else None
        )
        self._last_input = b""
        self._last_output = b""

    def __call__(self, framed: bytes) -> bytes:
        """Those bytes as this socket gets them; empty when it gets none of them."""
        if framed is not self._last_input:
            self._last_output = b"".join(self._encode_frame(*frame) for frame in split_frames(framed))
            self._last_input = framed
        return self._last_output

    def _encode_frame(self, opcode: int, payload: bytes, framed: bytes) -> bytes:
        if opcode != TEXT:
            return framed
        if (
            self._excluded_types
            and payload[TYPE_OFFSET : payload.index(b'"', TYPE_OFFSET)] in self._excluded_types
        ):
            return b""
        return binary_frame(_encode(_decode(payload))) if self._binary else framed


class OutboundEncoders:
    """One for each way that somebody wants it."""

    def __init__(self) -> None:
        self._encoders: dict[tuple[bool, frozenset[EventGroup] | None], OutboundEncoder] = {}

    def get(self, groups: Collection[EventGroup] | None, *, binary: bool) -> OutboundEncoder | None:
        """None where frames go out as they are."""
        wanted = None if groups is None or len(set(groups)) == len(EventGroup) else frozenset(groups)
        if wanted is None and not binary:
            return None
        key = (binary, wanted)
        if key not in self._encoders:
            self._encoders[key] = OutboundEncoder(wanted, binary=binary)
        return self._encoders[key]
