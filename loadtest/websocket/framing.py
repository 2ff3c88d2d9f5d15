"""Writes client frames of RFC 6455, and parses the headers of server frames.

The masking key is zero: the server unmasks as usual, and the load tester saves the work. Only a load tester
may do that; masking protects proxies between. Frames are not fragmented.
"""

from typing import Final

TEXT: Final = 0x1
CLOSE: Final = 0x8
PING: Final = 0x9
PONG: Final = 0xA
MASKING_KEY: Final = bytes(4)
LENGTH_16_BIT: Final = 126
LENGTH_64_BIT: Final = 127


def masked_frame(opcode: int, payload: bytes) -> bytes:
    """Return one complete frame."""
    size = len(payload)
    if size < LENGTH_16_BIT:
        return bytes((0x80 | opcode, 0x80 | size)) + MASKING_KEY + payload
    if size < 1 << 16:
        return bytes((0x80 | opcode, 0x80 | LENGTH_16_BIT)) + size.to_bytes(2, "big") + MASKING_KEY + payload
    return bytes((0x80 | opcode, 0x80 | LENGTH_64_BIT)) + size.to_bytes(8, "big") + MASKING_KEY + payload


def payload_bounds(data: bytes, start: int) -> tuple[int, int]:
    """Return start and end of the payload of the frame at `start`; (0, 0) if its header is incomplete."""
    available = len(data) - start
    if available < 2:
        return 0, 0
    size = data[start + 1] & 0x7F
    if size < LENGTH_16_BIT:
        return start + 2, start + 2 + size
    if size == LENGTH_16_BIT:
        return (
            (start + 4, start + 4 + int.from_bytes(data[start + 2 : start + 4], "big"))
            if available >= 4
            else (0, 0)
        )
    return (
        (start + 10, start + 10 + int.from_bytes(data[start + 2 : start + 10], "big"))
        if available >= 10
        else (0, 0)
    )
