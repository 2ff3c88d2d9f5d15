"""The opening handshake of RFC 6455, section 4.2: what a request must bring, and the answer to it.

Compression is never agreed to: it costs more than it saves on small frames, and it is a way to attack.
"""

import base64
import binascii
import hashlib
from collections.abc import Mapping

from actors.protocol.errors import ApiError
from server.websocket.sub_protocols import SUB_PROTOCOL_NAMES, SubProtocol, select_sub_protocol

HANDSHAKE_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
WEBSOCKET_VERSION = "13"


def accept_handshake(
    method: str, http_version: tuple[int, int], headers: Mapping[str, str]
) -> tuple[bytes, SubProtocol]:
    """The 101 answer to an upgrade request, and the sub-protocol that it agrees to.

    Raises:
        Refusal: request.invalid, with what is missing.
    """
    if method != "GET" or "websocket" not in _header_tokens(headers, "Upgrade"):
        raise ApiError("request.invalid", "This is a websocket: send Upgrade: websocket.")
    if http_version < (1, 1):
        raise ApiError("request.invalid", "A websocket begins with HTTP/1.1.")
    if "upgrade" not in _header_tokens(headers, "Connection"):
        raise ApiError("request.invalid", "The Connection header has no upgrade.")
    if headers.get("Sec-WebSocket-Version", "") != WEBSOCKET_VERSION:
        raise ApiError("request.invalid", "Sec-WebSocket-Version is 13.")
    key = headers.get("Sec-WebSocket-Key", "").strip()
    if not _is_valid_key(key):
        raise ApiError("request.invalid", "Sec-WebSocket-Key is 16 bytes in base64.")
    offered = _header_tokens(headers, "Sec-WebSocket-Protocol", lowercase=False)
    protocol = select_sub_protocol(offered)
    if protocol is None:
        raise ApiError("request.invalid", f"There are the sub-protocols {' and '.join(SUB_PROTOCOL_NAMES)}.")
    accept = base64.b64encode(hashlib.sha1(key.encode() + HANDSHAKE_GUID, usedforsecurity=False).digest())
    answer = (
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Accept: " + accept + b"\r\n"
    )
    if offered:
        answer += b"Sec-WebSocket-Protocol: " + protocol.name.encode() + b"\r\n"
    return answer + b"\r\n", protocol


def _header_tokens(headers: Mapping[str, str], name: str, *, lowercase: bool = True) -> list[str]:
    value = headers.get(name, "")
    return [token.strip() for token in (value.lower() if lowercase else value).split(",") if token.strip()]


def _is_valid_key(key: str) -> bool:
    try:
        return len(base64.b64decode(key, validate=True)) == 16
    except (binascii.Error, ValueError):
        return False
