"""Texts of notifications, their grouping, and their idempotency keys (`source`)."""

from actors.domain_events.event_types import EventAnnounced, EventReminder
from actors.protocol.objects import UserCard
from actors.protocol.social_objects import NotificationType
from config.limits import TITLE_CHARACTERS
from storage.contracts.notifications import NewNotification

GROUP_KEY_CHARACTERS = 100
"""Length of the column."""
REMINDER_TOLERANCE_MINUTES = 2
"""A reminder that is late by at most this names the time that the user chose, not the time left."""
DURATION_UNITS = ((1440, "day"), (60, "hour"), (1, "minute"))
"""Minutes of each unit; a duration has the largest unit that divides it."""


def follow_source(follower_id: str) -> str:
    return f"FOLLOW:{follower_id}:"


def follow_request_source(requester_id: str) -> str:
    return f"FOLLOW_REQUEST:{requester_id}"


def like_source(post_id: str, user_id: str) -> str:
    return f"LIKE:{post_id}:{user_id}"


def comment_source(post_id: str, comment_id: str) -> str:
    return f"COMMENT:{post_id}:{comment_id}"


def comment_like_source(comment_id: str, user_id: str) -> str:
    return f"COMMENT_LIKE:{comment_id}:{user_id}"


def comment_like_group_key(comment_id: str) -> str:
    return f"COMMENT_LIKE:{comment_id}"


def repost_source(repost_id: str) -> str:
    return f"REPOST:{repost_id}"


def mention_source(message_id: str) -> str:
    return f"MENTION:{message_id}"


def text_mention_source(post_id: str, comment_id: str | None) -> str:
    return f"POST_MENTION:{post_id}:{comment_id or ''}"


def cancelled_group_key(event_id: str) -> str:
    """A separate group: all other notifications about the event are withdrawn."""
    return f"EVENT_CANCELLED:{event_id}"


def followed(user_id: str, sender: UserCard) -> NewNotification:
    return _new_notification(
        NotificationType.FOLLOW,
        user_id,
        sender,
        sender.id,
        "New follower",
        "started following you",
        "FOLLOW",
        follow_source(sender.id),
    )


def follow_requested(user_id: str, sender: UserCard) -> NewNotification:
    return _new_notification(
        NotificationType.FOLLOW_REQUEST,
        user_id,
        sender,
        sender.id,
        "New follow request",
        "asked to follow you",
        "FOLLOW_REQUEST",
        follow_request_source(sender.id),
    )


def liked(user_id: str, sender: UserCard, post_id: str) -> NewNotification:
    action = "liked your post"
    return _new_notification(
        NotificationType.LIKE,
        user_id,
        sender,
        post_id,
        "New like",
        action,
        f"LIKE:{post_id}",
        like_source(post_id, sender.id),
    )


def commented(user_id: str, sender: UserCard, post_id: str, comment_id: str) -> NewNotification:
    action = "commented on your post"
    return _new_notification(
        NotificationType.COMMENT,
        user_id,
        sender,
        post_id,
        "New comment",
        action,
        f"COMMENT:{post_id}",
        comment_source(post_id, comment_id),
    )


def replied(user_id: str, sender: UserCard, post_id: str, parent_id: str, reply_id: str) -> NewNotification:
    return _new_notification(
        NotificationType.COMMENT,
        user_id,
        sender,
        post_id,
        "New reply",
        "replied to your comment",
        f"REPLY:{parent_id}",
        comment_source(post_id, reply_id),
    )


def comment_liked(user_id: str, sender: UserCard, post_id: str, comment_id: str) -> NewNotification:
    return _new_notification(
        NotificationType.LIKE,
        user_id,
        sender,
        post_id,
        "New like",
        "liked your comment",
        comment_like_group_key(comment_id),
        comment_like_source(comment_id, sender.id),
    )


def reposted(
    user_id: str, sender: UserCard, post_id: str, repost_id: str, *, is_quote: bool
) -> NewNotification:
    return _new_notification(
        NotificationType.REPOST,
        user_id,
        sender,
        post_id,
        "New quote" if is_quote else "New repost",
        "quoted your post" if is_quote else "reposted your post",
        f"QUOTE:{post_id}" if is_quote else f"REPOST:{post_id}",
        repost_source(repost_id),
    )


def invited(user_id: str, sender: UserCard, event_id: str, title: str) -> NewNotification:
    action = f"invited you to {title}"
    return _new_notification(
        NotificationType.EVENT_INVITE,
        user_id,
        sender,
        event_id,
        "New invitation",
        action,
        f"EVENT_INVITE:{event_id}",
        f"EVENT_INVITE:{event_id}:{sender.id}",
    )


def event_updated(user_id: str, sender: UserCard, event_id: str, title: str, source: str) -> NewNotification:
    action = f"updated {title}"
    return _new_notification(
        NotificationType.EVENT_UPDATE,
        user_id,
        sender,
        event_id,
        "Event updated",
        action,
        f"EVENT_UPDATE:{event_id}",
        f"EVENT_UPDATE:{event_id}:{source}",
    )


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


def host_added(user_id: str, sender: UserCard, event_id: str, title: str, source: str) -> NewNotification:
    return _ungrouped_event_notification(
        user_id, sender, event_id, "New co-host", f"made you a co-host of {title}", source
    )


def rsvp_requested(user_id: str, sender: UserCard, event_id: str, title: str, source: str) -> NewNotification:
    """To a host; the requests of an event are grouped."""
    return _new_notification(
        NotificationType.EVENT_UPDATE,
        user_id,
        sender,
        event_id,
        "New request",
        f"asked to go to {title}",
        f"RSVP_REQUEST:{event_id}",
        source,
    )


