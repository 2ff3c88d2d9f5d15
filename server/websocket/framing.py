"""Encodes server frames (RFC 6455, section 5.2). They are unmasked, so all clients get the same bytes."""

from collections.abc import Iterator
from types import GeneratorType
from typing import Final

from websockets.protocol import Protocol
from websockets.streams import StreamReader

TEXT: Final = 0x1
FIN_TEXT: Final = 0x81
FIN_BINARY: Final = 0x82
PING: Final = b"\x89\x00"
EMPTY_PONG: Final = b"\x8a\x80"
EMPTY_PONG_BYTES: Final = 6
"""Size of a client's pong in response to `PING`, including its mask."""

_AT_EOF: Final = StreamReader.at_eof.__code__


def text_frame(payload: bytes) -> bytes:
    """Encode `payload` as one unfragmented text frame."""
    return _encode_frame(FIN_TEXT, payload)


def binary_frame(payload: bytes) -> bytes:
    """Encode `payload` as one unfragmented binary frame."""
    return _encode_frame(FIN_BINARY, payload)


def split_frames(framed: bytes) -> Iterator[tuple[int, bytes, bytes]]:
    """Split concatenated server frames. Yields the opcode, the payload and the framed bytes of each."""
    start = 0
    while start < len(framed):
        size, at = framed[start + 1], start + 2
        if size >= 126:
            extended = 2 if size == 126 else 8
            size, at = int.from_bytes(framed[at : at + extended], "big"), at + extended
        end = at + size
        yield framed[start] & 0x0F, framed[at:end], framed[start:end]
        start = end


def at_frame_boundary(parser: Protocol) -> bool:
    """Whether the next byte starts a frame.

    The parser is a generator that is suspended in `at_eof` only between frames. This relies on the source of
    `websockets`, which is pinned; tests guard it.
    """
    suspended_in = getattr(parser.parser, "gi_yieldfrom", None)
    return isinstance(suspended_in, GeneratorType) and suspended_in.gi_code is _AT_EOF


def _encode_frame(first_byte: int, payload: bytes) -> bytes:
    size = len(payload)
    if size < 126:
        return bytes((first_byte, size)) + payload
    if size < 65536:
        return bytes((first_byte, 126)) + size.to_bytes(2, "big") + payload
    return bytes((first_byte, 127)) + size.to_bytes(8, "big") + payload
