"""Adapts outbound frames to a connection: drops filtered frame types, and re-encodes JSON as MessagePack.

    framed bytes -> split -> filter by event group -> re-encode -> send queue

An encoder is shared by all connections with the same filter and encoding. A frame for many connections is
passed to them one after the other, so caching the last result is enough to encode it once.
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
            None
            if groups is None
            else frozenset(frame_type.encode() for frame_type in excluded_frame_types(groups))
        )
        self._last_input = b""
        self._last_output = b""

    def __call__(self, framed: bytes) -> bytes:
        """Return the frames to send in place of `framed`, in the same order; empty if none is left."""
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
    """Creates and shares encoders, one per combination of filter and encoding."""

    def __init__(self) -> None:
        self._encoders: dict[tuple[bool, frozenset[EventGroup] | None], OutboundEncoder] = {}

    def get(self, groups: Collection[EventGroup] | None, *, binary: bool) -> OutboundEncoder | None:
        """Return the encoder, or None if frames are sent unchanged. `groups` of None means all."""
        included = None if groups is None or len(set(groups)) == len(EventGroup) else frozenset(groups)
        if included is None and not binary:
            return None
        key = (binary, included)
        if key not in self._encoders:
            self._encoders[key] = OutboundEncoder(included, binary=binary)
        return self._encoders[key]
