"""One websocket on its transport: bytes in become messages for the session, frames go out as they are.

    transport -> sans-I/O parser -> whole messages -> session's cell        (in)
    rooms, session -> outbox -> transport, once per loop tick                (out)

After aiohttp's handshake this is all there is of a connection: no task, no queue, no future. The state
machine of RFC 6455 is the parser's. It never decodes what a message says.
"""

import asyncio
import logging

from websockets.exceptions import InvalidState
from websockets.frames import Frame, Opcode
from websockets.protocol import CLOSED, OPEN, Protocol, Side

from actors.delivery.outbox import Outbox
from actors.runtime.actor import MailboxFull, Stopped
from actors.runtime.cell import Cell
from actors.session.link import CloseCode
from actors.session.session import Session
from actors.wire.frames import Goodbye
from config.limits import FRAME_BYTES
from server.socket.door import Door
from server.socket.framing import PING
from storage.records.users import Identity

_log = logging.getLogger("convene.socket")
_parser_log = logging.getLogger("convene.websocket")
_parser_log.setLevel(logging.WARNING)

CLOSE_TIMEOUT_S = 3.0
BUFFER_HIGH_BYTES = 64 * 1024
RETURNABLE = 4500


class Socket(asyncio.Protocol):
    """Implements `actors.session.link.Link`. Held by the door until its connection is lost."""

    __slots__ = (
        "_bucket", "_cell", "_closing", "_door", "_fragments", "_heard", "_missed", "_paused",
        "_stranger", "_text", "_transport", "outbox", "parser", "session",
    )  # fmt: skip

    def __init__(self, door: Door, transport: asyncio.Transport) -> None:
        self._door = door
        self._transport = transport
        self.parser = Protocol(Side.SERVER, state=OPEN, max_size=FRAME_BYTES, logger=_parser_log)
        self.outbox = Outbox(self, transport, door.flusher, door.limits)
        self.session = Session(self, door.hall)
        self._cell: Cell[bytes | Identity] = door.cell(self.session)
        self._fragments: list[bytes] | None = None
        self._text = True
        self._heard = True
        self._missed = 0
        self._paused = 0
        self._closing = False
        self._stranger = True
        self._bucket = 0

    # --- the connection

    def begin(self, identity: Identity | None, tail: bytes) -> None:
        """The handshake is written: say hello, and act on what came right behind it."""
        self._transport.set_write_buffer_limits(high=BUFFER_HIGH_BYTES)
        self._bucket = self._door.opened(self)
        self.session.hello()
        if identity is not None:
            self._cell.tell(identity)
        else:
            self._door.wheel.after(self._door.limits.auth_timeout_ms / 1000, self._authentication_due)
        if tail:
            self.data_received(tail)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002
        self._closing = True
        self._door.closed(self, self._bucket, stranger=self._stranger)
        self.outbox.drop()
        self.session.gone()
        self._cell.stop(Stopped())

    def eof_received(self) -> bool:
        self.parser.receive_eof()
        return False

    def pause_writing(self) -> None:
        self.outbox.block()
        self._paused += 1
        pause = self._paused
        self._door.wheel.after(self._door.limits.write_timeout_ms / 1000, lambda: self._write_due(pause))

    def resume_writing(self) -> None:
        self._paused += 1
        self.outbox.unblock()

    # --- in

    def data_received(self, data: bytes) -> None:
        self._heard = True
        parser = self.parser
        parser.receive_data(data)
        events = parser.events_received()
        if parser.writes:
            self._write_control()
        for event in events:
            if isinstance(event, Frame) and not self._closing:
                self._frame(event)
        if parser.close_expected() and (parser.close_sent is not None or parser.state is CLOSED):
            self._finish()

    def _frame(self, frame: Frame) -> None:
        opcode = frame.opcode
        if opcode is Opcode.TEXT or opcode is Opcode.BINARY:
            self._text = opcode is Opcode.TEXT
            if frame.fin:
                self._message(bytes(frame.data))
            else:
                self._fragments = [bytes(frame.data)]
        elif opcode is Opcode.CONT and self._fragments is not None:
            self._fragments.append(bytes(frame.data))
            if frame.fin:
                whole, self._fragments = b"".join(self._fragments), None
                self._message(whole)

    def _message(self, message: bytes) -> None:
        if not self._text:
            self.close(CloseCode.BAD_FRAME, "this sub-protocol has text frames")
            return
        try:
            message.decode()
        except UnicodeDecodeError:
            self._fail(1007, "not UTF-8")
            return
        try:
            self._cell.hand(message)
        except MailboxFull:
            self.close(CloseCode.RATE_LIMITED, "too many frames at once", 1000)
        except Stopped:
            pass

    # --- out

    def close(self, code: int, reason: str, retry_after_ms: int | None = None) -> None:
        if self._closing:
            return
        self._closing = True
        self._door.count_close(code)
        if self.outbox.blocked and self._paused:
            # It takes no bytes: there is nobody to say goodbye to.
            self._transport.abort()
            return
        goodbye = Goodbye(code, reason, retry_after_ms, resume=code < RETURNABLE)
        self.session.push(goodbye)
        self.outbox.unblock()
        self._send_close(code, reason)

    def admitted(self) -> None:
        if self._stranger:
            self._stranger = False
            self._door.admitted()

    def too_slow(self) -> None:
        """The client is behind by more than may wait for it."""
        if not self._closing:
            self._closing = True
            self._door.count_close(CloseCode.SLOW_CONSUMER)
        self._transport.abort()

    def beat(self) -> None:
        if self._heard:
            self._heard = False
            self._missed = 0
        else:
            self._missed += 1
            if self._missed >= 2:
                self.close(CloseCode.HEARTBEAT_TIMEOUT, "no sign of life")
                return
        if not self._closing and not self.outbox.blocked:
            self._transport.write(PING)

    def _authentication_due(self) -> None:
        if self._stranger:
            self.close(CloseCode.AUTHENTICATION_TIMEOUT, "not authenticated in time")

    def _write_due(self, pause: int) -> None:
        if self._paused == pause:
            self.too_slow()

    def _write_control(self) -> None:
        for data in self.parser.data_to_send():
            if data:
                self.outbox.push(data)

    def _fail(self, code: int, reason: str) -> None:
        """A violation of RFC 6455 itself: its own code, no goodbye."""
        self._closing = True
        self._door.count_close(code)
        self._send_close(code, reason)

    def _send_close(self, code: int, reason: str) -> None:
        try:
            self.parser.send_close(code, reason)
        except InvalidState:
            self._finish()
            return
        self._write_control()
        self.outbox.flush()
        self._door.wheel.after(CLOSE_TIMEOUT_S, self._transport.abort)

    def _finish(self) -> None:
        """The closing handshake is over: write what is due and close the connection."""
        self._closing = True
        self.outbox.flush()
        self._transport.close()
        self._door.wheel.after(CLOSE_TIMEOUT_S, self._transport.abort)
