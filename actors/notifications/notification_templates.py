"""Texts of notifications, their grouping, and their idempotency keys (`source`)."""

from actors.protocol.notification_objects import NotificationType
from actors.protocol.objects import UserCard
from storage.contracts.notifications import NewNotification


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


def followed(user_id: str, sender: UserCard) -> NewNotification:
    return sender_notification(
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
    return sender_notification(
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
    return sender_notification(
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
    return sender_notification(
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
    return sender_notification(
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
    return sender_notification(
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
    return sender_notification(
        NotificationType.REPOST,
        user_id,
        sender,
        post_id,
        "New quote" if is_quote else "New repost",
        "quoted your post" if is_quote else "reposted your post",
        f"QUOTE:{post_id}" if is_quote else f"REPOST:{post_id}",
        repost_source(repost_id),
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
    """The text is that of a post, or of the comment on it with `comment_id`."""
    return sender_notification(
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
    """Without a sender, and without the link to the archive, which only the logged-in user gets."""
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
"""The text by type of the moderation action; `{kind}` is the kind of the item."""


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
    """Return a notification from the moderators; it names no sender."""
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


def sender_notification(
    kind: NotificationType,
    user_id: str,
    sender: UserCard,
    reference_id: str,
    title: str,
    action: str,
    group_key: str,
    source: str,
) -> NewNotification:
    """Return one whose text starts with the name of the sender, and that is grouped by `group_key`."""
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
