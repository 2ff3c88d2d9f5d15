"""One connection: handshake, then frames both ways, by callbacks on its owner.

No task, no queue and no future, so that thousands of them cost one process little. It answers pings and
closes by itself and never comes back by itself.
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
    """Whose connection it is. All are called from the loop, never after `lost`."""

    def on_open(self) -> None:
        """The server has upgraded."""

    def on_rejected(self, status: int, retry_after_s: float | None) -> None:
        """The upgrade was answered with that status; `lost` follows."""

    def on_events(self, events: list[ReceivedEvent]) -> None:
        """What came in one piece, in order."""

    def on_close(self, code: int | None, reason: str) -> None:
        """It is over; `code` is None where the server closed without a word."""


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

    # --- what the transport calls

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
        hearing = self._decoder
        events = hearing.cached_events(data)
        if events is None:
            try:
                events, used = hearing.decode(data)
            except InvalidFrame as bad:
                self._fail(str(bad))
                return
            if used < len(data):
                self._buffer = data[used:]
            events = self._handle_control_frames(events)
        if events and self._handler is not None:
            self._handler.on_events(events)

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        owner, self._handler = self._handler, None
        if owner is not None:
            owner.on_close(self._code, self._reason or (type(exc).__name__ if exc else "closed"))

    # --- what the owner calls

    def send_text(self, payload: bytes) -> None:
        """Write one text frame; nothing happens on a connection that is over."""
        if self._transport is not None:
            self._transport.write(masked_frame(TEXT, payload))

    def close(self) -> None:
        """Say goodbye and hang up; the owner hears nothing any more."""
        self._handler = None
        if self._transport is not None:
            if self._open:
                self._transport.write(masked_frame(CLOSE, NORMAL_CLOSURE))
            self._transport.close()

    def abort(self) -> None:
        """Break off, as a network does; the owner hears nothing any more."""
        self._handler = None
        if self._transport is not None:
            self._transport.abort()

    # --- inside

    def _read_upgrade_response(self) -> None:
        head, found, rest = self._buffer.partition(HEAD_END)
        if not found:
            if len(head) > HEAD_BYTES_MAX:
                self._fail("an endless handshake")
            return
        try:
            answer = parse_response(head)
        except (ValueError, IndexError):
            self._fail("no HTTP")
            return
        owner = self._handler
        if owner is None:
            return
        if answer.status != 101:
            self._reason = f"the upgrade was answered with {answer.status}"
            owner.on_rejected(answer.status, answer.retry_after_s)
            if self._transport is not None:
                self._transport.close()
            return
        self._open, self._buffer = True, b""
        owner.on_open()
        if rest:
            self.data_received(rest)

    def _handle_control_frames(self, events: list[ReceivedEvent]) -> list[ReceivedEvent]:
        if not any(type(event) is ControlFrame for event in events):
            return events
        rest: list[ReceivedEvent] = []
        for event in events:
            if not isinstance(event, ControlFrame):
                rest.append(event)
            elif event.opcode == PING:
                self._write(PONG, event.payload)
            else:
                self._on_close_frame(event.payload)
        return rest

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
