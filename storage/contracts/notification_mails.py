"""E-mails about notifications: which are due, and their recipients. All methods raise `Unavailable`."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol

import msgspec

from storage.contracts.notification_preferences import QuietHoursRecord


class DueRecipient(msgspec.Struct, frozen=True):
    """A user for whom an e-mail is due."""

    user_id: str
    quiet_hours: QuietHoursRecord | None


class MailedNotifications(msgspec.Struct, frozen=True):
    """The notifications of one type and title in an e-mail, and how many they are."""

    type: str
    title: str
    count: int


class NotificationMailStore(Protocol):
    async def list_due(self, limit: int) -> list[DueRecipient]:
        """Return the users of up to `limit` unread notifications that are due, the longest due first."""

    async def defer(self, times: Mapping[str, datetime]) -> None:
        """Put off all that is due, or will be, for these users until the times given."""

    async def claim_due(self, user_id: str) -> list[MailedNotifications]:
        """End all that is due, or will be, for a user, and return it, by type and title.

        Each notification is returned to one of concurrent callers.

        After `Unavailable` it may be ended: its e-mail is then lost.
        """


class MailRecipient(msgspec.Struct, frozen=True):
    """A user with a verified address."""

    user_id: str
    username: str
    email: str


class MailRecipientStore(Protocol):
    async def find_verified(self, user_ids: Sequence[str]) -> dict[str, MailRecipient]:
        """Return by id those of the users who have a verified address and are not banned. One round trip."""
