"""The Notification service's store. All raise `Unavailable`."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from storage.contracts.social import PageKey
from storage.records.notifications import Notice, NotificationRecord, Untold
from storage.records.sync import Step


class NotificationStore(Protocol):
    async def take(self, notices: Sequence[Notice], step: Step | None) -> None:
        """Notify, each source once for ever, and move the cursor, in one transaction.

        Raises:
            Conflict: `cursor`: somebody else has moved it; nobody was notified.
        """

    async def untold(self, limit: int) -> list[Untold]:
        """What the devices of its users have not been told as it is now, the oldest first."""

    async def told(self, notifications: Sequence[NotificationRecord]) -> None:
        """They know these, as they were."""

    async def page(
        self,
        recipient_id: str,
        before: PageKey | None,
        hidden: Sequence[str],
        limit: int,
        *,
        unread_only: bool,
    ) -> list[NotificationRecord]:
        """The latest first."""

    async def unread_counts(self, recipient_ids: Sequence[str]) -> Mapping[str, int]:
        """How many each has not read; absent where none. One round trip."""

    async def read(self, recipient_id: str, notification_id: str) -> bool | None:
        """Mark as read; whether that is new, None when the user has no such notification."""

    async def read_all(self, recipient_id: str) -> int:
        """Mark all as read; answers how many that were."""

    async def part(self, one: str, other: str) -> Mapping[str, Sequence[str]]:
        """Drop what each was told of the other; answers the ids by recipient. Repeatable."""

    async def forget(self, user_id: str) -> None:
        """Drop everything of a deleted user. Repeatable."""
