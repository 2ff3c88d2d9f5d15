"""What a client asks for that is done beside its mail: an answer may come after that of a later command.

Read marks, typing and presence have no order to keep with messages, and may wait for stores. Never sends.
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


class CommandSession(PresenceWatcher, Protocol):
    """The session that asks."""

    @property
    def closed(self) -> bool: ...


async def run_unordered(
    command: UnorderedCommand, session: CommandSession, services: SessionServices
) -> msgspec.Struct:
    """Do it. Raises `Refusal` or `StorageError`."""
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
            presences = _require_presence(services)
            try:
                return WatchResult(await presences.watch(session, session.user_id, user_ids))
            finally:
                if session.closed:
                    # It went while this was under way, and nobody else would take it off the lists.
                    presences.subscriptions.unwatch(session)
        case _:
            assert_never(command)


def _require_presence(services: SessionServices) -> PresenceService:
    if services.presence is None:
        raise unavailable("There is no presence here.")
    return services.presence
