"""Interface of the consumers of domain events."""

from collections.abc import Sequence
from typing import Protocol

from storage.contracts.domain_events import CursorUpdate, OutboxEvent


class Consumer(Protocol):
    """Applies the events of one service.

    Idempotent, and tolerant of order: an event may be repeated, and two events may arrive in either order. A
    consumer for which order matters reads the current state from the service that owns it.
    """

    @property
    def name(self) -> str:
        """Key of the consumer's cursor: unique among all consumers, and the same in every release."""

    async def handle(self, events: Sequence[OutboxEvent], cursor_update: CursorUpdate | None) -> None:
        """Apply all events, then (or in the same transaction) advance the cursor.

        Without `cursor_update` only the events are applied.

        Raises:
            Conflict: constraint `cursor`: another reader advanced the cursor.
            Unavailable: retry the batch later.
            Exception: anything else means that one of the events cannot be applied.
        """

    async def on_outbox_restored(self) -> None:
        """The producer's database was restored: event ids restart and retained events are delivered again."""
