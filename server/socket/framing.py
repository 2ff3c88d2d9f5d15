"""Server frames as bytes (RFC 6455, section 5.2). Unmasked, so the same bytes serve every client."""

from typing import Final

FIN_TEXT: Final = 0x81
PING: Final = b"\x89\x00"


def text_frame(payload: bytes) -> bytes:
    """One whole text frame around `payload`."""
    size = len(payload)
    if size < 126:
        return bytes((FIN_TEXT, size)) + payload
    if size < 65536:
        return b"\x81\x7e" + size.to_bytes(2, "big") + payload
    return b"\x81\x7f" + size.to_bytes(8, "big") + payload
