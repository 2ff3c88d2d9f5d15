"""Reminders of events. All methods raise `Unavailable`."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol


class ReminderStore(Protocol):
    """When users who go to an event are reminded. Times are those of the database."""

    async def publish_due(self, limit: int) -> int:
        """Publish up to `limit` due reminders as domain events, and return how many.

        Each is published by one caller, in the transaction that advances it. If several reminders of a user
        are overdue, the last one is published. Events that were cancelled or have ended are not reminded of.
        """

    async def move(self, limit: int) -> int | None:
        """Set new times of up to `limit` reminders of an event whose start was changed.

        Returns how many; None if there is no such event that another caller does not work on. Reminders whose
        new time was before the change are not sent.
        """

    async def overdue_s(self) -> float:
        """Return for how long the oldest unpublished reminder has been due, in seconds; 0 without one."""

    async def find_reminded(self, event_id: str, start: datetime, user_ids: Sequence[str]) -> list[str]:
        """Return those of the users who still go to the event, if it is not cancelled and starts then."""
