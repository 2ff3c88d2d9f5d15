"""The session of one connected client: decodes its commands and runs them.

    frame -> command -> `session_opening` (until `ready`)
                     -> CommandRegistration.run (rate limited, ordered or concurrent) -> ok, error

Lives from the accepted handshake until the connection closes. Starts commands one at a time, in the order the
client sent them; concurrent ones run on while later ones start. A session does not wait for a conversation's
reply, which is written to the send queue.
"""

import itertools
import logging
from collections.abc import Coroutine
from datetime import datetime
from typing import Any

import msgspec

from actors.accounts.restrictions import is_silenced, silenced
from actors.conversations.errors import busy
from actors.delivery.send_queue import SendQueue
from actors.protocol.commands import COMMAND_TYPES, Command, FrameId
from actors.protocol.errors import RETRY_AFTER_MS, ApiError, unavailable
from actors.protocol.server_frames import Error, Hello, Lagged, Ok, server_frame_encoder
from actors.protocol.timestamps import now_ms, rfc3339_from_ms
from actors.runtime.actor import MailboxFull, Stopped
from actors.runtime.black_box import BlackBox
from actors.sessions.command_registration import (
    CommandOutcome,
    CommandRateClass,
    CommandRegistration,
    Ordering,
)
from actors.sessions.command_registry import REGISTRATIONS
from actors.sessions.online_user import NO_POSITION, OnlineUser
from actors.sessions.session_dependencies import SessionDependencies
from actors.sessions.session_opening import close_session, on_unauthenticated_command, open_session
from actors.sessions.transport import CloseCode, Transport
from config.limits import COMMANDS_CONCURRENT_MAX, FRAME_BYTES
from config.log_context import log_context
from storage.contracts.user_streams import StreamPosition
from storage.contracts.users import Identity
from storage.errors import StorageError

_log = logging.getLogger(__name__)
SAFE_INTEGER_MAX = 2**53
SKIPPED_RECORDED_MAX = 50
"""Conversations whose skipped ranges a black box records when the connection is lost."""


