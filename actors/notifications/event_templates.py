"""Texts of notifications about events, their grouping, and their idempotency keys (`source`).

A `source_id` identifies the cause, a domain event or an announcement; the `source` contains it.
"""

from actors.domain_events.event_types import EventAnnounced, EventReminder
from actors.notifications.notification_templates import NotificationTemplate
from actors.protocol.notification_objects import NotificationType
from actors.protocol.objects import UserCard
from storage.contracts.notifications import NewNotification

GROUP_KEY_CHARACTERS = 100
"""Length of the column."""
REMINDER_TOLERANCE_MINUTES = 2
"""A reminder that is late by at most this names the time that the user chose, not the time left."""
DURATION_UNITS = ((1440, "day"), (60, "hour"), (1, "minute"))
"""Minutes of each unit; a duration has the largest unit that divides it."""


def cancelled_group_key(event_id: str) -> str:
    """A separate group: all other notifications about the event are withdrawn."""
    return f"EVENT_CANCELLED:{event_id}"


def news_group_key(event_id: str, source_id: str) -> str:
    """A separate group for each cause: the notification is not grouped with others about the event."""
    return f"EVENT_NEWS:{event_id}:{source_id}"[:GROUP_KEY_CHARACTERS]


def event_updated(
    user_id: str, sender: UserCard, event_id: str, title: str, source_id: str
) -> NewNotification:
    return NotificationTemplate(
        type=NotificationType.EVENT_UPDATE,
        sender_id=sender.id,
        recipient_id=user_id,
        title="Event updated",
        text=f"updated {title}",
        source=f"EVENT_UPDATE:{event_id}:{source_id}",
        group_key=f"EVENT_UPDATE:{event_id}",
        reference_id=event_id,
    ).to_notification(sender)


def event_cancelled(
    user_id: str, sender: UserCard | None, event_id: str, title: str, reason: str | None
) -> NewNotification:
    """`sender` is None if the host was deleted."""
    return NewNotification(
        recipient_id=user_id,
        source=cancelled_group_key(event_id),
        sender_id=None if sender is None else sender.id,
        type=NotificationType.EVENT_UPDATE.value,
        title="Event cancelled",
        message=f"{title} was cancelled: {reason}" if reason else f"{title} was cancelled",
        group_key=cancelled_group_key(event_id),
        reference_id=event_id,
    )


def rsvp_request_source(event_id: str, requester_id: str) -> str:
    return f"RSVP_REQUEST:{event_id}:{requester_id}"


def rsvp_requested(user_id: str, sender: UserCard, event_id: str, title: str) -> NewNotification:
    """To a host; the requests of an event are grouped, and a user is counted once."""
    return NotificationTemplate(
        type=NotificationType.EVENT_UPDATE,
        sender_id=sender.id,
        recipient_id=user_id,
        title="New request",
        text=f"asked to go to {title}",
        source=rsvp_request_source(event_id, sender.id),
        group_key=f"RSVP_REQUEST:{event_id}",
        reference_id=event_id,
    ).to_notification(sender)


def event_announced(user_id: str, sender: UserCard, announced: EventAnnounced) -> NewNotification:
    return NotificationTemplate(
        type=NotificationType.EVENT_UPDATE,
        sender_id=sender.id,
        recipient_id=user_id,
        title="Announcement",
        text=f"about {announced.title}: {announced.content}",
        source=f"EVENT_UPDATE:{announced.event_id}:{announced.announcement_id}",
        group_key=news_group_key(announced.event_id, announced.announcement_id),
        reference_id=announced.event_id,
        is_grouped=False,
    ).to_notification(sender)


def event_reminder(user_id: str, reminder: EventReminder) -> NewNotification:
    """Without a sender. A later reminder replaces an unread one."""
    key = f"EVENT_REMINDER:{reminder.id}"
    return NewNotification(
        recipient_id=user_id,
        source=f"{key}:{reminder.minutes}:{reminder.start_at.timestamp():.6f}",
        sender_id=None,
        type=NotificationType.EVENT_REMINDER.value,
        title="Reminder",
        message=f"{reminder.title} {_time_to_start(reminder)}",
        group_key=key,
        reference_id=reminder.id,
    )


def waitlist_promoted(user_id: str, event_id: str, title: str, source_id: str) -> NewNotification:
    """Without a sender: a place became free."""
    message = f"You're off the waitlist for {title}"
    return NewNotification(
        recipient_id=user_id,
        source=f"EVENT_UPDATE:{event_id}:{source_id}",
        sender_id=None,
        type=NotificationType.EVENT_UPDATE.value,
        title="You're in",
        message=message,
        group_key=f"EVENT_UPDATE:{event_id}",
        reference_id=event_id,
    )


def _time_to_start(reminder: EventReminder) -> str:
    """Return "starts in 1 hour", or the time that is left if the reminder is late."""
    if reminder.starts_in_s <= 0:
        return "has started"
    minutes = max(1, round(reminder.starts_in_s / 60))
    if abs(minutes - reminder.minutes) <= REMINDER_TOLERANCE_MINUTES:
        minutes = reminder.minutes
    size, unit = next((size, unit) for size, unit in DURATION_UNITS if minutes % size == 0)
    count = minutes // size
    return f"starts in {count} {unit}" if count == 1 else f"starts in {count} {unit}s"
