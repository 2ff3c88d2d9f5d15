"""One websocket on its transport: bytes in become messages for the session, frames go out as they are.

    transport -> sans-I/O parser -> whole messages -> session's cell        (in)
    rooms, session -> outbox -> transport, once per loop tick                (out)

After aiohttp's handshake this is all there is of a connection: no task, no queue, no future. The state
machine of RFC 6455 is the parser's. It never decodes what a message says.
"""

import asyncio
import contextlib
import logging
from collections.abc import Collection

from websockets.exceptions import InvalidState
from websockets.frames import Frame, Opcode
from websockets.protocol import OPEN, Protocol, Side

from actors.delivery.outbox import Outbox, Stretch
from actors.runtime.actor import MailboxFull, Stopped
from actors.runtime.cell import Cell
from actors.runtime.wheel import Timer
from actors.session.link import CloseCode
from actors.session.session import Session
from actors.wire.commands import Reading
from actors.wire.frames import Goodbye, frame_encoder
from actors.wire.intents import Intent
from config.limits import FRAME_BYTES
from server.socket.door import Door
from server.socket.framing import EMPTY_PONG, EMPTY_PONG_BYTES, PING, between_frames
from server.socket.heartbeat import STEPS
from server.socket.sub_protocols import SubProtocol
from storage.records.users import Identity

_parser_log = logging.getLogger("convene.websocket")
_parser_log.setLevel(logging.WARNING)

CLOSE_TIMEOUT_S = 3.0
BUFFER_HIGH_BYTES = 64 * 1024
RETURNABLE = range(4000, 4500)
CONTROL_BYTES = 125
"""A control frame between fragments must not count as part of their message: room for it in the parser."""
NOT_UTF8 = 1007
TOO_BIG = 1009
VIOLATIONS = frozenset((NOT_UTF8, TOO_BIG))
"""RFC 6455, section 7.1.7: such a peer is not waited for."""