class Session:
    """Implements `actors.runtime.actor.Actor[bytes | Identity]`.

    Its messages are the client's frames, and before them the identity of an upgrade request with a token.
    """

    __slots__ = (
        "_black_box",
        "_dependencies",
        "_number",
        "_running_commands",
        "closed",
        "expires_at",
        "opened_at_s",
        "session_id",
        "silenced_until",
        "transport",
        "upgrade_identity",
        "user",
        "user_id",
    )

    def __init__(self, transport: Transport, dependencies: SessionDependencies) -> None:
        self.transport = transport
        self._dependencies = dependencies
        self.user: OnlineUser | None = None
        self.upgrade_identity: Identity | None = None
        self._running_commands = 0
        # Created with the first event, because most sessions are idle and were never interrupted.
        self._black_box: BlackBox | None = None
        self._number = 0
        self.opened_at_s = 0.0
        self.session_id = ""
        self.user_id = ""
        self.closed = False
        # Unix time at which the token expires, as it was last read; use of the token extends it.
        self.expires_at = float("inf")
        self.silenced_until: datetime | None = None

    @property
    def send_queue(self) -> SendQueue:
        return self.transport.send_queue

    @property
    def number(self) -> int:
        """Identifies the session on this instance, for operators. Assigned when it is first read."""
        if not self._number:
            self._number = next(self._dependencies.session_numbers)
        return self._number

    @property
    def black_box(self) -> BlackBox:
        if self._black_box is None:
            boxes = self._dependencies.black_boxes
            self._black_box = boxes.open(str(self.number), self.user_id, self.opened_at_s)
        return self._black_box

    def record(
        self, kind: str, subject: str = "", detail: str = "", number_1: int = 0, number_2: int = 0
    ) -> None:
        """Add an event to the black box; `EVENT_NUMBERS` says what the numbers are, by kind.

        Does nothing before authentication, so that it takes no memory.
        """
        if self.user_id:
            self.black_box.add(kind, subject, detail, number_1, number_2)

    @property
    def position(self) -> StreamPosition:
        return self.user.position if self.user is not None else NO_POSITION

    def send_hello(self) -> None:
        limits = self._dependencies.limits
        self.push(Hello(limits.heartbeat_ms, limits.auth_timeout_ms, FRAME_BYTES, rfc3339_from_ms(now_ms())))

    # --- actor

    def receive(self, message: bytes | Identity) -> Coroutine[Any, Any, None] | None:
        """Handle one frame, or the identity of the upgrade request's bearer token."""
        if self.closed:
            return None
        if isinstance(message, Identity):
            self.upgrade_identity = message
            return open_session(message, None, self, self._dependencies)
        command = self._decode(message)
        if command is None:
            return None
        if self.user is None:
            return on_unauthenticated_command(command, self, self._dependencies)
        try:
            return self._execute(command, self.user)
        finally:
            self.upgrade_identity = None

    def refuse(self, message: bytes | Identity, reason: Exception) -> None:  # noqa: ARG002
        """Close the connection: the frame has no reply, and its id is not known here."""
        if not isinstance(reason, Stopped):
            ids = {"session_id": self.session_id, "user_id": self.user_id}
            _log.error("session crashed", extra=ids, exc_info=reason)
        self.transport.close(CloseCode.OVERLOADED, "the frame was not handled", RETRY_AFTER_MS)

    def on_disconnect(self) -> None:
        """Remove the session from the instance: the connection is being closed, or has been."""
        self.closed = True
        if self.user is not None:
            close_session(self.user, self, self._dependencies)

    def on_connection_lost(self, unsent_bytes: int) -> None:
        """Record how the connection ended, and close the black box, which operators can still read."""
        self.on_disconnect()
        for skipped in itertools.islice(self.send_queue.skipped_ranges.values(), SKIPPED_RECORDED_MAX):
            self.record("skipped", skipped.conversation_id, "", skipped.from_seq, skipped.to_seq)
        self.record("disconnected", number_1=unsent_bytes)
        if self._black_box is not None:
            self._dependencies.black_boxes.close(self._black_box)

    def _decode(self, frame: bytes) -> Command | None:
        try:
            command = self.transport.command_decoders.command(frame)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            detail = _without_value(str(error))
        else:
            return command
        try:
            envelope = self.transport.command_decoders.envelope(frame)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            self.transport.close(CloseCode.BAD_FRAME, "a frame must be an object with an id")
            return None
        if not isinstance(envelope.type, str) or envelope.type not in COMMAND_TYPES:
            supported = ", ".join(sorted(COMMAND_TYPES))
            api_error = ApiError("frame.unknown_type", f"Supported types: {supported}.")
        else:
            api_error = ApiError("request.invalid", detail)
        self.push_error(envelope.id, api_error)
        return None

    def _execute(self, command: Command, user: OnlineUser) -> Coroutine[Any, Any, None] | None:
        registration = REGISTRATIONS[type(command)]
        self._dependencies.command_counts[registration.frame_type] += 1
        self.record(
            "command",
            getattr(command, "conversation_id", ""),
            registration.frame_type,
            _numeric_id(command.id),
        )
        if not registration.while_silenced and is_silenced(self.silenced_until):
            self.push_error(command.id, silenced())
            return None
        if registration.rate_class is CommandRateClass.MESSAGES:
            wait_ms = user.token_bucket.consume(registration.cost)
            if wait_ms:
                self._push_rate_limited(command.id, wait_ms)
                return None
        if registration.ordering is Ordering.CONCURRENT:
            self._start_concurrent(command, registration)
            return None
        try:
            outcome: CommandOutcome = registration.run(command, self, self._dependencies)
        except ApiError as error:
            self.push_error(command.id, error)
        except (MailboxFull, Stopped):
            self.push_error(command.id, busy())
        else:
            if isinstance(outcome, msgspec.Struct):
                self.push(Ok(command.id, outcome))
            elif outcome is not None:
                return outcome
        return None

    def _start_concurrent(self, command: Command, registration: CommandRegistration) -> None:
        if self._running_commands >= COMMANDS_CONCURRENT_MAX:
            self._push_rate_limited(command.id, RETRY_AFTER_MS)
            return
        self._running_commands += 1
        # The task copies the context.
        token = log_context.set({"session_id": self.session_id, "user_id": self.user_id})
        self._dependencies.conversations.task_pool.spawn(self._run_concurrent(command, registration))
        log_context.reset(token)

    async def _run_concurrent(self, command: Command, registration: CommandRegistration) -> None:
        try:
            self.push(Ok(command.id, await registration.run(command, self, self._dependencies)))
        except ApiError as error:
            self.push_error(command.id, error)
        except StorageError:
            self.push_error(command.id, unavailable("A data store did not respond in time."))
        except Exception:
            # As after the crash of an ordered command: without a reply the client would wait forever.
            self.transport.close(CloseCode.OVERLOADED, "the frame was not handled", RETRY_AFTER_MS)
            raise
        finally:
            self._running_commands -= 1

    def _push_rate_limited(self, frame_id: FrameId, retry_after_ms: int) -> None:
        error = ApiError("rate.limited", "Too many commands. Retry later.", retry_after_ms=retry_after_ms)
        self.push_error(frame_id, error)

    # --- server frames

    def push(self, frame: msgspec.Struct) -> None:
        if not self.closed:
            if type(frame) is Ok:
                self.record("ok", "", "", _numeric_id(frame.id), getattr(frame.result, "seq", 0))
            self.send_queue.push(self._encode_frame(frame))

    def push_stream(self, framed: bytes) -> None:
        """Send a frame of the user stream. It is dropped only with the connection."""
        if not self.closed:
            self.send_queue.push(framed)

    def push_ephemeral(self, framed: bytes) -> None:
        """Send a frame that is dropped if the client is slow."""
        if not self.closed:
            self.send_queue.push_ephemeral(framed)

    def push_lagged(self, conversation_id: str, from_seq: int, to_seq: int) -> None:
        self.record("lagged", conversation_id, "", from_seq, to_seq)
        self.push(Lagged(conversation_id, from_seq, to_seq))

    def push_error(self, frame_id: FrameId, error: ApiError) -> None:
        self.record("error", "", error.code, _numeric_id(frame_id))
        self.push(Error(frame_id, error.code, error.detail, error.retry, error.retry_after_ms))

    def _encode_frame(self, frame: msgspec.Struct) -> bytes:
        return self._dependencies.encode_frame(server_frame_encoder.encode(frame))


def _without_value(detail: str) -> str:
    """Remove the value from an error of the decoder, which quotes one that is not in an enumeration."""
    kind = "Invalid enum value"
    if not detail.startswith(kind):
        return detail
    path = detail.rpartition(" - at ")[2]
    return f"{kind} - at {path}"


def _numeric_id(frame_id: FrameId) -> int:
    """Return the id of a frame for a black box; 0 for a string, which may be text of a user."""
    return frame_id if isinstance(frame_id, int) and 0 <= frame_id <= SAFE_INTEGER_MAX else 0
