"""The part of RFC 6455 that a baseline needs: upgrade response and unfragmented text frames.

Deliberately incomplete: no fragmentation, pings, size limits or close handshake.
"""

import base64
import hashlib
from urllib.parse import parse_qs, urlsplit

from websockets.speedups import apply_mask

TEXT, CLOSE = 1, 8
GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


def text_frame(payload: bytes) -> bytes:
    """Encode a text frame. Server frames are unmasked, so the same bytes can be sent to every member."""
    size = len(payload)
    if size < 126:
        return bytes((0x81, size)) + payload
    if size < 65536:
        return b"\x81\x7e" + size.to_bytes(2, "big") + payload
    return b"\x81\x7f" + size.to_bytes(8, "big") + payload


def decode_frame(data: bytes, offset: int) -> tuple[int, bytes, int] | None:
    """Return opcode, payload and end offset of the masked frame at `offset`; None if it is incomplete."""
    if len(data) - offset < 6:
        return None
    size = data[offset + 1] & 127
    start = offset + 2
    if size == 126:
        size = int.from_bytes(data[start : start + 2], "big")
        start += 2
    elif size == 127:
        size = int.from_bytes(data[start : start + 8], "big")
        start += 8
    end = start + 4 + size
    if end > len(data):
        return None
    return data[offset] & 15, apply_mask(data[start + 4 : end], data[start : start + 4]), end


def upgrade_response(request: bytes) -> tuple[str, bytes]:
    """Return the room in the query string and the response to the upgrade request."""
    target, *lines = request.split(b"\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(b":") for line in lines)}
    room = parse_qs(urlsplit(target.split(b" ")[1]).query).get(b"room", [b"-"])[0].decode()
    digest = hashlib.sha1(headers[b"sec-websocket-key"] + GUID, usedforsecurity=False).digest()
    return room, (
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Protocol: convene.v1.json\r\nSec-WebSocket-Accept: "
        + base64.b64encode(digest)
        + b"\r\n\r\n"
    )
