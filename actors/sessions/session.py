"""The session of one connected client: authentication and commands.

Lives from the accepted handshake until the connection closes. Handles commands one at a time, in the order
the client sent them. A session does not wait for a conversation's reply, which is written to the send queue.
"""

import asyncio
import logging
from collections.abc import Coroutine
from typing import Any, assert_never

import msgspec

from actors.accounts.serializers import to_own_user
from actors.conversations.commands import ChangeMessage, Send
from actors.conversations.drafts import create_draft
from actors.conversations.errors import busy
from actors.delivery.send_queue import SendQueue
from actors.protocol.commands import (
    COMMAND_TYPES,
    AddReaction,
    Authenticate,
    Command,
    DeleteMessage,
    EditMessage,
    FrameId,
    MessageChangeCommand,
    Ping,
    ReadConversation,
    RemoveReaction,
    SendMessage,
    SetPresence,
    Typing,
    WatchPresence,
)
from actors.protocol.errors import ApiError, unavailable
from actors.protocol.server_frames import (
    Error,
    Hello,
    Lagged,
    Ok,
    PingResult,
    Ready,
    server_frame_encoder,
)
from actors.protocol.timestamps import now_ms, rfc3339_from_ms
from actors.runtime.actor import MailboxFull, Stopped
from actors.sessions.message_changes import to_message_change
from actors.sessions.online_user import OnlineUser
from actors.sessions.replies import ChangeReply, SendReply
from actors.sessions.session_services import SessionServices
from actors.sessions.stream_recovery import StreamSubscription
from actors.sessions.transport import CloseCode, Transport
from actors.sessions.unordered_commands import UnorderedCommand, command_cost, run_unordered
from config.accounts import CARD_CACHE_S
from config.limits import FRAME_BYTES
from storage.contracts.users import Identity
from storage.errors import StorageError

_log = logging.getLogger(__name__)
RETRY_AFTER_MS = 1000
UNORDERED_COMMANDS_MAX = 16
"""Concurrent unordered commands per session; more are rejected with `rate.limited`."""


