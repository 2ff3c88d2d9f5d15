"""Who takes events in. A consumer that is not sure of the order asks the owner how things stand."""

from collections.abc import Sequence
from typing import Protocol

from storage.contracts.domain_events import CursorUpdate, OutboxEvent


class Consumer(Protocol):
    """Taking an event again changes nothing, and two events may come in either order."""

    @property
    def name(self) -> str:
        """Unique over all consumers, and the same in all versions: its cursor is kept under it."""

    async def handle(self, events: Sequence[OutboxEvent], cursor_update: CursorUpdate | None) -> None:
        """Have the effect of all, then or with it move the cursor; without a step only the effect.

        Raises:
            Conflict: `cursor`: somebody else has moved it.
            Unavailable: to be tried again.
            Exception: anything else is the fault of an event.
        """

    async def on_feed_reset(self) -> None:
        """The feed is another history now: its numbers begin anew, and all that is kept comes again."""
