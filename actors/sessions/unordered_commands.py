"""Commands that run concurrently; their replies may arrive out of order.

Read marks, typing and presence need no order relative to messages, and may wait for stores.
"""

from typing import Protocol, assert_never

import msgspec

from actors.presence.local_presence import AWAY
from actors.presence.presence_service import PresenceService
from actors.presence.presence_subscriptions import PresenceWatcher
from actors.protocol.commands import ReadConversation, SetPresence, Typing, WatchPresence
from actors.protocol.errors import unavailable
from actors.protocol.server_frames import Empty, ReadResult, WatchResult
from actors.sessions.session_services import SessionServices

UnorderedCommand = ReadConversation | Typing | SetPresence | WatchPresence


WATCH_PRESENCE_COST = 10
"""Tokens of the user's rate limit: who may see whom is looked up for up to 200 users."""


def command_cost(command: UnorderedCommand) -> int:
    """Return how many tokens of the user's rate limit the command takes."""
    return WATCH_PRESENCE_COST if isinstance(command, WatchPresence) else 1


class CommandSession(PresenceWatcher, Protocol):
    """The session that sent the command."""

    @property
    def closed(self) -> bool: ...


async def run_unordered(
    command: UnorderedCommand, session: CommandSession, services: SessionServices
) -> msgspec.Struct:
    """Run the command and return its result. Raises `ApiError` or `StorageError`."""
    match command:
        case ReadConversation(conversation_id=conversation_id, seq=seq):
            state = await services.conversations.mark_read(session.user_id, conversation_id, seq)
            return ReadResult(state.read_seq, state.unread_count)
        case Typing(conversation_id=conversation_id, active=active):
            await services.typing_indicators.set_typing(session.user_id, conversation_id, active=active)
            return Empty()
        case SetPresence(status=status):
            _require_presence(services).local.set_away(session.user_id, session, away=status == AWAY)
            return Empty()
        case WatchPresence(user_ids=user_ids):
            presence = _require_presence(services)
            try:
                return WatchResult(await presence.watch(session, session.user_id, user_ids))
            finally:
                if session.closed:
                    # It closed during the wait, so `on_disconnect` ran before the watch was added.
                    presence.subscriptions.unwatch(session)
        case _:
            assert_never(command)


def _require_presence(services: SessionServices) -> PresenceService:
    if services.presence is None:
        raise unavailable("Presence is not available on this server.")
    return services.presence
