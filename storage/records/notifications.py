"""Records of the Notification service."""

from datetime import datetime

import msgspec

from storage.records.user_cache import UserCardRecord


class NewNotification(msgspec.Struct, frozen=True):
    """A notification to store.

    `source` identifies its cause; a recipient gets one notification per source. An unread notification with
    the same `group_key` is updated instead: its count grows and its text becomes the count between the two
    parts of `grouped_message`, or `message` if that is None.
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
    """A notification not yet delivered to the user's devices, and the user's unread count."""

    notification: NotificationRecord
    unread_count: int
