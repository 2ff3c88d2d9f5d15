"""The Notification service's store. All methods raise `Unavailable`."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol

import msgspec

from storage.contracts.domain_events import CursorUpdate
from storage.contracts.notification_preferences import QuietHoursRecord
from storage.contracts.paging import PageKey
from storage.contracts.user_cache import UserCardRecord


class NewNotification(msgspec.Struct, frozen=True):
    """A notification to store.

    `source` identifies its cause; a recipient gets one notification per source. An unread notification with
    the same `group_key` is updated instead: its count grows and its text becomes the previous count
    between the two parts of `grouped_message`, or `message` if that is None.
    """

    recipient_id: str
    source: str
    sender_id: str | None
    type: str
    title: str
    message: str
    group_key: str
    grouped_message: tuple[str, str] | None = None
    reference_id: str | None = None
    conversation_id: str | None = None
    message_id: str | None = None


class NotificationRecord(msgspec.Struct, frozen=True):
    id: str
    recipient_id: str
    type: str
    title: str
    message: str
    sender: UserCardRecord | None
    reference_id: str | None
    conversation_id: str | None
    is_read: bool
    count: int
    created_at: datetime


class UndeliveredNotification(msgspec.Struct, frozen=True):
    """A notification not yet delivered to the user's devices, the user's unread count and quiet hours."""

    notification: NotificationRecord
    unread_count: int
    quiet_hours: QuietHoursRecord | None = None


class NotificationSource(msgspec.Struct, frozen=True):
    """The cause of a notification of one user; see `NewNotification`."""

    recipient_id: str
    source: str


DeletedIds = Mapping[str, Sequence[str]]
"""Ids of deleted notifications by recipient."""


class NotificationStore(Protocol):
    """Notifications of users.

    A source is remembered for `NOTIFICATION_SOURCE_RETENTION_S`. After that it may notify again, also where a
    method says that it does not.
    """

    async def add(self, notifications: Sequence[NewNotification], cursor_update: CursorUpdate | None) -> None:
        """Store notifications and advance the cursor, in one transaction.

        Idempotent: a (recipient, source) that was stored before is skipped, also after its deletion. A type
        of which the recipient wants nothing is skipped. If the recipient wants e-mails, one becomes due.

        Raises:
            Conflict: `cursor`: another reader has moved it; nothing was stored.
        """

    async def list_undelivered(self, after: PageKey | None, limit: int) -> list[UndeliveredNotification]:
        """Return notifications after a key whose current state was not yet delivered, oldest first."""

    async def mark_delivered(self, notifications: Sequence[NotificationRecord]) -> None:
        """Mark these as delivered in the state given; one that has changed since stays undelivered."""

    async def page(
        self,
        recipient_id: str,
        before: PageKey | None,
        excluded_user_ids: Sequence[str],
        limit: int,
        *,
        unread_only: bool,
    ) -> list[NotificationRecord]:
        """Return a user's notifications, newest first."""

    async def unread_counts(self, recipient_ids: Sequence[str]) -> Mapping[str, int]:
        """Return unread counts by user, at most `UNREAD_NOTIFICATIONS_COUNTED`. One round trip.

        Users without unread ones are absent.
        """

    async def mark_read(self, recipient_id: str, notification_id: str) -> bool | None:
        """Mark one as read. Returns whether it was unread; None if the user has no such notification."""

    async def mark_all_read(self, recipient_id: str) -> int:
        """Mark all as read and return how many were unread."""

    async def remove_between(self, user_id: str, other_user_id: str) -> DeletedIds:
        """Withdraw what two users caused for each other, also from groups. Idempotent.

        The sources do not notify again.
        """

    async def withdraw(self, sources: Sequence[NotificationSource], *, permanent: bool) -> DeletedIds:
        """Withdraw sources: delete their notifications, or take them out of groups. Idempotent.

        A changed group is undelivered again if it is unread. With `permanent` the sources do not notify
        again, even those that never did.
        """

    async def remove_about(
        self, recipient_ids: Sequence[str], reference_id: str, *, kept_group_key: str
    ) -> DeletedIds:
        """Delete notifications about an object, except those of one group. Their sources may notify again.

        With an empty `kept_group_key` all are deleted.
        """

    async def remove_group(self, recipient_id: str, reference_id: str, group_key: str) -> DeletedIds:
        """Delete the notifications of one group about an object. Their sources may notify again."""

    async def list_recipients(
        self,
        reference_ids: Sequence[str],
        types: Sequence[str],
        excluded_user_id: str,
        after: tuple[str, str],
        limit: int,
    ) -> list[tuple[str, str]]:
        """Return (reference id, recipient id) pairs of notifications of some types, in order, after `after`.

        Without those of conversations, and those that the excluded user has.
        """

    async def remove_of_conversation(self, recipient_ids: Sequence[str], conversation_id: str) -> DeletedIds:
        """Delete notifications about messages of a conversation. Their sources do not notify again."""

    async def remove_user(self, user_id: str) -> None:
        """Delete all rows of a deleted user. Idempotent.

        Once the user cache has the user as deleted, none is added: what would be stored for the user, or with
        the user as sender, is left out.
        """
