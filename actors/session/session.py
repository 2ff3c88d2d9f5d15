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

from actors.accounts.views import own_of
from actors.conversation.answers import busy
from actors.conversation.drafts import draft_of
from actors.conversation.letters import Revise, Send
from actors.delivery.outbox import Outbox
from actors.runtime.actor import MailboxFull, Stopped
from actors.session.asides import Aside, result_of
from actors.session.hall import Hall
from actors.session.link import CloseCode, Link
from actors.session.person import Person
from actors.session.replies import ChangeReply, SendReply
from actors.session.resuming import Entered
from actors.session.revisions import revision_of
from actors.wire.commands import (
    AddReaction,
    Authenticate,
    Change,
    Command,
    DeleteMessage,
    EditMessage,
    FrameId,
    Ping,
    ReadConversation,
    RemoveReaction,
    SendMessage,
    SetPresence,
    Typing,
    WatchPresence,
    known_types,
)
from actors.wire.frames import (
    Error,
    Hello,
    Lagged,
    Ok,
    PingResult,
    Ready,
    frame_encoder,
)
from actors.wire.moment import now_ms, rfc3339
from actors.wire.refusal import Refusal, unavailable
from config.accounts import CARD_CACHE_S
from config.limits import FRAME_BYTES
from storage.errors import StorageError
from storage.records.users import Identity

_log = logging.getLogger(__name__)
RETRY_AFTER_MS = 1000
ASIDES_AT_ONCE = 16
"""What one session may have under way beside its mail; more is refused, to be sent again."""


