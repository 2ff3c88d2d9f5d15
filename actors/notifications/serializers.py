"""Converts notification records to API objects."""

from collections.abc import Mapping

from actors.protocol.notification_objects import Notification, NotificationType
from actors.protocol.objects import UserCard
from actors.protocol.stored_enums import to_member
from actors.protocol.timestamps import rfc3339_from_datetime
from storage.contracts.notifications import NotificationRecord


def to_notification(record: NotificationRecord, cards: Mapping[str, UserCard]) -> Notification:
    return Notification(
        id=record.id,
        type=to_member(NotificationType, record.type),
        title=record.title,
        message=record.message,
        sender=cards[record.sender.id] if record.sender is not None else None,
        reference_id=record.reference_id,
        conversation_id=record.conversation_id,
        is_read=record.is_read,
        count=record.count,
        created_at=rfc3339_from_datetime(record.created_at),
    )
