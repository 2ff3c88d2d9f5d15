"""The opening handshake of RFC 6455, client side. Offers no compression."""

import base64
import os
from typing import Final
from urllib.parse import urlsplit

import msgspec

HEAD_END: Final = b"\r\n\r\n"
HEAD_BYTES_MAX: Final = 16 * 1024
SUBPROTOCOL: Final = "convene.v1.json"


class Address(msgspec.Struct, frozen=True):
    """Address of a server."""

    host: str
    port: int
    tls: bool
    path: str = ""

    @classmethod
    def parse(cls, url: str) -> "Address":
        """Raises `ValueError` if it is not an http or https URL."""
        parts = urlsplit(url)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise ValueError(f"{url} is not an http or https URL")
        tls = parts.scheme == "https"
        return cls(parts.hostname, parts.port or (443 if tls else 80), tls, parts.path.rstrip("/"))


class HandshakeResponse(msgspec.Struct, frozen=True):
    status: int
    retry_after_s: float | None


def upgrade_request(address: Address) -> bytes:
    key = base64.b64encode(os.urandom(16)).decode()
    host = f"[{address.host}]" if ":" in address.host else address.host
    return (
        f"GET {address.path}/v1/ws HTTP/1.1\r\nHost: {host}:{address.port}\r\nConnection: Upgrade\r\n"
        f"Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n"
        f"Sec-WebSocket-Protocol: {SUBPROTOCOL}\r\n\r\n"
    ).encode()


def parse_response(head: bytes) -> HandshakeResponse:
    """Parse the status line and `Retry-After`. Raises `ValueError` for invalid HTTP."""
    lines = head.decode("latin-1").split("\r\n")
    status = int(lines[0].split(" ", 2)[1])
    for line in lines[1:]:
        name, _, value = line.partition(":")
        if name.lower() == "retry-after" and value.strip().isdigit():
            return HandshakeResponse(status, float(value))
    return HandshakeResponse(status, None)
