"""What messaging does when the User service tells of somebody: forget the card, and let the deleted go.

Messages of the deleted stay, without a name. It never touches an account.
"""

from collections.abc import Awaitable, Callable, Sequence

from actors.sync.happenings import UserDeleted, happening
from storage.contracts.domain_events import Cursors
from storage.records.domain_events import CursorUpdate, OutboxEvent


class Departures:
    """A `Consumer` of the User service's feed: a deleted user leaves all conversations."""

    name = "messaging.users"

    def __init__(
        self, depart: Callable[[str], Awaitable[None]], forget: Callable[[str], None], cursors: Cursors
    ) -> None:
        self._depart = depart
        self._forget = forget
        self._cursors = cursors

    async def take(self, events: Sequence[OutboxEvent], step: CursorUpdate | None) -> None:
        for event in events:
            match happening(event):
                case UserDeleted(id=user_id):
                    self._forget(user_id)
                    await self._depart(user_id)
                case _:
                    self._forget(event.key)
        if step is not None:
            await self._cursors.advance(step)

    async def anew(self) -> None:
        """Whoever is gone has left already."""