def rsvp_accepted(user_id: str, sender: UserCard, event_id: str, title: str, source: str) -> NewNotification:
    action = f"accepted your request to go to {title}"
    return _ungrouped_event_notification(user_id, sender, event_id, "Request accepted", action, source)


def rsvp_declined(user_id: str, sender: UserCard, event_id: str, title: str, source: str) -> NewNotification:
    action = f"declined your request to go to {title}"
    return _ungrouped_event_notification(user_id, sender, event_id, "Request declined", action, source)


def event_announced(user_id: str, sender: UserCard, announced: EventAnnounced) -> NewNotification:
    action = f"about {announced.title}: {announced.content}"
    return _ungrouped_event_notification(
        user_id, sender, announced.event_id, "Announcement", action, announced.announcement_id
    )


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


def waitlist_promoted(user_id: str, event_id: str, title: str, source: str) -> NewNotification:
    """Without a sender: a place became free."""
    message = f"You're off the waitlist for {title}"
    return NewNotification(
        recipient_id=user_id,
        source=f"EVENT_UPDATE:{event_id}:{source}",
        sender_id=None,
        type=NotificationType.EVENT_UPDATE.value,
        title="You're in"[:TITLE_CHARACTERS],
        message=message,
        group_key=f"EVENT_UPDATE:{event_id}",
        reference_id=event_id,
    )


def mentioned(user_id: str, sender: UserCard, conversation_id: str, message_id: str) -> NewNotification:
    return NewNotification(
        recipient_id=user_id,
        source=mention_source(message_id),
        sender_id=sender.id,
        type=NotificationType.MENTION.value,
        title="You were mentioned",
        message=f"{display_name(sender)} mentioned you",
        grouped_message=(f"{display_name(sender)} mentioned you (+", " more)"),
        group_key=f"MENTION:{conversation_id}",
        conversation_id=conversation_id,
        message_id=message_id,
    )


def mentioned_in_text(
    user_id: str, sender: UserCard, post_id: str, comment_id: str | None
) -> NewNotification:
    """Of a post, or of a comment on it."""
    return _new_notification(
        NotificationType.MENTION,
        user_id,
        sender,
        post_id,
        "You were mentioned",
        "mentioned you in a post" if comment_id is None else "mentioned you in a comment",
        f"POST_MENTION:{post_id}",
        text_mention_source(post_id, comment_id),
    )


def export_ready(user_id: str, export_id: str) -> NewNotification:
    """Without a sender, and without the link: it is given to the logged-in user."""
    return NewNotification(
        recipient_id=user_id,
        source=f"EXPORT_READY:{export_id}",
        sender_id=None,
        type=NotificationType.EXPORT_READY.value,
        title="Your data export is ready",
        message="Your data export is ready to download",
        group_key="EXPORT_READY",
        reference_id=export_id,
    )


def display_name(card: UserCard) -> str:
    return card.display_name or f"@{card.username}"


MODERATION_TEXTS = {
    "hide": "Moderators have hidden your {kind}",
    "restore": "Moderators have restored your {kind}",
    "warn": "Moderators warn you",
    "silence": "Moderators have silenced you: you can read but not write",
    "unsilence": "You can write again",
    "suspend": "Moderators suspended your account",
    "unsuspend": "The suspension of your account was lifted",
    "ban": "Moderators banned your account",
    "unban": "The ban of your account was lifted",
    "verify": "Your account was verified",
    "unverify": "Your account is no longer verified",
    "make_admin": "You are now an admin",
    "make_moderator": "You are now a moderator",
    "remove_role": "You no longer have a role",
}
"""By type of action."""


def moderated(user_id: str, action_id: str, type_: str, kind: str, reason: str) -> NewNotification | None:
    """Return None for a type that only later versions know."""
    text = MODERATION_TEXTS.get(type_)
    if text is None:
        return None
    return _moderation_notification(
        user_id, action_id, f"MODERATION:{action_id}", f"{text.format(kind=kind)}: {reason}"
    )


def appeal_answered(user_id: str, action_id: str, *, accepted: bool) -> NewNotification:
    text = "Moderators have accepted your appeal" if accepted else "Moderators have declined your appeal"
    return _moderation_notification(user_id, action_id, f"APPEAL:{action_id}", text)


def _moderation_notification(user_id: str, action_id: str, source: str, text: str) -> NewNotification:
    """Of moderators as a whole: the sender is not named."""
    return NewNotification(
        recipient_id=user_id,
        source=source,
        sender_id=None,
        type=NotificationType.MODERATION.value,
        title="Moderation",
        message=text,
        group_key=source,
        reference_id=action_id,
    )


def _ungrouped_event_notification(
    user_id: str, sender: UserCard, event_id: str, title: str, action: str, source: str
) -> NewNotification:
    """A notification that is not grouped with others about the event."""
    return NewNotification(
        recipient_id=user_id,
        source=f"EVENT_UPDATE:{event_id}:{source}",
        sender_id=sender.id,
        type=NotificationType.EVENT_UPDATE.value,
        title=title,
        message=f"{display_name(sender)} {action}",
        group_key=f"EVENT_NEWS:{event_id}:{source}"[:GROUP_KEY_CHARACTERS],
        reference_id=event_id,
    )


def _new_notification(
    kind: NotificationType,
    user_id: str,
    sender: UserCard,
    reference_id: str,
    title: str,
    action: str,
    group_key: str,
    source: str,
) -> NewNotification:
    return NewNotification(
        recipient_id=user_id,
        source=source,
        sender_id=sender.id,
        type=kind.value,
        title=title,
        message=f"{display_name(sender)} {action}",
        grouped_message=(f"{display_name(sender)} and ", f" more {action}"),
        group_key=group_key,
        reference_id=reference_id,
    )
