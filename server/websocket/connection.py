"""One websocket on its transport: bytes in become messages for the session, frames go out as they are.

    transport -> sans-I/O parser -> whole messages -> session's cell        (in)
    rooms, session -> outbox -> transport, once per loop tick                (out)

After aiohttp's handshake this is all there is of a connection: no task, no queue, no future. The state
machine of RFC 6455 is the parser's. It never decodes what a message says.
"""

import asyncio
import contextlib
import time
from collections.abc import Collection

from websockets.exceptions import InvalidState
from websockets.frames import Frame
from websockets.protocol import Protocol

from actors.delivery.send_queue import SendQueue, SeqRange
from actors.protocol.commands import CommandDecoders
from actors.protocol.event_filter import EventGroup
from actors.protocol.server_frames import Goodbye, server_frame_encoder
from actors.runtime.actor import MailboxFull, Stopped
from actors.runtime.actor_ref import ActorRef
from actors.runtime.timer_wheel import Timer
from actors.sessions.session import Session
from actors.sessions.transport import CloseCode
from server.websocket.connection_manager import ConnectionManager
from server.websocket.framing import EMPTY_PONG, EMPTY_PONG_BYTES, PING
from server.websocket.heartbeat import STEPS_PER_PERIOD
from server.websocket.inbound import (
    FRAMES_PER_TURN,
    FREE_PONGS,
    SECONDS_PER_TURN,
    SLICE_BYTES,
    Inbound,
    MessageTooBig,
)
from server.websocket.sub_protocols import SubProtocol
from storage.contracts.users import Identity

CLOSE_TIMEOUT_S = 3.0
WRITE_BUFFER_HIGH_BYTES = 64 * 1024
RESUMABLE_CODES = range(4000, 4500)
RATE_LIMITED_RETRY_MS = 1000
INVALID_UTF8 = 1007
MESSAGE_TOO_BIG = 1009
PAYLOAD_VIOLATION_CODES = frozenset((INVALID_UTF8, MESSAGE_TOO_BIG))
"""RFC 6455, section 7.1.7: such a peer is not waited for."""


