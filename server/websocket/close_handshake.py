"""How a connection is closed: close codes, the goodbye frame, and the end of the transport."""

import asyncio
from typing import Final

from actors.protocol.server_frames import Goodbye, server_frame_encoder

CLOSE_TIMEOUT_S: Final = 3.0
RESUMABLE_CODES: Final = range(4000, 4500)
INVALID_UTF8: Final = 1007
MESSAGE_TOO_BIG: Final = 1009
PAYLOAD_VIOLATION_CODES: Final = frozenset((INVALID_UTF8, MESSAGE_TOO_BIG))
"""Codes after which the peer's Close is not awaited (RFC 6455, section 7.1.7)."""


def encode_goodbye(code: int, reason: str, retry_after_ms: int | None) -> bytes:
    """Encode the frame that precedes the server's Close and states whether the client may resume."""
    return server_frame_encoder.encode(Goodbye(code, reason, retry_after_ms, resume=code in RESUMABLE_CODES))


def close_after_flush(transport: asyncio.Transport) -> None:
    """Close the transport once its buffer is written.

    Half-closes where possible. Input arriving on a closed socket is answered with a TCP reset, which discards
    a Close frame that the peer has not read yet.
    """
    if transport.can_write_eof():
        transport.write_eof()
    else:
        transport.close()
