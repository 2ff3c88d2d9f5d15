"""The server side of the opening handshake (RFC 6455, section 4.2).

Compression is not negotiated: it costs more than it saves on small frames, and it enables attacks on secrets.
"""

import base64
import binascii
import hashlib

from multidict import MultiMapping

from actors.protocol.errors import ApiError, invalid_field
from server.websocket.subprotocols import SUBPROTOCOL_NAMES, Subprotocol, select_subprotocol

HANDSHAKE_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
WEBSOCKET_VERSION = "13"


def accept_handshake(
    method: str, http_version: tuple[int, int], headers: MultiMapping[str]
) -> tuple[bytes, Subprotocol]:
    """Validate an upgrade request. Returns the bytes of the 101 response and the negotiated subprotocol.

    Raises:
        ApiError: request.invalid, with the header to correct.
    """
    if method != "GET" or "websocket" not in _header_tokens(headers, "Upgrade"):
        raise invalid_field(
            "Upgrade", "This is a websocket endpoint; send a GET request with `Upgrade: websocket`."
        )
    if http_version < (1, 1):
        raise ApiError("request.invalid", "The websocket handshake requires HTTP/1.1.")
    if "upgrade" not in _header_tokens(headers, "Connection"):
        raise invalid_field("Connection", "The `Connection` header must contain `Upgrade`.")
    if headers.get("Sec-WebSocket-Version", "") != WEBSOCKET_VERSION:
        raise invalid_field("Sec-WebSocket-Version", "`Sec-WebSocket-Version` must be 13.")
    key = headers.get("Sec-WebSocket-Key", "").strip()
    if not _is_valid_key(key):
        raise invalid_field("Sec-WebSocket-Key", "`Sec-WebSocket-Key` must be 16 bytes in base64.")
    offered = _header_tokens(headers, "Sec-WebSocket-Protocol", lowercase=False)
    subprotocol = select_subprotocol(offered)
    if subprotocol is None:
        raise invalid_field(
            "Sec-WebSocket-Protocol",
            f"`Sec-WebSocket-Protocol` must contain {' or '.join(SUBPROTOCOL_NAMES)}.",
        )
    accept = base64.b64encode(hashlib.sha1(key.encode() + HANDSHAKE_GUID, usedforsecurity=False).digest())
    response = (
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Accept: " + accept + b"\r\n"
    )
    if offered:
        response += b"Sec-WebSocket-Protocol: " + subprotocol.name.encode() + b"\r\n"
    return response + b"\r\n", subprotocol


def _header_tokens(headers: MultiMapping[str], name: str, *, lowercase: bool = True) -> list[str]:
    """Return the members of a list header, which may come in several lines (RFC 9110, section 5.3)."""
    value = ",".join(headers.getall(name, ()))
    return [token.strip() for token in (value.lower() if lowercase else value).split(",") if token.strip()]


def _is_valid_key(key: str) -> bool:
    try:
        return len(base64.b64decode(key, validate=True)) == 16
    except (binascii.Error, ValueError):
        return False
