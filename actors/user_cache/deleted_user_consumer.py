"""Applies user events to messaging: invalidates user cards and removes deleted users from conversations.

Messages of deleted users are kept, without their name.
"""

from collections.abc import Awaitable, Callable, Sequence

from actors.domain_events.event_types import UserDeleted, decode_event
from storage.contracts.domain_events import Cursors, CursorUpdate, OutboxEvent


class DeletedUserConsumer:
    """A `Consumer` of the User service's events."""

    name = "messaging.users"

    def __init__(
        self,
        remove_from_conversations: Callable[[str], Awaitable[None]],
        invalidate_card: Callable[[str], None],
        cursors: Cursors,
    ) -> None:
        self._remove_from_conversations = remove_from_conversations
        self._invalidate_card = invalidate_card
        self._cursors = cursors

    async def handle(self, events: Sequence[OutboxEvent], cursor_update: CursorUpdate | None) -> None:
        for event in events:
            match decode_event(event):
                case UserDeleted(id=user_id):
                    self._invalidate_card(user_id)
                    await self._remove_from_conversations(user_id)
                case _:
                    self._invalidate_card(event.key)
        if cursor_update is not None:
            await self._cursors.advance(cursor_update)

    async def on_outbox_restored(self) -> None:
        """Nothing to reset: removing a user again has no effect."""
