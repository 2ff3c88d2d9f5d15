"""The Notification service's store. All raise `Unavailable`."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from storage.contracts.social import PageKey
from storage.records.domain_events import CursorUpdate
from storage.records.notifications import NewNotification, NotificationRecord, UndeliveredNotification


class NotificationStore(Protocol):
    async def add(self, notifications: Sequence[NewNotification], cursor_update: CursorUpdate | None) -> None:
        """Notify, each source once for ever, and move the cursor, in one transaction.

        Raises:
            Conflict: `cursor`: somebody else has moved it; nobody was notified.
        """

    async def list_undelivered(self, limit: int) -> list[UndeliveredNotification]:
        """What the devices of its users have not been told as it is now, the oldest first."""

    async def mark_delivered(self, notifications: Sequence[NotificationRecord]) -> None:
        """They know these, as they were."""

    async def page(
        self,
        recipient_id: str,
        before: PageKey | None,
        excluded_user_ids: Sequence[str],
        limit: int,
        *,
        unread_only: bool,
    ) -> list[NotificationRecord]:
        """The latest first."""

    async def unread_counts(self, recipient_ids: Sequence[str]) -> Mapping[str, int]:
        """How many each has not read; absent where none. One round trip."""

    async def mark_read(self, recipient_id: str, notification_id: str) -> bool | None:
        """Mark as read; whether that is new, None when the user has no such notification."""

    async def mark_all_read(self, recipient_id: str) -> int:
        """Mark all as read; answers how many that were."""

    async def remove_between(self, user_id: str, other_user_id: str) -> Mapping[str, Sequence[str]]:
        """Drop what each was told of the other; answers the ids by recipient. Repeatable."""

    async def remove_user(self, user_id: str) -> None:
        """Drop everything of a deleted user. Repeatable."""
