"""Conversion of notification records."""

from datetime import UTC, datetime

import msgspec

from actors.notifications.serializers import to_notification
from storage.contracts.notifications import NotificationRecord


def test_type_of_a_later_version_is_passed_on() -> None:
    """An instance that does not know it still lists and pushes the notification."""
    record = NotificationRecord(
        id="1",
        recipient_id="2",
        sender=None,
        type="TYPE_OF_A_LATER_VERSION",
        title="t",
        message="m",
        reference_id=None,
        conversation_id=None,
        is_read=False,
        count=1,
        created_at=datetime.now(UTC),
    )
    encoded = msgspec.json.decode(msgspec.json.encode(to_notification(record, {})))
    assert encoded["type"] == "TYPE_OF_A_LATER_VERSION"
