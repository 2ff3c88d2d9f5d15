"""One connected client: who it is, and what it asks for.

Lives from the accepted handshake until the socket closes. Commands arrive in the order the client sent
them, one at a time. A session tells conversations what to do and never waits for their answer: it comes
back through the outbox. It never touches another session.
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
from actors.sessions.unordered_commands import UnorderedCommand, run_unordered
from config.accounts import CARD_CACHE_S
from config.limits import FRAME_BYTES
from storage.contracts.users import Identity
from storage.errors import StorageError

_log = logging.getLogger(__name__)
RETRY_AFTER_MS = 1000
UNORDERED_COMMANDS_MAX = 16
"""What one session may have under way beside its mail; more is refused, to be sent again."""


class Session:
    """Implements `actors.runtime.actor.Actor[bytes]`: its letters are the client's frames."""

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
        # Who the upgrade request said it is, until the first frame: that may still ask for more.
        self._upgrade_identity: Identity | None = None
        self.session_id = ""
        self.user_id = ""
        self.closed = False
        # Seconds since the epoch, as last known: it moves with use.
        self.expires_at = float("inf")

    @property
    def send_queue(self) -> SendQueue:
        return self.transport.send_queue

    def send_hello(self) -> None:
        limits = self._services.limits
        self.push(Hello(limits.heartbeat_ms, limits.auth_timeout_ms, FRAME_BYTES, rfc3339_from_ms(now_ms())))

    # --- mail

    def receive(self, message: bytes | Identity) -> Coroutine[Any, Any, None] | None:
        """Act on one frame, or on the identity that the upgrade request bore."""
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
        bore, self._upgrade_identity = self._upgrade_identity, None
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
                return self._reauthenticate(command, self._user, bore)
            case _:
                assert_never(command)
        return None

    def refuse(self, message: bytes | Identity, reason: Exception) -> None:  # noqa: ARG002
        """The frame was not handled: its sender can not be told which, so the socket ends."""
        if not isinstance(reason, Stopped):
            _log.error("a session failed", exc_info=reason)
        self.transport.close(CloseCode.OVERLOADED, "the frame was not handled", RETRY_AFTER_MS)

    def on_disconnect(self) -> None:
        """The socket has closed."""
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
            fault = str(error)
        else:
            return command
        try:
            envelope = self.transport.command_decoders.envelope(frame)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            self.transport.close(CloseCode.BAD_FRAME, "a frame is an object with an id")
            return None
        if not isinstance(envelope.type, str) or envelope.type not in COMMAND_TYPES:
            refusal = ApiError("frame.unknown_type", f"There are: {', '.join(sorted(COMMAND_TYPES))}.")
        else:
            refusal = ApiError("request.invalid", fault)
        self.push_error(envelope.id, refusal)
        return None

    # --- who it is

    def _on_first_command(self, command: Command) -> Coroutine[Any, Any, None] | None:
        if isinstance(command, Authenticate) and command.token is not None:
            return self._authenticate(command, command.token)
        self.push_error(
            command.id, ApiError("auth.required", "The first frame is authenticate, with a token.")
        )
        return None

    async def _authenticate(self, command: Authenticate, token: str) -> None:
        try:
            identity = await self._services.authenticator.authenticate(token, max_age_s=CARD_CACHE_S)
        except ApiError as refusal:
            self.push_error(command.id, refusal)
            if refusal.status == 401:
                expired = refusal.code == "auth.expired"
                code = CloseCode.TOKEN_EXPIRED if expired else CloseCode.NOT_AUTHENTICATED
                self.transport.close(code, refusal.code)
            return
        self.transport.set_event_filter(command.intents)
        await self._open(command, identity)

    async def _open(self, command: Authenticate | None, identity: Identity) -> None:
        self.user_id = identity.user.id
        self.session_id = identity.session_id
        self.expires_at = identity.expires_at.timestamp()
        self.transport.on_authenticated()
        # Nothing may come before `ready`: what rooms tell from now on waits behind it.
        self.send_queue.pause()
        try:
            entered = await self._services.online_users.add_session(self, identity.user.id)
            frames, unread = await self._load_missed(entered, command)
        except (StorageError, ApiError):
            self.send_queue.resume()
            self.transport.close(CloseCode.OVERLOADED, "a store is away", RETRY_AFTER_MS)
            return
        if entered is None or self.closed:
            self.send_queue.resume()
            if self.closed and entered is not None:
                self._services.online_users.remove_session(self, entered.user)
            else:
                self.transport.close(CloseCode.TOO_MANY_CONNECTIONS, "this user has too many sockets")
            return
        self._user = entered.user
        if self._services.presence is not None:
            self._services.presence.local.connect(self.user_id)
            await self._services.presence.local.wait_published(self.user_id)
            if self.closed:
                return
        frame_id = command.id if command is not None else None
        place = entered.position
        ready = Ready(
            frame_id, self.session_id, to_own_user(identity.user), place.epoch, place.position, unread
        )
        self.send_queue.prepend_and_resume(
            [self._encode_frame(ready), *map(self._services.encode_frame, frames)]
        )

    async def _load_missed(
        self, subscription: StreamSubscription | None, command: Authenticate | None
    ) -> tuple[list[bytes], int]:
        """What a client that resumes is told between `ready` and what is live; and what is unread."""
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
        """The upgrade bore the token, and the first frame asks for more: all begins anew, with a `ready`."""
        if upgrade_identity is None:
            self.push_error(command.id, ApiError("request.invalid", "This socket is authenticated."))
            return None
        self.transport.set_event_filter(command.intents)
        self._disconnect(user)
        # What was told till now comes before; what rooms tell from now on waits behind the new `ready`.
        self.send_queue.flush()
        return self._open(command, upgrade_identity)

    # --- what it asks for

    def _send(self, command: SendMessage, user: OnlineUser) -> None:
        reply = SendReply(self, command.id)
        wait_ms = user.token_bucket.consume()
        if wait_ms:
            reply.refused(ApiError("rate.limited", "Too many messages.", retry_after_ms=wait_ms))
            return
        try:
            draft = create_draft(
                self.user_id, command.client_id, command.content, command.mentions, command.reply_to
            )
            self._services.conversations.send(command.conversation_id, Send(draft, reply))
        except ApiError as refusal:
            reply.refused(refusal)
        except (MailboxFull, Stopped):
            reply.refused(busy())

    def _change(self, command: MessageChangeCommand, user: OnlineUser) -> None:
        reply = ChangeReply(self, command.id)
        wait_ms = user.token_bucket.consume()
        if wait_ms:
            reply.refused(ApiError("rate.limited", "Too many changes.", retry_after_ms=wait_ms))
            return
        try:
            letter = ChangeMessage(self.user_id, to_message_change(command), reply)
            self._services.conversations.send(command.conversation_id, letter)
        except ApiError as refusal:
            reply.refused(refusal)
        except (MailboxFull, Stopped):
            reply.refused(busy())

    def _start_unordered(self, command: UnorderedCommand, user: OnlineUser) -> None:
        wait_ms = user.token_bucket.consume()
        if wait_ms or self._running_unordered >= UNORDERED_COMMANDS_MAX:
            refusal = ApiError("rate.limited", "Too much at once.", retry_after_ms=wait_ms or RETRY_AFTER_MS)
            self.push_error(command.id, refusal)
            return
        self._running_unordered += 1
        self._services.conversations.track_task(asyncio.ensure_future(self._run_unordered(command)))

    async def _run_unordered(self, command: UnorderedCommand) -> None:
        try:
            self.push(Ok(command.id, await run_unordered(command, self, self._services)))
        except ApiError as refusal:
            self.push_error(command.id, refusal)
        except StorageError:
            self.push_error(command.id, unavailable("A store did not answer in time."))
        finally:
            self._running_unordered -= 1

    # --- what it is told

    def push(self, frame: msgspec.Struct) -> None:
        if not self.closed:
            self.send_queue.push(self._encode_frame(frame))

    def push_stream(self, framed: bytes) -> None:
        """A frame of the user's stream: never shed."""
        if not self.closed:
            self.send_queue.push(framed)

    def push_ephemeral(self, framed: bytes) -> None:
        """What may be missed: a client that is behind is spared it."""
        if not self.closed:
            self.send_queue.push_ephemeral(framed)

    def lagged(self, conversation_id: str, from_seq: int, to_seq: int) -> None:
        self.push(Lagged(conversation_id, from_seq, to_seq))

    def push_error(self, frame_id: FrameId, error: ApiError) -> None:
        self.push(Error(frame_id, error.code, error.detail, error.retry, error.retry_after_ms))

    def _encode_frame(self, frame: msgspec.Struct) -> bytes:
        return self._services.encode_frame(server_frame_encoder.encode(frame))