class Session:
    """Implements `actors.runtime.actor.Actor[bytes]`: its letters are the client's frames."""

    __slots__ = (
        "_bore",
        "_hall",
        "_person",
        "_under_way",
        "closed",
        "expires_at",
        "link",
        "session_id",
        "user_id",
    )

    def __init__(self, link: Link, hall: Hall) -> None:
        self.link = link
        self._hall = hall
        self._person: Person | None = None
        self._under_way = 0
        # Who the upgrade request said it is, until the first frame: that may still ask for more.
        self._bore: Identity | None = None
        self.session_id = ""
        self.user_id = ""
        self.closed = False
        # Seconds since the epoch, as last known: it moves with use.
        self.expires_at = float("inf")

    @property
    def outbox(self) -> Outbox:
        return self.link.outbox

    def hello(self) -> None:
        limits = self._hall.limits
        self.push(Hello(limits.heartbeat_ms, limits.auth_timeout_ms, FRAME_BYTES, rfc3339(now_ms())))

    # --- mail

    def receive(self, message: bytes | Identity) -> Coroutine[Any, Any, None] | None:
        """Act on one frame, or on the identity that the upgrade request bore."""
        if self.closed:
            return None
        if isinstance(message, Identity):
            self._bore = message
            return self._enter(None, message)
        command = self._decode(message)
        if command is None:
            return None
        if self._person is None:
            return self._first(command)
        bore, self._bore = self._bore, None
        match command:
            case SendMessage():
                self._send(command, self._person)
            case EditMessage() | DeleteMessage() | AddReaction() | RemoveReaction():
                self._change(command, self._person)
            case ReadConversation() | Typing() | SetPresence() | WatchPresence():
                self._begin_aside(command, self._person)
            case Ping(id=frame_id):
                self.push(Ok(frame_id, PingResult(rfc3339(now_ms()), self._person.place.position)))
            case Authenticate():
                return self._authenticate_again(command, self._person, bore)
            case _:
                assert_never(command)
        return None

    def refuse(self, message: bytes | Identity, reason: Exception) -> None:  # noqa: ARG002
        """The frame was not handled: its sender can not be told which, so the socket ends."""
        if not isinstance(reason, Stopped):
            _log.error("a session failed", exc_info=reason)
        self.link.close(CloseCode.OVERLOADED, "the frame was not handled", RETRY_AFTER_MS)

    def gone(self) -> None:
        """The socket has closed."""
        self.closed = True
        if self._person is not None:
            self._leave(self._person)

    def _leave(self, person: Person) -> None:
        self._person = None
        self._hall.directory.leave(self, person)
        if not person.sessions:
            self._hall.typing.gone(self.user_id)
        if self._hall.presences is not None:
            self._hall.presences.attendance.go(self.user_id, self)
            self._hall.presences.watching.unwatch(self)

    def _decode(self, frame: bytes) -> Command | None:
        try:
            command = self.link.reading.command(frame)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            fault = str(error)
        else:
            return command
        try:
            envelope = self.link.reading.envelope(frame)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            self.link.close(CloseCode.BAD_FRAME, "a frame is an object with an id")
            return None
        if not isinstance(envelope.type, str) or envelope.type not in known_types:
            refusal = Refusal("frame.unknown_type", f"There are: {', '.join(sorted(known_types))}.")
        else:
            refusal = Refusal("request.invalid", fault)
        self.push_error(envelope.id, refusal)
        return None

    # --- who it is

    def _first(self, command: Command) -> Coroutine[Any, Any, None] | None:
        if isinstance(command, Authenticate) and command.token is not None:
            return self._authenticate(command, command.token)
        self.push_error(
            command.id, Refusal("auth.required", "The first frame is authenticate, with a token.")
        )
        return None

    async def _authenticate(self, command: Authenticate, token: str) -> None:
        try:
            identity = await self._hall.authenticator.authenticate(token, age_s=CARD_CACHE_S)
        except Refusal as refusal:
            self.push_error(command.id, refusal)
            if refusal.status == 401:
                expired = refusal.code == "auth.expired"
                code = CloseCode.TOKEN_EXPIRED if expired else CloseCode.NOT_AUTHENTICATED
                self.link.close(code, refusal.code)
            return
        self.link.narrow(command.intents)
        await self._enter(command, identity)

    async def _enter(self, command: Authenticate | None, identity: Identity) -> None:
        self.user_id = identity.user.id
        self.session_id = identity.session_id
        self.expires_at = identity.expires_at.timestamp()
        self.link.admitted()
        # Nothing may come before `ready`: what rooms tell from now on waits behind it.
        self.outbox.block()
        try:
            entered = await self._hall.directory.enter(self, identity.user.id)
            frames, unread = await self._missed(entered, command)
        except (StorageError, Refusal):
            self.outbox.unblock()
            self.link.close(CloseCode.OVERLOADED, "a store is away", RETRY_AFTER_MS)
            return
        if entered is None or self.closed:
            self.outbox.unblock()
            if self.closed and entered is not None:
                self._hall.directory.leave(self, entered.person)
            else:
                self.link.close(CloseCode.TOO_MANY_CONNECTIONS, "this user has too many sockets")
            return
        self._person = entered.person
        if self._hall.presences is not None:
            self._hall.presences.attendance.come(self.user_id)
            await self._hall.presences.attendance.said(self.user_id)
            if self.closed:
                return
        frame_id = command.id if command is not None else None
        place = entered.place
        ready = Ready(frame_id, self.session_id, own_of(identity.user), place.epoch, place.position, unread)
        self.outbox.begin([self._framed(ready), *map(self._hall.framed, frames)])

    async def _missed(self, entered: Entered | None, command: Authenticate | None) -> tuple[list[bytes], int]:
        """What a client that resumes is told between `ready` and what is live; and what is unread."""
        if entered is None:
            return [], 0
        try:
            unread = await self._hall.unread(self.user_id)
            if command is None or command.resume is None:
                return [], unread
            return await self._hall.resuming.resume(entered, command.resume), unread
        except BaseException:
            self._hall.directory.leave(self, entered.person)
            raise

    def _authenticate_again(
        self, command: Authenticate, person: Person, bore: Identity | None
    ) -> Coroutine[Any, Any, None] | None:
        """The upgrade bore the token, and the first frame asks for more: all begins anew, with a `ready`."""
        if bore is None:
            self.push_error(command.id, Refusal("request.invalid", "This socket is authenticated."))
            return None
        self.link.narrow(command.intents)
        self._leave(person)
        # What was told till now comes before; what rooms tell from now on waits behind the new `ready`.
        self.outbox.flush()
        return self._enter(command, bore)

    # --- what it asks for

    def _send(self, command: SendMessage, person: Person) -> None:
        reply = SendReply(self, command.id)
        wait_ms = person.allowance.spend()
        if wait_ms:
            reply.refused(Refusal("rate.limited", "Too many messages.", retry_after_ms=wait_ms))
            return
        try:
            draft = draft_of(
                self.user_id, command.client_id, command.content, command.mentions, command.reply_to
            )
            self._hall.conversations.send(command.conversation_id, Send(draft, reply))
        except Refusal as refusal:
            reply.refused(refusal)
        except (MailboxFull, Stopped):
            reply.refused(busy())

    def _change(self, command: Change, person: Person) -> None:
        reply = ChangeReply(self, command.id)
        wait_ms = person.allowance.spend()
        if wait_ms:
            reply.refused(Refusal("rate.limited", "Too many changes.", retry_after_ms=wait_ms))
            return
        try:
            letter = Revise(self.user_id, revision_of(command), reply)
            self._hall.conversations.send(command.conversation_id, letter)
        except Refusal as refusal:
            reply.refused(refusal)
        except (MailboxFull, Stopped):
            reply.refused(busy())

    def _begin_aside(self, command: Aside, person: Person) -> None:
        wait_ms = person.allowance.spend()
        if wait_ms or self._under_way >= ASIDES_AT_ONCE:
            refusal = Refusal("rate.limited", "Too much at once.", retry_after_ms=wait_ms or RETRY_AFTER_MS)
            self.push_error(command.id, refusal)
            return
        self._under_way += 1
        self._hall.conversations.keep(asyncio.ensure_future(self._do_aside(command)))

    async def _do_aside(self, command: Aside) -> None:
        try:
            self.push(Ok(command.id, await result_of(command, self, self._hall)))
        except Refusal as refusal:
            self.push_error(command.id, refusal)
        except StorageError:
            self.push_error(command.id, unavailable("A store did not answer in time."))
        finally:
            self._under_way -= 1

    # --- what it is told

    def push(self, frame: msgspec.Struct) -> None:
        if not self.closed:
            self.outbox.push(self._framed(frame))

    def push_stream(self, ready: bytes) -> None:
        """A frame of the user's stream: never shed."""
        if not self.closed:
            self.outbox.push(ready)

    def push_hint(self, ready: bytes) -> None:
        """What may be missed: a client that is behind is spared it."""
        if not self.closed:
            self.outbox.push_hint(ready)

    def lagged(self, conversation_id: str, from_seq: int, to_seq: int) -> None:
        self.push(Lagged(conversation_id, from_seq, to_seq))

    def push_error(self, frame_id: FrameId, refusal: Refusal) -> None:
        self.push(Error(frame_id, refusal.code, refusal.detail, refusal.retry, refusal.retry_after_ms))

    def _framed(self, frame: msgspec.Struct) -> bytes:
        return self._hall.framed(frame_encoder.encode(frame))