class Session:
    """Implements `actors.runtime.actor.Actor[bytes | Identity]`: its messages are the client's frames."""

    __slots__ = (
        "_running_unordered",
        "_services",
        "_upgrade_identity",
        "_user",
        "closed",
        "expires_at",
        "session_id",
        "transport",
        "user_id",
    )

    def __init__(self, transport: Transport, services: SessionServices) -> None:
        self.transport = transport
        self._services = services
        self._user: OnlineUser | None = None
        self._running_unordered = 0
        # The identity from the upgrade request, kept until the first frame, which may authenticate again.
        self._upgrade_identity: Identity | None = None
        self.session_id = ""
        self.user_id = ""
        self.closed = False
        # Seconds since the epoch when last read; use of the token extends it.
        self.expires_at = float("inf")

    @property
    def send_queue(self) -> SendQueue:
        return self.transport.send_queue

    def send_hello(self) -> None:
        limits = self._services.limits
        self.push(Hello(limits.heartbeat_ms, limits.auth_timeout_ms, FRAME_BYTES, rfc3339_from_ms(now_ms())))

    # --- actor

    def receive(self, message: bytes | Identity) -> Coroutine[Any, Any, None] | None:
        """Handle one frame, or the identity of the upgrade request's bearer token."""
        if self.closed:
            return None
        if isinstance(message, Identity):
            self._upgrade_identity = message
            return self._open(None, message)
        command = self._decode(message)
        if command is None:
            return None
        if self._user is None:
            return self._on_first_command(command)
        upgrade_identity, self._upgrade_identity = self._upgrade_identity, None
        match command:
            case SendMessage():
                self._send(command, self._user)
            case EditMessage() | DeleteMessage() | AddReaction() | RemoveReaction():
                self._change(command, self._user)
            case ReadConversation() | Typing() | SetPresence() | WatchPresence():
                self._start_unordered(command, self._user)
            case Ping(id=frame_id):
                self.push(Ok(frame_id, PingResult(rfc3339_from_ms(now_ms()), self._user.position.position)))
            case Authenticate():
                return self._reauthenticate(command, self._user, upgrade_identity)
            case _:
                assert_never(command)
        return None

    def refuse(self, message: bytes | Identity, reason: Exception) -> None:  # noqa: ARG002
        """Close the connection: the frame was not handled, and its id is not known here."""
        if not isinstance(reason, Stopped):
            _log.error("session crashed", exc_info=reason)
        self.transport.close(CloseCode.OVERLOADED, "the frame was not handled", RETRY_AFTER_MS)

    def on_disconnect(self) -> None:
        """Remove the session from the instance; the connection has closed."""
        self.closed = True
        if self._user is not None:
            self._disconnect(self._user)

    def _disconnect(self, user: OnlineUser) -> None:
        self._user = None
        self._services.online_users.remove_session(self, user)
        if not user.sessions:
            self._services.typing_indicators.stop_all(self.user_id)
        if self._services.presence is not None:
            self._services.presence.local.disconnect(self.user_id, self)
            self._services.presence.subscriptions.unwatch(self)

    def _decode(self, frame: bytes) -> Command | None:
        try:
            command = self.transport.command_decoders.command(frame)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            detail = str(error)
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

    # --- authentication

    def _on_first_command(self, command: Command) -> Coroutine[Any, Any, None] | None:
        if isinstance(command, Authenticate) and command.token is not None:
            return self._authenticate(command, command.token)
        self.push_error(
            command.id, ApiError("auth.required", "The first frame must be `authenticate` with a `token`.")
        )
        return None

    async def _authenticate(self, command: Authenticate, token: str) -> None:
        try:
            identity = await self._services.authenticator.authenticate(token, max_age_s=CARD_CACHE_S)
        except ApiError as error:
            self.push_error(command.id, error)
            if error.status == 401:
                expired = error.code == "auth.expired"
                code = CloseCode.TOKEN_EXPIRED if expired else CloseCode.NOT_AUTHENTICATED
                self.transport.close(code, error.code)
            return
        self.transport.set_event_filter(command.intents)
        await self._open(command, identity)

    async def _open(self, command: Authenticate | None, identity: Identity) -> None:
        self.user_id = identity.user.id
        self.session_id = identity.session_id
        self.expires_at = identity.expires_at.timestamp()
        self.transport.on_authenticated()
        # No frame may precede `ready`: what rooms deliver from here on waits in the send queue.
        self.send_queue.pause()
        try:
            subscription = await self._services.online_users.add_session(self, identity.user.id)
            frames, unread = await self._load_missed(subscription, command)
        except (StorageError, ApiError):
            self.send_queue.resume()
            self.transport.close(CloseCode.OVERLOADED, "a store is unavailable", RETRY_AFTER_MS)
            return
        if subscription is None or self.closed:
            self.send_queue.resume()
            if self.closed and subscription is not None:
                self._services.online_users.remove_session(self, subscription.user)
            else:
                self.transport.close(CloseCode.TOO_MANY_CONNECTIONS, "too many connections of this user")
            return
        self._user = subscription.user
        if self._services.presence is not None:
            self._services.presence.local.connect(self.user_id)
            await self._services.presence.local.wait_published(self.user_id)
            if self.closed:
                return
        frame_id = command.id if command is not None else None
        position = subscription.position
        ready = Ready(
            frame_id, self.session_id, to_own_user(identity.user), position.epoch, position.position, unread
        )
        self.send_queue.prepend_and_resume(
            [self._encode_frame(ready), *map(self._services.encode_frame, frames)]
        )

    async def _load_missed(
        self, subscription: StreamSubscription | None, command: Authenticate | None
    ) -> tuple[list[bytes], int]:
        """Return the frames to send between `ready` and live events, and the unread notification count."""
        if subscription is None:
            return [], 0
        try:
            unread = await self._services.count_unread(self.user_id)
            if command is None or command.resume is None:
                return [], unread
            return await self._services.stream_recovery.resume(subscription, command.resume), unread
        except BaseException:
            self._services.online_users.remove_session(self, subscription.user)
            raise

    def _reauthenticate(
        self, command: Authenticate, user: OnlineUser, upgrade_identity: Identity | None
    ) -> Coroutine[Any, Any, None] | None:
        """Open the session again for the first frame after a bearer upgrade; it may filter or resume."""
        if upgrade_identity is None:
            self.push_error(command.id, ApiError("request.invalid", "Already authenticated."))
            return None
        self.transport.set_event_filter(command.intents)
        self._disconnect(user)
        # Frames queued so far are sent first; what rooms deliver from here on waits for the new `ready`.
        self.send_queue.flush()
        return self._open(command, upgrade_identity)

    # --- commands

    def _send(self, command: SendMessage, user: OnlineUser) -> None:
        reply = SendReply(self, command.id)
        wait_ms = user.token_bucket.consume()
        if wait_ms:
            reply.refused(ApiError("rate.limited", "Too many messages. Retry later.", retry_after_ms=wait_ms))
            return
        try:
            draft = create_draft(
                self.user_id, command.client_id, command.content, command.mentions, command.reply_to
            )
            self._services.conversations.send(command.conversation_id, Send(draft, reply))
        except ApiError as error:
            reply.refused(error)
        except (MailboxFull, Stopped):
            reply.refused(busy())

    def _change(self, command: MessageChangeCommand, user: OnlineUser) -> None:
        reply = ChangeReply(self, command.id)
        wait_ms = user.token_bucket.consume()
        if wait_ms:
            reply.refused(ApiError("rate.limited", "Too many changes. Retry later.", retry_after_ms=wait_ms))
            return
        try:
            change = ChangeMessage(self.user_id, to_message_change(command), reply)
            self._services.conversations.send(command.conversation_id, change)
        except ApiError as error:
            reply.refused(error)
        except (MailboxFull, Stopped):
            reply.refused(busy())

    def _start_unordered(self, command: UnorderedCommand, user: OnlineUser) -> None:
        wait_ms = user.token_bucket.consume(command_cost(command))
        if wait_ms or self._running_unordered >= UNORDERED_COMMANDS_MAX:
            error = ApiError(
                "rate.limited", "Too many commands. Retry later.", retry_after_ms=wait_ms or RETRY_AFTER_MS
            )
            self.push_error(command.id, error)
            return
        self._running_unordered += 1
        self._services.conversations.track_task(asyncio.ensure_future(self._run_unordered(command)))

    async def _run_unordered(self, command: UnorderedCommand) -> None:
        try:
            self.push(Ok(command.id, await run_unordered(command, self, self._services)))
        except ApiError as error:
            self.push_error(command.id, error)
        except StorageError:
            self.push_error(command.id, unavailable("A data store did not respond in time."))
        finally:
            self._running_unordered -= 1

    # --- server frames

    def push(self, frame: msgspec.Struct) -> None:
        if not self.closed:
            self.send_queue.push(self._encode_frame(frame))

    def push_stream(self, framed: bytes) -> None:
        """Send a frame of the user stream; it is not dropped."""
        if not self.closed:
            self.send_queue.push(framed)

    def push_ephemeral(self, framed: bytes) -> None:
        """Send a frame that is dropped if the client is slow."""
        if not self.closed:
            self.send_queue.push_ephemeral(framed)

    def lagged(self, conversation_id: str, from_seq: int, to_seq: int) -> None:
        self.push(Lagged(conversation_id, from_seq, to_seq))

    def push_error(self, frame_id: FrameId, error: ApiError) -> None:
        self.push(Error(frame_id, error.code, error.detail, error.retry, error.retry_after_ms))

    def _encode_frame(self, frame: msgspec.Struct) -> bytes:
        return self._services.encode_frame(server_frame_encoder.encode(frame))
