"""Texts of notifications, their grouping, and their idempotency keys (`source`)."""

from actors.protocol.objects import UserCard
from actors.protocol.social_objects import NotificationType
from config.limits import TITLE_CHARACTERS
from storage.contracts.notifications import NewNotification


def follow_source(follower_id: str) -> str:
    return f"FOLLOW:{follower_id}:"


def like_source(post_id: str, user_id: str) -> str:
    return f"LIKE:{post_id}:{user_id}"


def comment_source(post_id: str, comment_id: str) -> str:
    return f"COMMENT:{post_id}:{comment_id}"


def mention_source(message_id: str) -> str:
    return f"MENTION:{message_id}"


def text_mention_source(post_id: str, comment_id: str | None) -> str:
    return f"POST_MENTION:{post_id}:{comment_id or ''}"


def cancelled_group_key(event_id: str) -> str:
    """Group of its own: all other notifications about the event are withdrawn."""
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


def event_cancelled(user_id: str, sender: UserCard | None, event_id: str, title: str) -> NewNotification:
    """`sender` is None if the creator was deleted."""
    return NewNotification(
        recipient_id=user_id,
        source=cancelled_group_key(event_id),
        sender_id=None if sender is None else sender.id,
        type=NotificationType.EVENT_UPDATE.value,
        title="Event cancelled",
        message=f"{title} was cancelled",
        group_key=cancelled_group_key(event_id),
        reference_id=event_id,
    )


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


def display_name(card: UserCard) -> str:
    return card.display_name or f"@{card.username}"


MODERATION_TEXTS = {
    "hide": "Moderators have hidden your {kind}",
    "restore": "Moderators have restored your {kind}",
    "warn": "Moderators warn you",
    "silence": "Moderators have silenced you: you can read, and not write",
    "unsilence": "You can write again",
    "suspend": "Moderators had suspended your account",
    "unsuspend": "The suspension of your account was lifted",
    "ban": "Moderators had banned your account",
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
