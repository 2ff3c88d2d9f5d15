"""Texts of notifications, their grouping, and their idempotency keys (`source`).

Those of what one user did to another are in `user_actions`, those of events for many users in
`event_templates`.
"""

import msgspec

from actors.protocol.notification_objects import NotificationType
from actors.protocol.objects import UserCard
from storage.contracts.notifications import NewNotification


class NotificationTemplate(msgspec.Struct, frozen=True, kw_only=True):
    """A notification that has a sender, without the sender's name, which its text starts with.

    `source`, `group_key` and `reference_id` are as in `NewNotification`; without `is_grouped` the text does
    not count how many are in the group. Only a recipient who sees the post `visible_post_id`, and neither
    mutes `post_author_id` nor has a block with that user, gets it.
    """

    type: NotificationType
    sender_id: str
    recipient_id: str
    title: str
    text: str
    source: str
    group_key: str
    reference_id: str
    is_grouped: bool = True
    visible_post_id: str | None = None
    post_author_id: str | None = None

    def pairs(self) -> list[tuple[str, str]]:
        """Return the (user, recipient) pairs that must have neither block nor mute."""
        pairs = [(self.sender_id, self.recipient_id)]
        if self.post_author_id is not None and self.post_author_id not in pairs[0]:
            pairs.append((self.post_author_id, self.recipient_id))
        return pairs

    def to_notification(self, sender: UserCard) -> NewNotification:
        name = display_name(sender)
        return NewNotification(
            recipient_id=self.recipient_id,
            source=self.source,
            sender_id=self.sender_id,
            type=self.type.value,
            title=self.title,
            message=f"{name} {self.text}",
            grouped_message=(f"{name} and ", f" more {self.text}") if self.is_grouped else None,
            group_key=self.group_key,
            reference_id=self.reference_id,
        )


def mention_source(message_id: str) -> str:
    return f"MENTION:{message_id}"


def comment_like_group_key(comment_id: str) -> str:
    return f"COMMENT_LIKE:{comment_id}"


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
