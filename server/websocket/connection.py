"""One websocket connection: an asyncio protocol between the transport of a socket and a session.

    asyncio transport -> sans-I/O parser -> whole messages -> session's actor  (in)
    rooms, session -> send queue -> asyncio transport, once per loop tick      (out)

A connection has no task and no future. The parser of `websockets` implements the state machine of
RFC 6455. Payloads are decoded by the session, not here.
"""

import asyncio
import contextlib
from collections.abc import Collection

from websockets.exceptions import InvalidState
from websockets.protocol import Protocol as Parser

from actors.delivery.send_queue import SendQueue, SeqRange
from actors.protocol.commands import CommandDecoders
from actors.protocol.event_filter import EventGroup
from actors.runtime.actor import MailboxFull, Stopped
from actors.runtime.actor_ref import ActorRef
from actors.runtime.timer_wheel import Timer
from actors.sessions.session import Session
from actors.sessions.transport import CloseCode
from config.limits import PENDING_BYTES_MAX
from server.websocket.close_handshake import (
    CLOSE_TIMEOUT_S,
    INVALID_UTF8,
    MESSAGE_TOO_BIG,
    PAYLOAD_VIOLATION_CODES,
    close_after_flush,
    encode_goodbye,
)
from server.websocket.connection_manager import ConnectionManager
from server.websocket.frame_receiver import UNCHARGED_PONGS, FrameReceiver
from server.websocket.framing import EMPTY_PONG, EMPTY_PONG_BYTES, PING
from server.websocket.heartbeat import STEPS_PER_PERIOD
from server.websocket.subprotocols import Subprotocol
from storage.contracts.users import Identity

WRITE_BUFFER_HIGH_BYTES = 64 * 1024
RATE_LIMITED_RETRY_MS = 1000


