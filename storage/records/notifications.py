"""Notifications as their service keeps them, and what they are made from."""

from datetime import datetime

import msgspec

from storage.records.user_cache import UserCardRecord


class NewNotification(msgspec.Struct, frozen=True):
    """Something that a user is to know.

    `source` tells once for ever. `group_key` says what it is about: an unread notification with the same
    one counts up, and says then what stands in `many` before and after how many there were; without it, its
    `message` again.
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
    """A notification that its user's devices do not know, and how many are unread."""

    notification: NotificationRecord
    unread_count: int