class Socket(asyncio.Protocol):
    """Implements `actors.session.link.Link`. Held by the door until its connection is lost."""

    __slots__ = (
        "_bucket", "_cell", "_close_timer", "_closing", "_door", "_fragments", "_full", "_full_timer",
        "_heard", "_heartbeat", "_parser", "_protocol", "_stranger", "_stranger_timer", "_text", "_transport",
        "outbox", "session",
    )  # fmt: skip

    def __init__(self, door: Door, transport: asyncio.Transport, protocol: SubProtocol) -> None:
        self._door = door
        self._transport = transport
        self._protocol = protocol
        self._parser: Protocol | None = None
        self.outbox = Outbox(self, transport, door.flusher, door.limits)
        self.outbox.render = door.renditions.get(None, binary=protocol.binary)
        self.session = Session(self, door.hall)
        self._cell: Cell[bytes | Identity] = door.cell(self.session)
        self._fragments: bytearray | None = None
        self._text = True
        self._heartbeat = door.heartbeat
        self._heard = door.heartbeat.step
        self._full = False
        self._closing = False
        self._stranger = True
        self._bucket = 0
        self._stranger_timer: Timer | None = None
        self._full_timer: Timer | None = None
        self._close_timer: Timer | None = None

    # --- the connection

    def begin(self, identity: Identity | None, tail: bytes) -> None:
        """The handshake is written: say hello, and act on what came right behind it."""
        self._transport.set_write_buffer_limits(high=BUFFER_HIGH_BYTES)
        self._bucket = self._door.opened(self)
        self.session.hello()
        if identity is not None:
            self._cell.tell(identity)
        else:
            self._stranger_timer = self._door.wheel.after(
                self._door.limits.auth_timeout_ms / 1000, self._authentication_due
            )
        if tail:
            self.data_received(tail)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002
        self._closing = True
        for timer in (self._stranger_timer, self._full_timer, self._close_timer):
            if timer is not None:
                timer.cancel()
        self._door.closed(self, self._bucket, stranger=self._stranger)
        self.outbox.drop()
        self.session.gone()
        self._cell.stop(Stopped())

    def eof_received(self) -> bool:
        self.parser.receive_eof()
        return False

    def pause_writing(self) -> None:
        self.outbox.block()
        self._full = True
        self._full_timer = self._door.wheel.after(self._door.limits.write_timeout_ms / 1000, self.too_slow)

    def resume_writing(self) -> None:
        self._full = False
        if self._full_timer is not None:
            self._full_timer.cancel()
        self.outbox.unblock()

    # --- in

    def data_received(self, data: bytes) -> None:
        self._heard = self._heartbeat.step
        if len(data) == EMPTY_PONG_BYTES and data.startswith(EMPTY_PONG) and self._between_frames:
            # The answer to our ping: that it came is all it says, and nearly all that idle clients say.
            return
        parser = self.parser
        parser.receive_data(data)
        for event in parser.events_received():
            if isinstance(event, Frame) and not self._closing:
                self._frame(event)
        if parser.eof_sent:
            self._ended_by_peer()
        elif parser.writes:
            self._write_control()

    @property
    def parser(self) -> Protocol:
        """Made with the first byte that needs it, and let go by the heartbeat: a sixth of a connection."""
        if self._parser is None:
            self._parser = Protocol(
                Side.SERVER, state=OPEN, max_size=FRAME_BYTES + CONTROL_BYTES, logger=_parser_log
            )
        return self._parser

    @property
    def _between_frames(self) -> bool:
        return self._parser is None or between_frames(self._parser)

    def _frame(self, frame: Frame) -> None:
        opcode = frame.opcode
        if opcode is Opcode.TEXT or opcode is Opcode.BINARY:
            self._text = opcode is Opcode.TEXT
            if frame.fin:
                self._message(bytes(frame.data))
            else:
                self._fragment(bytearray(), frame)
        elif opcode is Opcode.CONT and self._fragments is not None:
            self._fragment(self._fragments, frame)

    def _fragment(self, before: bytearray, frame: Frame) -> None:
        before += frame.data
        if frame.fin:
            self._fragments = None
            self._message(bytes(before))
        elif len(before) > FRAME_BYTES:
            self.close(TOO_BIG, "the message is too big")
        else:
            self._fragments = before

    def _message(self, message: bytes) -> None:
        if len(message) > FRAME_BYTES:
            self.close(TOO_BIG, "the message is too big")
            return
        if self._text is self._protocol.binary:
            kind = "binary" if self._protocol.binary else "text"
            self.close(CloseCode.BAD_FRAME, f"this sub-protocol has {kind} frames")
            return
        if self._text:
            try:
                message.decode()
            except UnicodeDecodeError:
                self.close(NOT_UTF8, "not UTF-8")
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
        if self._full:
            # It takes no bytes: there is nobody to say goodbye to.
            self._transport.abort()
            return
        self._say_goodbye(code, reason, retry_after_ms)
        # Where the peer was first, its parser has written a Close already.
        with contextlib.suppress(InvalidState):
            self.parser.send_close(code, reason)
        self._write_last()
        if code in VIOLATIONS:
            self._hang_up()
        else:
            self._close_timer = self._door.wheel.after(CLOSE_TIMEOUT_S, self._transport.abort)

    @property
    def reading(self) -> Reading:
        return self._protocol.reading

    def narrow(self, intents: Collection[Intent] | None) -> None:
        self.outbox.render = self._door.renditions.get(intents, binary=self._protocol.binary)

    def admitted(self) -> None:
        if self._stranger:
            self._stranger = False
            self._door.admitted()
            if self._stranger_timer is not None:
                self._stranger_timer.cancel()
                self._stranger_timer = None

    def too_slow(self) -> None:
        """The client is behind by more than may wait for it."""
        if not self._closing:
            self._closing = True
            self._door.count_close(CloseCode.SLOW_CONSUMER)
        self._transport.abort()

    def spared(self, stretch: Stretch) -> None:
        self.session.lagged(stretch.conversation_id, stretch.from_seq, stretch.to_seq)

    def beat(self) -> None:
        self.look()
        if not self._closing:
            if self._heartbeat.step - self._heard > STEPS:
                # Silent since before the last ping, and not for two periods yet: the next visit is too late.
                self._heartbeat.look_at(self, self._heard + 2 * STEPS)
            if not self.outbox.blocked:
                self._transport.write(PING)
            if self._parser is not None and self._fragments is None and between_frames(self._parser):
                # It holds nothing that the next frame needs. Ended, so that it is no cycle for the collector.
                self._parser.parser.close()
                self._parser = None

    def look(self) -> None:
        # One step less: the step in which it was heard had begun before.
        if not self._closing and self._heartbeat.step - self._heard >= 2 * STEPS - 1:
            self.close(CloseCode.HEARTBEAT_TIMEOUT, "no sign of life")

    def _authentication_due(self) -> None:
        if self._stranger:
            self.close(CloseCode.AUTHENTICATION_TIMEOUT, "not authenticated in time")

    def _write_control(self) -> None:
        for data in self.parser.data_to_send():
            if data and not self._closing:
                self.outbox.push(data)

    def _ended_by_peer(self) -> None:
        """The peer said Close, or broke RFC 6455: the parser has its answer ready and reads no more."""
        parser = self.parser
        if not self._closing:
            self._closing = True
            if parser.parser_exc is not None and parser.close_sent is not None:
                code, reason = parser.close_sent.code, parser.close_sent.reason
                self._door.count_close(code)
                self._say_goodbye(code, reason, None)
            else:
                self.session.gone()
            self._write_last()
        self._hang_up()

    def _hang_up(self) -> None:
        """Nothing more is said by either side: end the connection without losing what was said last."""
        if self._close_timer is None:
            self._close_timer = self._door.wheel.after(CLOSE_TIMEOUT_S, self._transport.abort)
        # Not closed yet where that can be: bytes still on their way would be answered by a reset, and a
        # reset takes the Close frame from a peer that has not read it.
        if self._transport.can_write_eof():
            self._transport.write_eof()
        else:
            self._transport.close()

    def _say_goodbye(self, code: int, reason: str, retry_after_ms: int | None) -> None:
        self.session.gone()
        goodbye = Goodbye(code, reason, retry_after_ms, resume=code in RETURNABLE)
        self.outbox.push(self._door.hall.framed(frame_encoder.encode(goodbye)))

    def _write_last(self) -> None:
        """Write what waits and then the Close: the session is gone, so nothing can follow it."""
        for data in self.parser.data_to_send():
            if data:
                self.outbox.push(data)
        self.outbox.unblock()