class WebSocketConnection(asyncio.Protocol):
    """Implements `actors.sessions.transport.Link`. Held by the door until its connection is lost."""

    __slots__ = (
        "_auth_timer",
        "_close_timer",
        "_closing",
        "_discarding",
        "_free_pongs",
        "_heartbeat",
        "_heartbeat_bucket",
        "_inbound",
        "_last_activity_step",
        "_manager",
        "_session_ref",
        "_sub_protocol",
        "_transport",
        "_unauthenticated",
        "_write_paused",
        "_write_timer",
        "send_queue",
        "session",
    )  # fmt: skip

    def __init__(
        self, manager: ConnectionManager, transport: asyncio.Transport, sub_protocol: SubProtocol
    ) -> None:
        self._manager = manager
        self._transport = transport
        self._sub_protocol = sub_protocol
        self._inbound: Inbound | None = None
        self._free_pongs = FREE_PONGS
        self.send_queue = SendQueue(self, transport, manager.flusher, manager.limits)
        self.send_queue.encode_outbound = manager.outbound_encoders.get(None, binary=sub_protocol.binary)
        self.session = Session(self, manager.services)
        self._session_ref: ActorRef[bytes | Identity] = manager.create_session_ref(self.session)
        self._heartbeat = manager.heartbeat
        self._last_activity_step = manager.heartbeat.step
        self._write_paused = False
        self._closing = False
        # The client used up its budget: what it still sends is dropped unread.
        self._discarding = False
        self._unauthenticated = True
        self._heartbeat_bucket = 0
        self._auth_timer: Timer | None = None
        self._write_timer: Timer | None = None
        self._close_timer: Timer | None = None

    # --- the connection

    def start(self, identity: Identity | None, leftover: bytes) -> None:
        """The handshake is written: say hello, and act on what came right behind it."""
        self._transport.set_write_buffer_limits(high=WRITE_BUFFER_HIGH_BYTES)
        self._heartbeat_bucket = self._manager.add(self)
        self.session.send_hello()
        if identity is not None:
            self._session_ref.tell(identity)
        else:
            self._auth_timer = self._manager.wheel.call_later(
                self._manager.limits.auth_timeout_ms / 1000, self._on_auth_timeout
            )
        if leftover:
            self.data_received(leftover)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002
        self._closing = True
        for timer in (self._auth_timer, self._write_timer, self._close_timer):
            if timer is not None:
                timer.cancel()
        self._manager.remove(self, self._heartbeat_bucket, unauthenticated=self._unauthenticated)
        self.send_queue.discard()
        self.session.on_disconnect()
        self._session_ref.stop(Stopped())

    def eof_received(self) -> bool:
        self.parser.receive_eof()
        return False

    def pause_writing(self) -> None:
        self.send_queue.pause()
        self._write_paused = True
        self._write_timer = self._manager.wheel.call_later(
            self._manager.limits.write_timeout_ms / 1000, self.too_slow
        )

    def resume_writing(self) -> None:
        self._write_paused = False
        if self._write_timer is not None:
            self._write_timer.cancel()
        self.send_queue.resume()

    # --- in

    def data_received(self, data: bytes) -> None:
        self._last_activity_step = self._heartbeat.step
        if self._discarding:
            return
        if self._is_free_pong(data):
            return
        inbound = self._ensure_inbound()
        if inbound.deferred:
            inbound.deferred += data
        else:
            self._handle_input(inbound, data)

    def resume_input(self) -> None:
        """Handle one more turn's worth of deferred input."""
        inbound = self._inbound
        if inbound is None or self._discarding or self._transport.is_closing():
            return
        data, inbound.deferred = inbound.deferred, b""
        self._handle_input(inbound, data)
        if not inbound.deferred and not self._discarding and not self._transport.is_closing():
            self._transport.resume_reading()

    def _is_free_pong(self, data: bytes) -> bool:
        """Whether this answers our ping, which is nearly all that idle clients send."""
        if (
            self._free_pongs
            and len(data) == EMPTY_PONG_BYTES
            and data.startswith(EMPTY_PONG)
            and (self._inbound is None or (self._inbound.at_frame_boundary and not self._inbound.deferred))
        ):
            self._free_pongs -= 1
            return True
        return False

    def _ensure_inbound(self) -> Inbound:
        if self._inbound is None:
            self._inbound = Inbound(self._manager.frame_token_bucket(authenticated=self._auth_timer is None))
        return self._inbound

    @property
    def parser(self) -> Protocol:
        return self._ensure_inbound().parser

    def _handle_input(self, inbound: Inbound, data: bytes) -> None:
        """Handle one turn's worth of `data`; defer the rest and stop reading until it is handled."""
        parser = inbound.parser
        frames = 0
        turn_end = 0.0
        for start in range(0, len(data), SLICE_BYTES):
            parser.receive_data(data[start : start + SLICE_BYTES])
            for event in parser.events_received():
                if isinstance(event, Frame):
                    frames += 1
                    if not inbound.charge():
                        self._reject_flood()
                        return
                    if not self._closing:
                        self._handle_frame(inbound, event)
            if parser.eof_sent:
                self._on_peer_close()
                return
            if parser.writes:
                self._write_control_frames()
            rest = start + SLICE_BYTES
            if rest < len(data):
                now = time.monotonic()
                turn_end = turn_end or now + SECONDS_PER_TURN
                if frames >= FRAMES_PER_TURN or now >= turn_end:
                    self._transport.pause_reading()
                    inbound.deferred = data[rest:]
                    self._manager.input_scheduler.defer(self)
                    return

    def _reject_flood(self) -> None:
        """Close with 4004 and drop what the client still sends, unread."""
        self.close(CloseCode.RATE_LIMITED, "too many frames", RATE_LIMITED_RETRY_MS)
        self._discarding = True
        self._close_transport()

    def _handle_frame(self, inbound: Inbound, frame: Frame) -> None:
        try:
            message = inbound.assemble(frame)
        except MessageTooBig:
            self.close(MESSAGE_TOO_BIG, "the message is too big")
        else:
            if message is not None:
                self._handle_message(message, text=inbound.text)

    def _handle_message(self, message: bytes, *, text: bool) -> None:
        if text is self._sub_protocol.binary:
            kind = "binary" if self._sub_protocol.binary else "text"
            self.close(CloseCode.BAD_FRAME, f"this sub-protocol has {kind} frames")
            return
        if text:
            try:
                message.decode()
            except UnicodeDecodeError:
                self.close(INVALID_UTF8, "not UTF-8")
                return
        try:
            self._session_ref.deliver_inline(message)
        except MailboxFull:
            self.close(CloseCode.RATE_LIMITED, "too many frames at once", RATE_LIMITED_RETRY_MS)
        except Stopped:
            pass

    # --- out

    def close(self, code: int, reason: str, retry_after_ms: int | None = None) -> None:
        if self._closing:
            return
        self._closing = True
        self._manager.count_close(code)
        if self._write_paused:
            # It takes no bytes: there is nobody to say goodbye to.
            self._transport.abort()
            return
        self._send_goodbye(code, reason, retry_after_ms)
        # Where the peer was first, its parser has written a Close already.
        with contextlib.suppress(InvalidState):
            self.parser.send_close(code, reason)
        self._write_close()
        if code in PAYLOAD_VIOLATION_CODES:
            self._close_transport()
        else:
            self._close_timer = self._manager.wheel.call_later(CLOSE_TIMEOUT_S, self._transport.abort)

    @property
    def command_decoders(self) -> CommandDecoders:
        return self._sub_protocol.command_decoders

    def set_event_filter(self, groups: Collection[EventGroup] | None) -> None:
        self.send_queue.encode_outbound = self._manager.outbound_encoders.get(
            groups, binary=self._sub_protocol.binary
        )

    def on_authenticated(self) -> None:
        if self._unauthenticated:
            self._unauthenticated = False
            self._manager.on_authenticated()
            if self._inbound is not None:
                self._inbound.renew_budget(self._manager.frame_token_bucket(authenticated=True))
            if self._auth_timer is not None:
                self._auth_timer.cancel()
                self._auth_timer = None

    def too_slow(self) -> None:
        """The client is behind by more than may wait for it."""
        if not self._closing:
            self._closing = True
            self._manager.count_close(CloseCode.SLOW_CONSUMER)
        self._transport.abort()

    def skipped(self, seq_range: SeqRange) -> None:
        self.session.lagged(seq_range.conversation_id, seq_range.from_seq, seq_range.to_seq)

    def ping(self) -> None:
        self.check_idle()
        if not self._closing:
            if self._heartbeat.step - self._last_activity_step > STEPS_PER_PERIOD:
                # Silent since before the last ping, and not for two periods yet: the next visit is too late.
                self._heartbeat.schedule_idle_check(self, self._last_activity_step + 2 * STEPS_PER_PERIOD)
            if not self.send_queue.paused:
                self._transport.write(PING)
            self._free_pongs = FREE_PONGS
            if self._inbound is not None and self._inbound.idle and not self._unauthenticated:
                self._inbound.close()
                self._inbound = None

    def check_idle(self) -> None:
        # One step less: the step in which it was heard had begun before.
        if not self._closing and self._heartbeat.step - self._last_activity_step >= 2 * STEPS_PER_PERIOD - 1:
            self.close(CloseCode.HEARTBEAT_TIMEOUT, "no sign of life")

    def _on_auth_timeout(self) -> None:
        if self._unauthenticated:
            self.close(CloseCode.AUTHENTICATION_TIMEOUT, "not authenticated in time")

    def _write_control_frames(self) -> None:
        for data in self.parser.data_to_send():
            if data and not self._closing:
                self.send_queue.push(data)

    def _on_peer_close(self) -> None:
        """The peer said Close, or broke RFC 6455: the parser has its answer ready and reads no more."""
        parser = self.parser
        if not self._closing:
            self._closing = True
            if parser.parser_exc is not None and parser.close_sent is not None:
                code, reason = parser.close_sent.code, parser.close_sent.reason
                self._manager.count_close(code)
                self._send_goodbye(code, reason, None)
            else:
                self.session.on_disconnect()
            self._write_close()
        self._close_transport()

    def _close_transport(self) -> None:
        """Nothing more is said by either side: end the connection without losing what was said last."""
        if self._close_timer is None:
            self._close_timer = self._manager.wheel.call_later(CLOSE_TIMEOUT_S, self._transport.abort)
        # Not closed yet where that can be: bytes still on their way would be answered by a reset, and a
        # reset takes the Close frame from a peer that has not read it.
        if self._transport.can_write_eof():
            self._transport.write_eof()
        else:
            self._transport.close()

    def _send_goodbye(self, code: int, reason: str, retry_after_ms: int | None) -> None:
        self.session.on_disconnect()
        goodbye = Goodbye(code, reason, retry_after_ms, resume=code in RESUMABLE_CODES)
        self.send_queue.push(self._manager.services.encode_frame(server_frame_encoder.encode(goodbye)))

    def _write_close(self) -> None:
        """Write what waits and then the Close: the session is gone, so nothing can follow it."""
        for data in self.parser.data_to_send():
            if data:
                self.send_queue.push(data)
        self.send_queue.resume()
