"""What becomes of frames on their way to a socket that wants them otherwise: fewer, or as MessagePack.

    a ready frame, or several joined -> those that are wanted -> encoded anew -> the outbox

One serves all sockets that want the same. A frame for many is handed to one after the other, so keeping
what was made last is enough to make it once. It never changes their order.
"""

from collections.abc import Collection

import msgspec

from actors.protocol.event_filter import EventGroup, excluded_frame_types
from server.socket.framing import TEXT, binary_frame, frames_in

TYPE_AT = len(b'{"type":"')
_decode = msgspec.json.Decoder().decode
_encode = msgspec.msgpack.Encoder().encode


class Rendition:
    __slots__ = ("_binary", "_last", "_made", "_unwanted")

    def __init__(self, intents: Collection[EventGroup] | None, *, binary: bool) -> None:
        self._binary = binary
        self._unwanted = (
            frozenset(one.encode() for one in excluded_frame_types(intents)) if intents is not None else None
        )
        self._last = b""
        self._made = b""

    def __call__(self, ready: bytes) -> bytes:
        """Those bytes as this socket gets them; empty when it gets none of them."""
        if ready is not self._last:
            self._made = b"".join(self._one(*frame) for frame in frames_in(ready))
            self._last = ready
        return self._made

    def _one(self, opcode: int, payload: bytes, ready: bytes) -> bytes:
        if opcode != TEXT:
            return ready
        if self._unwanted and payload[TYPE_AT : payload.index(b'"', TYPE_AT)] in self._unwanted:
            return b""
        return binary_frame(_encode(_decode(payload))) if self._binary else ready


class Renditions:
    """One for each way that somebody wants it."""

    def __init__(self) -> None:
        self._known: dict[tuple[bool, frozenset[EventGroup] | None], Rendition] = {}

    def get(self, intents: Collection[EventGroup] | None, *, binary: bool) -> Rendition | None:
        """None where frames go out as they are."""
        wanted = None if intents is None or len(set(intents)) == len(EventGroup) else frozenset(intents)
        if wanted is None and not binary:
            return None
        key = (binary, wanted)
        if key not in self._known:
            self._known[key] = Rendition(wanted, binary=binary)
        return self._known[key]
