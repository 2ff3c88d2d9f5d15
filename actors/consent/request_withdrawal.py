"""Withdraws the requests that a block between two users hides, also invites of others to their events."""

from collections.abc import Awaitable, Callable, Sequence

from actors.domain_events.event_types import BlockCreated, decode_event
from storage.contracts.domain_events import Cursors, CursorUpdate, OutboxEvent


class RequestWithdrawalConsumer:
    """A `Consumer` of the Social service's events."""

    name = "requests.social"

    def __init__(self, withdraw_between: Callable[[str, str], Awaitable[None]], cursors: Cursors) -> None:
        self._withdraw_between = withdraw_between
        self._cursors = cursors

    async def handle(self, events: Sequence[OutboxEvent], cursor_update: CursorUpdate | None) -> None:
        for event in events:
            match decode_event(event):
                case BlockCreated(blocker_id=blocker_id, blocked_id=blocked_id):
                    await self._withdraw_between(blocker_id, blocked_id)
                case _:
                    pass
        if cursor_update is not None:
            await self._cursors.advance(cursor_update)

    async def on_outbox_restored(self) -> None:
        """Nothing to reset: withdrawing again has no effect."""