class WebSocketConnection(asyncio.Protocol):
    """Implements `actors.sessions.transport.Transport`. Owned by the manager until the connection is lost."""

    __slots__ = (
        "_auth_timer",
        "_close_timer",
        "_discarding",
        "_heartbeat",
        "_heartbeat_bucket",
        "_last_activity_step",
        "_manager",
        "_receiver",
        "_session_ref",
        "_subprotocol",
        "_transport",
        "_unauthenticated_address",
        "_uncharged_pongs",
        "_write_paused",
        "_write_timer",
        "closing",
        "send_queue",
        "session",
    )  # fmt: skip

    def __init__(
        self, manager: ConnectionManager, transport: asyncio.Transport, subprotocol: Subprotocol
    ) -> None:
        self._manager = manager
        self._transport = transport
        self._subprotocol = subprotocol
        self._receiver: FrameReceiver | None = None
        self._uncharged_pongs = UNCHARGED_PONGS
        self.send_queue = SendQueue(self, transport, manager.flusher, manager.limits)
        self.send_queue.encode_outbound = manager.outbound_encoders.get(None, binary=subprotocol.binary)
        self.session = Session(self, manager.session_dependencies)
        self._session_ref: ActorRef[bytes | Identity] = manager.create_session_ref(self.session)
        self._heartbeat = manager.heartbeat
        # The step of the heartbeat at the last input.
        self._last_activity_step = manager.heartbeat.step
        self._write_paused = False
        self.closing = False
        # Set once the client exceeded the rate limit of frames: further input is dropped unread.
        self._discarding = False
        # The client address while the client has not authenticated, then None.
        self._unauthenticated_address: str | None = None
        # The bucket of the heartbeat's ring that this connection is in.
        self._heartbeat_bucket = 0
        self._auth_timer: Timer | None = None
        self._write_timer: Timer | None = None
        self._close_timer: Timer | None = None

    def start(self, identity: Identity | None, address: str, leftover: bytes) -> None:
        """Send `hello` after the handshake, and handle the bytes that arrived with it."""
        self._transport.set_write_buffer_limits(high=WRITE_BUFFER_HIGH_BYTES)
        if identity is None:
            self._unauthenticated_address = address
        self._heartbeat_bucket = self._manager.add(self, self._unauthenticated_address)
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
        self.closing = True
        for timer in (self._auth_timer, self._write_timer, self._close_timer):
            if timer is not None:
                timer.cancel()
        self._manager.remove(self, self._heartbeat_bucket, self._unauthenticated_address)
        self.session.on_connection_lost(self.send_queue.queued_bytes)
        self.send_queue.discard()
        self._session_ref.stop(Stopped())

    def eof_received(self) -> bool:
        self.parser.receive_eof()
        return False

    def pause_writing(self) -> None:
        self.send_queue.pause()
        self._write_paused = True
        self.session.record("paused", number_1=self.send_queue.queued_bytes)
        self._write_timer = self._manager.wheel.call_later(
            self._manager.limits.write_timeout_ms / 1000, self.on_too_slow
        )

    def resume_writing(self) -> None:
        self._write_paused = False
        if self._write_timer is not None:
            self._write_timer.cancel()
        self.session.record("continued", number_1=self.send_queue.queued_bytes)
        self.send_queue.resume()

    def data_received(self, data: bytes) -> None:
        self._last_activity_step = self._heartbeat.step
        if self._discarding:
            return
        if self._is_uncharged_pong(data):
            return
        receiver = self._ensure_receiver()
        if receiver.deferred:
            receiver.deferred += data
        elif not receiver.handle(data, self):
            self._defer_input()

    def resume_input(self) -> None:
        """Handle one more turn's worth of deferred input."""
        receiver = self._receiver
        if receiver is None or self._discarding or self._transport.is_closing():
            return
        data, receiver.deferred = receiver.deferred, b""
        if not receiver.handle(data, self):
            self._defer_input()
        elif not self._discarding and not self._transport.is_closing():
            self._transport.resume_reading()

    def _is_uncharged_pong(self, data: bytes) -> bool:
        """Whether this is an uncharged pong. Fast path: idle clients send almost nothing else."""
        if (
            self._uncharged_pongs
            and len(data) == EMPTY_PONG_BYTES
            and data.startswith(EMPTY_PONG)
            and (self._receiver is None or (self._receiver.at_frame_boundary and not self._receiver.deferred))
        ):
            self._uncharged_pongs -= 1
            return True
        return False

    def _ensure_receiver(self) -> FrameReceiver:
        if self._receiver is None:
            self._receiver = FrameReceiver(
                self._manager.frame_token_bucket(authenticated=self._auth_timer is None)
            )
        return self._receiver

    @property
    def parser(self) -> Parser:
        return self._ensure_receiver().parser

    def _defer_input(self) -> None:
        """Stop reading until the deferred input is handled."""
        self._transport.pause_reading()
        self._manager.input_scheduler.defer(self)

    def on_rate_exceeded(self) -> None:
        """Close with 4004 and stop reading. The rest of the input stays unread."""
        self.close(CloseCode.RATE_LIMITED, "too many frames", RATE_LIMITED_RETRY_MS)
        self._discarding = True
        self._transport.pause_reading()
        self._close_transport()

    def on_message_too_big(self) -> None:
        self.close(MESSAGE_TOO_BIG, "message too big")

    def on_message(self, message: bytes, *, text: bool) -> None:
        if text is self._subprotocol.binary:
            kind = "binary" if self._subprotocol.binary else "text"
            self.close(CloseCode.BAD_FRAME, f"this subprotocol requires {kind} frames")
            return
        if text:
            try:
                message.decode()
            except UnicodeDecodeError:
                self.close(INVALID_UTF8, "text is not valid UTF-8")
                return
        receiver = self._ensure_receiver()
        receiver.pending_bytes = 0 if self._session_ref.idle else receiver.pending_bytes + len(message)
        if receiver.pending_bytes > PENDING_BYTES_MAX:
            self.close(CloseCode.RATE_LIMITED, "too many pending bytes", RATE_LIMITED_RETRY_MS)
            return
        try:
            self._session_ref.deliver_inline(message)
        except MailboxFull:
            self.close(CloseCode.RATE_LIMITED, "too many pending commands", RATE_LIMITED_RETRY_MS)
        except Stopped:
            pass

    def close(self, code: int, reason: str, retry_after_ms: int | None = None) -> None:
        if self.closing:
            return
        self.closing = True
        self._manager.count_close(code)
        self.session.record("closed", "", reason, code)
        if self._write_paused:
            # The peer does not read, so a goodbye would not reach it.
            self._transport.abort()
            return
        self._send_goodbye(code, reason, retry_after_ms)
        # If the peer closed first, the parser has sent a Close already.
        with contextlib.suppress(InvalidState):
            self.parser.send_close(code, reason)
        self._write_close()
        if code in PAYLOAD_VIOLATION_CODES:
            self._close_transport()
        else:
            self._close_timer = self._manager.wheel.call_later(CLOSE_TIMEOUT_S, self._transport.abort)

    @property
    def command_decoders(self) -> CommandDecoders:
        return self._subprotocol.command_decoders

    def set_event_filter(self, groups: Collection[EventGroup] | None) -> None:
        self.send_queue.encode_outbound = self._manager.outbound_encoders.get(
            groups, binary=self._subprotocol.binary
        )

    def on_authenticated(self) -> None:
        if self._unauthenticated_address is not None:
            self._manager.free_unauthenticated_slot(self._unauthenticated_address)
            self._unauthenticated_address = None
            if self._receiver is not None:
                self._receiver.replace_token_bucket(self._manager.frame_token_bucket(authenticated=True))
            if self._auth_timer is not None:
                self._auth_timer.cancel()
                self._auth_timer = None

    def on_too_slow(self) -> None:
        """Abort, counted as 4002: more bytes are queued than allowed, or the write buffer stayed full."""
        if not self.closing:
            self.closing = True
            self._manager.count_close(CloseCode.SLOW_CONSUMER)
            self.session.record("closed", "", "too slow", CloseCode.SLOW_CONSUMER)
        self._transport.abort()

    def on_skipped(self, seq_range: SeqRange) -> None:
        self.session.push_lagged(seq_range.conversation_id, seq_range.from_seq, seq_range.to_seq)

    def ping(self) -> None:
        self.check_idle()
        if not self.closing:
            if self._heartbeat.step - self._last_activity_step > STEPS_PER_PERIOD:
                # Inactive for over one period: two are over before the next visit, so check in between.
                self._heartbeat.schedule_idle_check(self, self._last_activity_step + 2 * STEPS_PER_PERIOD)
            if not self.send_queue.paused:
                self._transport.write(PING)
            self._uncharged_pongs = UNCHARGED_PONGS
            if self._receiver is not None and self._receiver.idle and self._unauthenticated_address is None:
                self._receiver.close()
                self._receiver = None

    def check_idle(self) -> None:
        # Minus one: the last activity was at some time within its step, so that step counts in full.
        if not self.closing and self._heartbeat.step - self._last_activity_step >= 2 * STEPS_PER_PERIOD - 1:
            self.close(CloseCode.HEARTBEAT_TIMEOUT, "heartbeat timeout")

    def _on_auth_timeout(self) -> None:
        if self._unauthenticated_address is not None:
            self.close(CloseCode.AUTHENTICATION_TIMEOUT, "authentication timeout")

    def on_control_frames(self) -> None:
        for data in self.parser.data_to_send():
            if data and not self.closing:
                self.send_queue.push(data)

    def on_peer_close(self) -> None:
        """Finish after the peer's Close or protocol error. The parser has queued its Close already."""
        parser = self.parser
        if not self.closing:
            self.closing = True
            if parser.parser_exc is not None and parser.close_sent is not None:
                code, reason = parser.close_sent.code, parser.close_sent.reason
                self._manager.count_close(code)
                self.session.record("closed", "", reason, code)
                self._send_goodbye(code, reason, None)
            else:
                self.session.record("closed_by_client")
                self.session.on_disconnect()
            self._write_close()
        self._close_transport()

    def _close_transport(self) -> None:
        """Close the transport once its buffer is written; abort it after `CLOSE_TIMEOUT_S`."""
        if self._close_timer is None:
            self._close_timer = self._manager.wheel.call_later(CLOSE_TIMEOUT_S, self._transport.abort)
        close_after_flush(self._transport)

    def _send_goodbye(self, code: int, reason: str, retry_after_ms: int | None) -> None:
        self.session.on_disconnect()
        goodbye = encode_goodbye(code, reason, retry_after_ms)
        self.send_queue.push(self._manager.session_dependencies.encode_frame(goodbye))

    def _write_close(self) -> None:
        """Queue the parser's Close and flush. The session is disconnected, so nothing follows the Close."""
        for data in self.parser.data_to_send():
            if data:
                self.send_queue.push(data)
        self.send_queue.resume()
