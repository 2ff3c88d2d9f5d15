"""Opens and closes sessions: authentication, registration with the instance, `ready` and missed frames.

authenticate -> OnlineUsers (live frames wait from here on) -> read missed frames -> presence
             -> send `ready`, the missed frames, then the live ones
"""

import time
from collections.abc import Coroutine
from typing import Any, Protocol

from actors.accounts.serializers import to_own_user
from actors.delivery.send_queue import SendQueue
from actors.protocol.commands import Authenticate, Command, frame_type
from actors.protocol.errors import RETRY_AFTER_MS, ApiError
from actors.protocol.server_frames import Ready, server_frame_encoder
from actors.sessions.command_registration import (
    ERRORS_BEFORE_EXECUTION,
    CommandRateClass,
    CommandRegistration,
    CommandSession,
    Ordering,
)
from actors.sessions.online_user import OnlineUser
from actors.sessions.session_dependencies import SessionDependencies
from actors.sessions.stream_recovery import StreamSubscription
from actors.sessions.transport import CloseCode
from actors.sessions.user_session import UserSession
from storage.contracts.users import Identity
from storage.errors import StorageError


class OpeningSession(UserSession, CommandSession, Protocol):
    """A session as it is opened. `user` is None until the session is registered, just before `ready`."""

    user: OnlineUser | None
    user_id: str
    upgrade_identity: Identity | None
    """The identity from the upgrade request, kept until the first frame, which may authenticate again."""

    opened_at_s: float
    """Unix time at which the session began to join its rooms; 0 before."""

    @property
    def send_queue(self) -> SendQueue: ...

    def record(
        self, kind: str, subject: str = "", detail: str = "", number_1: int = 0, number_2: int = 0
    ) -> None:
        """Add an event to the session's black box, see `EVENT_NUMBERS`."""


def on_unauthenticated_command(
    command: Command, session: OpeningSession, dependencies: SessionDependencies
) -> Coroutine[Any, Any, None] | None:
    """Authenticate with a command of a session that is not authenticated, or refuse it."""
    if isinstance(command, Authenticate) and command.token is not None:
        return _authenticate(command, command.token, session, dependencies)
    session.push_error(
        command.id, ApiError("auth.required", "The first frame must be `authenticate` with a `token`.")
    )
    return None


async def open_session(
    identity: Identity,
    command: Authenticate | None,
    session: OpeningSession,
    dependencies: SessionDependencies,
) -> None:
    """Register an authenticated session, and send `ready` and what it missed. Closes the session on failure.

    `command` is None if the upgrade request carried the token.
    """
    if session.session_id != identity.session_id:
        # `reopen` passes the identity of the first opening: newer values of these fields are kept.
        session.expires_at = identity.expires_at.timestamp()
        session.silenced_until = identity.user.silenced_until
    session.user_id = identity.user.id
    session.session_id = identity.session_id
    session.transport.on_authenticated()
    # No frame may precede `ready`: what rooms deliver from here on waits in the send queue.
    session.send_queue.pause()
    session.opened_at_s = time.time()
    try:
        subscription = await dependencies.online_users.add_session(session, identity.user.id)
        frames, unread = await _load_missed(subscription, command, session, dependencies)
    except (StorageError, ApiError):
        session.send_queue.resume()
        session.transport.close(CloseCode.OVERLOADED, "a store is unavailable", RETRY_AFTER_MS)
        return
    if command is not None and command.intents is not None:
        session.record("filter", "", ",".join(group.value for group in command.intents))
    if subscription is None or session.closed:
        session.send_queue.resume()
        if session.closed and subscription is not None:
            dependencies.online_users.remove_session(session, subscription.user)
        else:
            session.transport.close(CloseCode.TOO_MANY_CONNECTIONS, "too many connections of this user")
        return
    session.user = subscription.user
    if dependencies.presence is not None:
        dependencies.presence.local.connect(session.user_id)
        await dependencies.presence.local.wait_published(session.user_id)
        if session.closed:
            return
    frame_id = command.id if command is not None else None
    position = subscription.position
    ready = Ready(
        frame_id, session.session_id, to_own_user(identity.user), position.epoch, position.position, unread
    )
    session.send_queue.prepend_and_resume(
        [dependencies.encode_frame(frame) for frame in (server_frame_encoder.encode(ready), *frames)]
    )


def close_session(user: OnlineUser, session: OpeningSession, dependencies: SessionDependencies) -> None:
    """Remove a session from the instance."""
    session.user = None
    dependencies.online_users.remove_session(session, user)
    if not user.sessions:
        dependencies.typing_indicators.stop_all(session.user_id)
    if dependencies.presence is not None:
        dependencies.presence.local.disconnect(session.user_id, session)
        dependencies.presence.subscriptions.unwatch(session)
    dependencies.post_subscriptions.unwatch(session)


def reopen(
    command: Authenticate, session: OpeningSession, dependencies: SessionDependencies
) -> Coroutine[Any, Any, None]:
    """Open the session again for an `authenticate` after a bearer upgrade: to filter events, or to resume.

    Raises:
        ApiError: request.invalid, unless it is the first frame after such an upgrade.
    """
    identity, user = session.upgrade_identity, session.user
    if identity is None or user is None:
        raise ApiError("request.invalid", "Already authenticated.")
    session.transport.set_event_filter(command.intents)
    close_session(user, session, dependencies)
    # Frames queued so far are sent first; what rooms deliver from here on waits for the new `ready`.
    session.send_queue.flush()
    return open_session(identity, command, session, dependencies)


AUTHENTICATE = CommandRegistration(
    frame_type(Authenticate),
    Authenticate,
    Ready,
    Ordering.ORDERED,
    CommandRateClass.UNLIMITED,
    (*ERRORS_BEFORE_EXECUTION, "auth.expired", "server.unavailable"),
    reopen,
    while_silenced=True,
)


async def _authenticate(
    command: Authenticate, token: str, session: OpeningSession, dependencies: SessionDependencies
) -> None:
    try:
        identity = await dependencies.authenticator.authenticate_connect(token)
    except ApiError as error:
        session.push_error(command.id, error)
        if error.status == 401:
            expired = error.code == "auth.expired"
            code = CloseCode.TOKEN_EXPIRED if expired else CloseCode.NOT_AUTHENTICATED
            session.transport.close(code, error.code)
        return
    session.transport.set_event_filter(command.intents)
    await open_session(identity, command, session, dependencies)


async def _load_missed(
    subscription: StreamSubscription | None,
    command: Authenticate | None,
    session: OpeningSession,
    dependencies: SessionDependencies,
) -> tuple[list[bytes], int]:
    """Return the frames to send between `ready` and live events, and the unread notification count.

    Raises `StorageError` or `ApiError`; the session is then removed.
    """
    if subscription is None:
        return [], 0
    try:
        unread = await dependencies.count_unread(session.user_id)
        if command is None or command.resume is None:
            return [], unread
        resumed = await dependencies.stream_recovery.resume(subscription, command.resume, session.record)
    except BaseException:
        dependencies.online_users.remove_session(session, subscription.user)
        raise
    return resumed, unread
