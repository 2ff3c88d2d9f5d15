"""Builds and parses RFC 6455 frames byte by byte, valid and invalid ones, without a library."""

from asyncio import StreamReader
from dataclasses import dataclass
from itertools import cycle, pairwise

CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0x0, 0x1, 0x2, 0x8, 0x9, 0xA
MASK = b"\x37\xfa\x21\x3d"


def header(
    opcode: int,
    length: int,
    *,
    fin: bool = True,
    reserved: int = 0,
    mask: bytes | None = MASK,
    length_bits: int | None = None,
) -> bytes:
    """Encode a frame header for `length` bytes; `length_bits` (7, 16, 64) forces the length encoding."""
    first = (0x80 if fin else 0) | reserved << 4 | opcode
    masked = 0 if mask is None else 0x80
    bits = length_bits or (7 if length < 126 else 16 if length < 65536 else 64)
    if bits == 7:
        extent = bytes([masked | length])
    elif bits == 16:
        extent = bytes([masked | 126]) + length.to_bytes(2, "big")
    else:
        extent = bytes([masked | 127]) + length.to_bytes(8, "big")
    return bytes([first]) + extent + (mask or b"")


def apply_mask(payload: bytes, mask: bytes) -> bytes:
    return bytes(byte ^ key for byte, key in zip(payload, cycle(mask), strict=False))


def frame(
    opcode: int,
    payload: bytes = b"",
    *,
    fin: bool = True,
    reserved: int = 0,
    mask: bytes | None = MASK,
    length_bits: int | None = None,
) -> bytes:
    """Encode a client frame; `mask=None` leaves it unmasked, which is invalid for a client."""
    head = header(opcode, len(payload), fin=fin, reserved=reserved, mask=mask, length_bits=length_bits)
    return head + (payload if mask is None else apply_mask(payload, mask))


def text(payload: bytes | str, *, fin: bool = True) -> bytes:
    return frame(TEXT, payload.encode() if isinstance(payload, str) else payload, fin=fin)


def binary(payload: bytes) -> bytes:
    return frame(BINARY, payload)


def continuation(payload: bytes = b"", *, fin: bool = False) -> bytes:
    """Encode a continuation frame."""
    return frame(CONTINUATION, payload, fin=fin)


def close(code: int | None = None, reason: bytes = b"") -> bytes:
    return frame(CLOSE, b"" if code is None else code.to_bytes(2, "big") + reason)


def ping(payload: bytes = b"") -> bytes:
    return frame(PING, payload)


def pong(payload: bytes = b"") -> bytes:
    return frame(PONG, payload)


def fragments(payload: bytes, *cuts: int, opcode: int = TEXT) -> list[bytes]:
    """Split a message at these offsets into one frame per part."""
    edges = [0, *cuts, len(payload)]
    parts = [payload[start:end] for start, end in pairwise(edges)]
    last = len(parts) - 1
    return [
        frame(opcode if number == 0 else CONTINUATION, part, fin=number == last)
        for number, part in enumerate(parts)
    ]


@dataclass(frozen=True, slots=True)
class Received:
    """A frame received from the server."""

    opcode: int
    payload: bytes
    fin: bool
    reserved: int
    masked: bool

    @property
    def close_code(self) -> int | None:
        return int.from_bytes(self.payload[:2], "big") if self.payload else None


async def read_frame(reader: StreamReader) -> Received:
    """Read the next frame; raises `IncompleteReadError` or `ConnectionError` at the end."""
    first, second = await reader.readexactly(2)
    length = second & 0x7F
    if length == 126:
        length = int.from_bytes(await reader.readexactly(2), "big")
        assert length >= 126, "a server uses the shortest form of a length"
    elif length == 127:
        length = int.from_bytes(await reader.readexactly(8), "big")
        assert length >= 65536, "a server uses the shortest form of a length"
    payload = await reader.readexactly(length)
    return Received(first & 0x0F, payload, bool(first & 0x80), first >> 4 & 0x07, bool(second & 0x80))
