"""The store of notifications for tests, and notifications to add."""

from actors.notifications.notification_preferences import DEFAULT_CHANNELS
from storage.contracts.notifications import NewNotification
from storage.postgres.notifications import PostgresNotifications
from tests.storage.service_database import ServiceInstance


def make_notification_store(instance: ServiceInstance) -> PostgresNotifications:
    """E-mails are due at once."""
    return PostgresNotifications(instance.pool, instance.cursors, DEFAULT_CHANNELS, mail_delay_s=0.0)


def like_notification(recipient: str, sender: str, post_id: str, occasion: str = "") -> NewNotification:
    """Likes of a post; a repeated like notifies again."""
    return NewNotification(
        recipient_id=recipient,
        source=f"LIKE:{post_id}:{sender}{occasion}",
        sender_id=sender,
        type="LIKE",
        title="New like",
        message=f"{sender[:8]} likes it",
        grouped_message=(f"{sender[:8]} and ", " more like it"),
        group_key=f"LIKE:{post_id}",
        reference_id=post_id,
    )
