"""Frames of RFC 6455 as a client writes them, and the heads of those that it reads.

The masking key is zero: the server still does all its work of unmasking, and we have none. That is for a
load tester alone, which no proxy between has to be protected from. It never fragments.
"""

from typing import Final

TEXT: Final = 0x1
CLOSE: Final = 0x8
PING: Final = 0x9
PONG: Final = 0xA
KEY: Final = bytes(4)
LENGTH_2: Final = 126
LENGTH_8: Final = 127


def masked_frame(opcode: int, payload: bytes) -> bytes:
    """One whole frame around `payload`."""
    size = len(payload)
    if size < LENGTH_2:
        return bytes((0x80 | opcode, 0x80 | size)) + KEY + payload
    if size < 1 << 16:
        return bytes((0x80 | opcode, 0x80 | LENGTH_2)) + size.to_bytes(2, "big") + KEY + payload
    return bytes((0x80 | opcode, 0x80 | LENGTH_8)) + size.to_bytes(8, "big") + KEY + payload


def frame_end(data: bytes, start: int) -> tuple[int, int]:
    """Where the payload of the frame at `start` begins and ends; (0, 0) while its head is not all there."""
    have = len(data) - start
    if have < 2:
        return 0, 0
    size = data[start + 1] & 0x7F
    if size < LENGTH_2:
        return start + 2, start + 2 + size
    if size == LENGTH_2:
        return (
            (start + 4, start + 4 + int.from_bytes(data[start + 2 : start + 4], "big"))
            if have >= 4
            else (0, 0)
        )
    return (
        (start + 10, start + 10 + int.from_bytes(data[start + 2 : start + 10], "big"))
        if have >= 10
        else (0, 0)
    )
