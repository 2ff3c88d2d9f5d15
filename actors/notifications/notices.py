"""The words of notifications, and what is told once. Pure: it asks nobody and sends nothing."""

from actors.protocol.objects import UserCard
from actors.protocol.social_objects import NotificationType
from config.limits import TITLE_CHARACTERS
from storage.records.notifications import NewNotification


def followed(user_id: str, by: UserCard) -> NewNotification:
    return _notice(
        NotificationType.FOLLOW, user_id, by, by.id, "New follower", "follows you", "follow you", "FOLLOW"
    )


def liked(user_id: str, by: UserCard, post_id: str) -> NewNotification:
    did = "liked your post"
    return _notice(
        NotificationType.LIKE, user_id, by, post_id, "New like", did, did, f"LIKE:{post_id}", by.id
    )


def commented(user_id: str, by: UserCard, post_id: str, comment_id: str) -> NewNotification:
    did = "commented on your post"
    return _notice(
        NotificationType.COMMENT,
        user_id,
        by,
        post_id,
        "New comment",
        did,
        did,
        f"COMMENT:{post_id}",
        comment_id,
    )


def invited(user_id: str, by: UserCard, event_id: str, title: str) -> NewNotification:
    did = f"invited you to {title}"
    return _notice(
        NotificationType.EVENT_INVITE,
        user_id,
        by,
        event_id,
        "Invitation",
        did,
        did,
        f"EVENT_INVITE:{event_id}",
        by.id,
    )


def event_changed(user_id: str, by: UserCard, event_id: str, title: str, source: str) -> NewNotification:
    did = f"changed {title}"
    return _notice(
        NotificationType.EVENT_UPDATE,
        user_id,
        by,
        event_id,
        "Event changed",
        did,
        did,
        f"EVENT_UPDATE:{event_id}",
        source,
    )


def promoted(user_id: str, event_id: str, title: str, source: str) -> NewNotification:
    """Nobody did it: a place became free."""
    said = f"You have a place at {title}"
    return NewNotification(
        recipient_id=user_id,
        source=f"EVENT_UPDATE:{event_id}:{source}",
        sender_id=None,
        type=NotificationType.EVENT_UPDATE.value,
        title="You have a place"[:TITLE_CHARACTERS],
        message=said,
        group_key=f"EVENT_UPDATE:{event_id}",
        reference_id=event_id,
    )


def mentioned(user_id: str, by: UserCard, conversation_id: str, message_id: str) -> NewNotification:
    return NewNotification(
        recipient_id=user_id,
        source=f"MENTION:{message_id}",
        sender_id=by.id,
        type=NotificationType.MENTION.value,
        title="You were mentioned",
        message=f"{name_of(by)} mentioned you",
        grouped_message=(f"{name_of(by)} mentioned you, ", " more before"),
        group_key=f"MENTION:{conversation_id}",
        conversation_id=conversation_id,
        message_id=message_id,
    )


def name_of(card: UserCard) -> str:
    return card.display_name or f"@{card.username}"


def _notice(
    kind: NotificationType,
    user_id: str,
    by: UserCard,
    reference_id: str,
    title: str,
    did: str,
    together: str,
    group_key: str,
    told_by: str = "",
) -> NewNotification:
    """`told_by` tells one occasion from the next; without it each sender is told of once."""
    return NewNotification(
        recipient_id=user_id,
        source=f"{kind.value}:{reference_id}:{told_by}",
        sender_id=by.id,
        type=kind.value,
        title=title,
        message=f"{name_of(by)} {did}",
        grouped_message=(f"{name_of(by)} and ", f" more {together}"),
        group_key=group_key,
        reference_id=reference_id,
    )
