"""One connection: handshake, then frames both ways, by callbacks on its owner.

No task, no queue and no future, so that thousands of them cost one process little. It answers pings and
closes by itself and never comes back by itself.
"""

import asyncio
from typing import Protocol, cast

from loadtest.wire.framing import CLOSE, PING, PONG, TEXT, masked_frame
from loadtest.wire.handshake import END, HEAD_BYTES, Address, handshake, read_answer
from loadtest.wire.heard import Control, Event
from loadtest.wire.hearing import BadFrame, Hearing

NORMAL = (1000).to_bytes(2, "big")
PROTOCOL_ERROR = (1002).to_bytes(2, "big")


class Owner(Protocol):
    """Whose connection it is. All are called from the loop, never after `lost`."""

    def opened(self) -> None:
        """The server has upgraded."""

    def refused(self, status: int, retry_after_s: float | None) -> None:
        """The upgrade was answered with that status; `lost` follows."""

    def hear(self, events: list[Event]) -> None:
        """What came in one piece, in order."""

    def lost(self, code: int | None, reason: str) -> None:
        """It is over; `code` is None where the server closed without a word."""


class Socket(asyncio.Protocol):
    __slots__ = ("_address", "_code", "_hearing", "_open", "_owner", "_reason", "_rest", "_transport")

    def __init__(self, owner: Owner, address: Address, hearing: Hearing) -> None:
        self._owner: Owner | None = owner
        self._address = address
        self._hearing = hearing
        self._transport: asyncio.Transport | None = None
        self._open = False
        self._rest = b""
        self._code: int | None = None
        self._reason = ""

    # --- what the transport calls

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        if self._owner is None:
            self._transport.abort()
            return
        self._transport.write(handshake(self._address))

    def data_received(self, data: bytes) -> None:
        if self._rest:
            data, self._rest = self._rest + data, b""
        if not self._open:
            self._rest = data
            self._upgrade()
            return
        hearing = self._hearing
        events = hearing.known(data)
        if events is None:
            try:
                events, used = hearing.take(data)
            except BadFrame as bad:
                self._fail(str(bad))
                return
            if used < len(data):
                self._rest = data[used:]
            events = self._without_control(events)
        if events and self._owner is not None:
            self._owner.hear(events)

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        owner, self._owner = self._owner, None
        if owner is not None:
            owner.lost(self._code, self._reason or (type(exc).__name__ if exc else "closed"))

    # --- what the owner calls

    def say(self, payload: bytes) -> None:
        """Write one text frame; nothing happens on a connection that is over."""
        if self._transport is not None:
            self._transport.write(masked_frame(TEXT, payload))

    def leave(self) -> None:
        """Say goodbye and hang up; the owner hears nothing any more."""
        self._owner = None
        if self._transport is not None:
            if self._open:
                self._transport.write(masked_frame(CLOSE, NORMAL))
            self._transport.close()

    def cut(self) -> None:
        """Break off, as a network does; the owner hears nothing any more."""
        self._owner = None
        if self._transport is not None:
            self._transport.abort()

    # --- inside

    def _upgrade(self) -> None:
        head, found, rest = self._rest.partition(END)
        if not found:
            if len(head) > HEAD_BYTES:
                self._fail("an endless handshake")
            return
        try:
            answer = read_answer(head)
        except (ValueError, IndexError):
            self._fail("no HTTP")
            return
        owner = self._owner
        if owner is None:
            return
        if answer.status != 101:
            self._reason = f"the upgrade was answered with {answer.status}"
            owner.refused(answer.status, answer.retry_after_s)
            if self._transport is not None:
                self._transport.close()
            return
        self._open, self._rest = True, b""
        owner.opened()
        if rest:
            self.data_received(rest)

    def _without_control(self, events: list[Event]) -> list[Event]:
        if not any(type(event) is Control for event in events):
            return events
        rest: list[Event] = []
        for event in events:
            if not isinstance(event, Control):
                rest.append(event)
            elif event.opcode == PING:
                self._write(PONG, event.payload)
            else:
                self._closed(event.payload)
        return rest

    def _closed(self, payload: bytes) -> None:
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
