"""Proxy that injects one fault into the durable frames of a server.

    drop        a frame is removed
    duplicate   a frame is repeated
    reorder     a frame swaps places with the next one

Server frames are not masked, so the proxy can parse them. Everything else is forwarded unchanged.
"""

from typing import Literal

from loadtest.websocket.framing import payload_bounds
from tests.tcp_proxy import TcpProxy

FaultMode = Literal["drop", "duplicate", "reorder"]
DURABLE = b'"type":"message.created"'
UPGRADED = b"HTTP/1.1 101"


class FaultProxy(TcpProxy):
    """The first `skip_frames` durable frames of each connection are forwarded."""

    def __init__(self, url: str, mode: FaultMode, skip_frames: int = 2) -> None:
        super().__init__(url, make_filter=lambda: FaultInjector(self).feed)
        self.mode: FaultMode = mode
        self.skip_frames = skip_frames
        self.injected = 0


class FaultInjector:
    """Injects the fault into the frames of one connection."""

    def __init__(self, proxy: FaultProxy) -> None:
        self._proxy = proxy
        self._upgraded = False
        self._buffer = b""
        self._seen = 0
        self._held_frame = b""

    def feed(self, data: bytes) -> bytes:
        self._buffer += data
        forwarded = b""
        if not self._upgraded:
            head, separator, rest = self._buffer.partition(b"\r\n\r\n")
            if not separator or not head.startswith(UPGRADED):
                forwarded, self._buffer = self._buffer, b""
                return forwarded
            self._upgraded, self._buffer = True, rest
            forwarded = head + separator
        while self._buffer:
            start, end = payload_bounds(self._buffer, 0)
            if not start or end > len(self._buffer):
                break
            frame, self._buffer = self._buffer[:end], self._buffer[end:]
            forwarded += self._handle(frame)
        return forwarded

    def _handle(self, frame: bytes) -> bytes:
        if DURABLE not in frame:
            return frame
        if self._held_frame:
            held, self._held_frame = self._held_frame, b""
            return frame + held
        self._seen += 1
        if self._seen <= self._proxy.skip_frames or self._proxy.injected:
            return frame
        self._proxy.injected += 1
        match self._proxy.mode:
            case "drop":
                return b""
            case "duplicate":
                return frame + frame
            case "reorder":
                self._held_frame = frame
                return b""
