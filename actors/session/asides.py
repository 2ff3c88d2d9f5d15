"""What a client asks for that is done beside its mail: an answer may come after that of a later command.

Read marks, typing and presence have no order to keep with messages, and may wait for stores. Never sends.
"""

from typing import Protocol, assert_never

import msgspec

from actors.presence.attendance import AWAY
from actors.presence.presences import Presences
from actors.presence.watching import Watcher
from actors.session.hall import Hall
from actors.wire.commands import ReadConversation, SetPresence, Typing, WatchPresence
from actors.wire.frames import Nothing, ReadResult, WatchResult
from actors.wire.refusal import unavailable

Aside = ReadConversation | Typing | SetPresence | WatchPresence


class Asker(Watcher, Protocol):
    """The session that asks."""

    @property
    def closed(self) -> bool: ...


async def result_of(command: Aside, asker: Asker, hall: Hall) -> msgspec.Struct:
    """Do it. Raises `Refusal` or `StorageError`."""
    match command:
        case ReadConversation(conversation_id=conversation_id, seq=seq):
            state = await hall.conversations.read(asker.user_id, conversation_id, seq)
            return ReadResult(state.read_seq, state.unread_count)
        case Typing(conversation_id=conversation_id, active=active):
            await hall.typing.say(asker.user_id, conversation_id, active=active)
            return Nothing()
        case SetPresence(status=status):
            _presences(hall).attendance.set(asker.user_id, asker, away=status == AWAY)
            return Nothing()
        case WatchPresence(user_ids=user_ids):
            presences = _presences(hall)
            try:
                return WatchResult(await presences.watch(asker, asker.user_id, user_ids))
            finally:
                if asker.closed:
                    # It went while this was under way, and nobody else would take it off the lists.
                    presences.watching.unwatch(asker)
        case _:
            assert_never(command)


def _presences(hall: Hall) -> Presences:
    if hall.presences is None:
        raise unavailable("There is no presence here.")
    return hall.presences
