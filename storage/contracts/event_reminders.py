"""Reminders of events. All methods raise `Unavailable`."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol


class ReminderStore(Protocol):
    """When users who go to an event are reminded. Times are those of the database."""

    async def publish_due(self, limit: int) -> int:
        """Publish the reminders of up to `limit` users that are due, as domain events.

        Returns how many were read. Each is published by one caller, in the transaction that sets the time of
        the next one. If several reminders of a user are overdue, the last one is published. Events that were
        cancelled or have ended are not reminded of.
        """

    async def move(self, limit: int) -> int | None:
        """Set the new times of the reminders of up to `limit` users of an event whose start was changed.

        Returns how many were read; None if there is no such event, except those that other callers work on.
        Reminders whose new time was before the change are not sent.
        """

    async def overdue_s(self) -> float:
        """Return for how long the oldest reminder is due, or the oldest change waits for `move`, in seconds.

        0 without any.
        """

    async def find_reminded(self, event_id: str, start: datetime, user_ids: Sequence[str]) -> list[str]:
        """Return those of the users who go to the event, if it is not cancelled or hidden and starts then."""
