"""Notifications and their preferences, as clients see them."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Final

import msgspec
from msgspec import Meta

from actors.protocol.objects import UserCard


class NotificationType(StrEnum):
    FOLLOW = "FOLLOW"
    FOLLOW_REQUEST = "FOLLOW_REQUEST"
    LIKE = "LIKE"
    COMMENT = "COMMENT"
    MENTION = "MENTION"
    REPOST = "REPOST"
    EVENT_INVITE = "EVENT_INVITE"
    EVENT_UPDATE = "EVENT_UPDATE"
    EVENT_REMINDER = "EVENT_REMINDER"
    MODERATION = "MODERATION"
    EXPORT_READY = "EXPORT_READY"


class NotificationChannel(StrEnum):
    """How the user is notified.

    `push`: the notification is stored and sent to the user's connected clients. `mail`: also by e-mail, if it
    is not read soon; several of them share one e-mail. `nothing`: it is not even stored.
    """

    PUSH = "push"
    MAIL = "mail"
    NOTHING = "nothing"


DEFAULT_NOTIFICATION_CHANNELS: Final[Mapping[NotificationType, NotificationChannel]] = {
    **dict.fromkeys(NotificationType, NotificationChannel.PUSH),
    NotificationType.EXPORT_READY: NotificationChannel.MAIL,
}


TYPES_ABOUT_POSTS: Final = {
    NotificationType.LIKE,
    NotificationType.COMMENT,
    NotificationType.MENTION,
    NotificationType.REPOST,
}
"""Types whose `reference_id` is a post, unless the notification has a conversation.

Those about a post that the user cannot see are not listed, and are withdrawn.
"""

TYPES_ABOUT_EVENTS: Final = {
    NotificationType.EVENT_INVITE,
    NotificationType.EVENT_UPDATE,
    NotificationType.EVENT_REMINDER,
}
"""Types whose `reference_id` is an event. They are withdrawn when the user can no longer see it."""

TimeOfDay = Annotated[
    str,
    # `$` alone would allow a line break after it.
    Meta(pattern=r"^([01]\d|2[0-3]):[0-5]\d$", max_length=5, description="Local time, `HH:MM`."),
]


TimezoneName = Annotated[str, Meta(min_length=1, max_length=64, description="Name of an IANA time zone.")]


class QuietHours(msgspec.Struct, frozen=True, rename={"start": "from", "end": "to"}):
    """Hours of every day in which notifications are `silent` and no e-mail is sent about them.

    `to` may be earlier than `from`: the hours then end on the next day. They are local times of `timezone`,
    and follow its changes to and from daylight saving time.
    """

    start: TimeOfDay
    end: TimeOfDay
    timezone: TimezoneName


class NotificationPreferences(msgspec.Struct, frozen=True):
    """The channel of every notification type, and the quiet hours; null for none."""

    channels: dict[NotificationType, NotificationChannel]
    quiet_hours: QuietHours | None


class Notification(msgspec.Struct, frozen=True):
    """A notification.

    `reference_id` is the id of a post, user, event, message, action of moderators or data export,
    depending on `type`; `conversation_id` is the conversation of a message.
    """

    id: str
    type: NotificationType
    title: str
    message: str
    sender: UserCard | None
    reference_id: str | None
    conversation_id: str | None
    is_read: bool
    count: int
    created_at: str
