"""One websocket connection: handshake, then frames both ways, with callbacks to its handler.

Uses no task, queue or future, so that one process can hold thousands. Pings and close frames are answered;
there is no reconnect.
"""

import asyncio
from typing import Protocol, cast

from loadtest.websocket.frame_decoder import FrameDecoder, InvalidFrame
from loadtest.websocket.frames import ControlFrame, ReceivedEvent
from loadtest.websocket.framing import CLOSE, PING, PONG, TEXT, masked_frame
from loadtest.websocket.handshake import HEAD_BYTES_MAX, HEAD_END, Address, parse_response, upgrade_request

NORMAL_CLOSURE = (1000).to_bytes(2, "big")
PROTOCOL_ERROR = (1002).to_bytes(2, "big")


class ConnectionHandler(Protocol):
    """Called from the event loop; `on_close` is the last call."""

    def on_open(self) -> None:
        """The server accepted the upgrade."""

    def on_rejected(self, status: int, retry_after_s: float | None) -> None:
        """The server rejected the upgrade with that status; `on_close` follows."""

    def on_events(self, events: list[ReceivedEvent]) -> None:
        """Handle events received together, in order."""

    def on_close(self, code: int | None, reason: str) -> None:
        """The connection ended; `code` is None without a close frame."""


class ClientConnection(asyncio.Protocol):
    __slots__ = ("_address", "_buffer", "_code", "_decoder", "_handler", "_open", "_reason", "_transport")

    def __init__(self, handler: ConnectionHandler, address: Address, decoder: FrameDecoder) -> None:
        self._handler: ConnectionHandler | None = handler
        self._address = address
        self._decoder = decoder
        self._transport: asyncio.Transport | None = None
        self._open = False
        self._buffer = b""
        self._code: int | None = None
        self._reason = ""

    # --- called by the transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        if self._handler is None:
            self._transport.abort()
            return
        self._transport.write(upgrade_request(self._address))

    def data_received(self, data: bytes) -> None:
        if self._buffer:
            data, self._buffer = self._buffer + data, b""
        if not self._open:
            self._buffer = data
            self._read_upgrade_response()
            return
        decoder = self._decoder
        events = decoder.cached_events(data)
        if events is None:
            try:
                events, used = decoder.decode(data)
            except InvalidFrame as error:
                self._fail(str(error))
                return
            if used < len(data):
                self._buffer = data[used:]
            events = self._handle_control_frames(events)
        if events and self._handler is not None:
            self._handler.on_events(events)

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        handler, self._handler = self._handler, None
        if handler is not None:
            handler.on_close(self._code, self._reason or (type(exc).__name__ if exc else "closed"))

    # --- called by the handler

    def send_text(self, payload: bytes) -> None:
        """Write one text frame; no effect after the connection ended."""
        if self._transport is not None:
            self._transport.write(masked_frame(TEXT, payload))

    def close(self) -> None:
        """Send a close frame and close; the handler is not called any more."""
        self._handler = None
        if self._transport is not None:
            if self._open:
                self._transport.write(masked_frame(CLOSE, NORMAL_CLOSURE))
            self._transport.close()

    def abort(self) -> None:
        """Abort the connection like a network failure; the handler is not called any more."""
        self._handler = None
        if self._transport is not None:
            self._transport.abort()

    # --- internals

    def _read_upgrade_response(self) -> None:
        head, separator, rest = self._buffer.partition(HEAD_END)
        if not separator:
            if len(head) > HEAD_BYTES_MAX:
                self._fail("handshake response too large")
            return
        try:
            response = parse_response(head)
        except (ValueError, IndexError):
            self._fail("invalid HTTP response")
            return
        handler = self._handler
        if handler is None:
            return
        if response.status != 101:
            self._reason = f"the websocket upgrade failed with status {response.status}"
            handler.on_rejected(response.status, response.retry_after_s)
            if self._transport is not None:
                self._transport.close()
            return
        self._open, self._buffer = True, b""
        handler.on_open()
        if rest:
            self.data_received(rest)

    def _handle_control_frames(self, events: list[ReceivedEvent]) -> list[ReceivedEvent]:
        if not any(type(event) is ControlFrame for event in events):
            return events
        events_left: list[ReceivedEvent] = []
        for event in events:
            if not isinstance(event, ControlFrame):
                events_left.append(event)
            elif event.opcode == PING:
                self._write(PONG, event.payload)
            else:
                self._on_close_frame(event.payload)
        return events_left

    def _on_close_frame(self, payload: bytes) -> None:
        if len(payload) >= 2:
            self._code = int.from_bytes(payload[:2], "big")
            self._reason = payload[2:].decode(errors="replace")
        self._write(CLOSE, payload[:2])
        if self._transport is not None:
            self._transport.close()

    def _write(self, opcode: int, payload: bytes) -> None:
        if self._transport is not None:
            self._transport.write(masked_frame(opcode, payload))

    def _fail(self, reason: str) -> None:
        self._reason = reason
        if self._transport is not None:
            if self._open:
                self._transport.write(masked_frame(CLOSE, PROTOCOL_ERROR))
            self._transport.close()
