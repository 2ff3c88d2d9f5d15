"""Control events between instances: revoked sessions, changed blocks and restrictions, reset user streams.

Each event takes effect on this instance at once and on the others through the control topic.
"""

from collections.abc import Sequence
from datetime import datetime

from actors.accounts.authenticator import Authenticator
from actors.delivery.control_events import (
    CONTROL_TOPIC,
    BlockInvalidated,
    ControlEvent,
    RestrictionsChanged,
    SessionsRevoked,
    StreamsReset,
    VisibilityChanged,
    control_event_decoder,
    control_event_encoder,
)
from actors.presence.presence_service import PresenceService
from actors.service_hooks import ServiceHooks
from actors.sessions.online_users import OnlineUsers
from actors.sessions.transport import CloseCode
from storage.contracts.bus import Bus


class InstanceControl:
    def __init__(
        self,
        bus: Bus,
        instance: str,
        authenticator: Authenticator,
        online_users: OnlineUsers,
        presence: PresenceService | None,
        hooks: ServiceHooks,
    ) -> None:
        self._bus = bus
        self._instance = instance
        self._authenticator = authenticator
        self._online_users = online_users
        self._presence = presence
        self._hooks = hooks

    def publish_revocation(self, session_ids: Sequence[str]) -> None:
        """Close the sockets and event streams of login sessions that have ended, on every instance.

        The caller has deleted them from the store and the cached tokens from this instance. The other
        instances drop their cached tokens.
        """
        self._close_sessions(session_ids)
        self._publish(SessionsRevoked(self._instance, list(session_ids)))

    def publish_restrictions_change(
        self, user_id: str, session_ids: Sequence[str], silenced_until: datetime | None
    ) -> None:
        """Apply a changed role or silence of a user to all sessions of the user, on every instance."""
        self._on_restrictions_changed(user_id, session_ids, silenced_until)
        self._publish(RestrictionsChanged(self._instance, user_id, list(session_ids), silenced_until))

    def publish_block_change(self, user_id: str, other_id: str) -> None:
        """Drop the cached block between two users, and their presence watches, on every instance."""
        self.apply_block_change(user_id, other_id)
        self._publish(BlockInvalidated(self._instance, user_id, other_id))

    def publish_visibility_change(self, user_ids: Sequence[str]) -> None:
        """Check the presence watches of users who may see fewer others, on every instance."""
        self._on_visibility_changed(user_ids)
        self._publish(VisibilityChanged(self._instance, list(user_ids)))

    def on_messages_lost(self) -> None:
        """Check all presence watches on every instance: changes may have been lost here and elsewhere."""
        self.publish_visibility_change(())

    def publish_streams_reset(self) -> None:
        """Compare the stream positions of online users on every instance, after a new epoch."""
        self._online_users.check_positions()
        self._publish(StreamsReset(self._instance))

    def on_bus_message(self, message: bytes) -> None:
        """Handle an event of another instance."""
        event = control_event_decoder.decode(message)
        if event.origin == self._instance:
            return
        match event:
            case SessionsRevoked(session_ids=session_ids):
                for session_id in session_ids:
                    self._authenticator.invalidate(session_id)
                self._close_sessions(session_ids)
            case StreamsReset():
                self._online_users.check_positions()
            case BlockInvalidated(user_id=user_id, other_id=other_id):
                self.apply_block_change(user_id, other_id)
            case VisibilityChanged(user_ids=user_ids):
                self._on_visibility_changed(user_ids)
            case RestrictionsChanged(user_id=user_id, session_ids=session_ids, silenced_until=silenced_until):
                self._on_restrictions_changed(user_id, session_ids, silenced_until)

    def _publish(self, event: ControlEvent) -> None:
        self._bus.publish(CONTROL_TOPIC, control_event_encoder.encode(event))

    def _on_restrictions_changed(
        self, user_id: str, session_ids: Sequence[str], silenced_until: datetime | None
    ) -> None:
        for session_id in session_ids:
            self._authenticator.invalidate(session_id)
        for session in self._online_users.sessions_of(user_id):
            session.silenced_until = silenced_until

    def apply_block_change(self, user_id: str, other_id: str) -> None:
        """Drop the cached block between two users, and their presence watches, on this instance."""
        self._hooks.invalidate_block(user_id, other_id)
        if self._presence is not None:
            self._presence.watch_visibility.end_between(user_id, other_id)

    def _on_visibility_changed(self, user_ids: Sequence[str]) -> None:
        if self._presence is None:
            return
        if user_ids:
            self._presence.watch_visibility.recheck(user_ids)
        else:
            self._presence.watch_visibility.recheck_all()

    def _close_sessions(self, session_ids: Sequence[str]) -> None:
        for session in self._online_users.find_sessions(session_ids):
            session.transport.close(CloseCode.SESSION_REVOKED, "the session was revoked")
        for event_stream in self._online_users.find_event_streams(session_ids):
            event_stream.close("the session was revoked")
