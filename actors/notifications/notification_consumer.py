"""Creates and withdraws notifications, from the domain events of the other services.

Each action creates one notification, even if its event is delivered again. `NotificationRecipients` decides
who gets one. Actions that were undone or deleted, and those of users with a block, do not notify.
"""

from collections.abc import AsyncIterator, Callable, Sequence
from typing import assert_never

from actors.domain_events.event_types import (
    AppealAnswered,
    AttendeeRemoved,
    BlockCreated,
    CommentCreated,
    CommentDeleted,
    CommentLiked,
    CommentUnliked,
    DomainEvent,
    EventAnnounced,
    EventCancelled,
    EventHidden,
    EventInvited,
    EventReminder,
    EventUpdated,
    FollowCreated,
    FollowDeleted,
    FollowRequestCreated,
    FollowRequestDeleted,
    HostAdded,
    MentionCreated,
    MentionDeleted,
    ModerationActed,
    PostDeleted,
    PostLiked,
    PostReposted,
    PostUnliked,
    PostUnreposted,
    ReplyCreated,
    ReplyDeleted,
    RsvpAccepted,
    RsvpDeclined,
    RsvpPromoted,
    RsvpRequested,
    decode_event,
)
from actors.notifications import notification_templates
from actors.notifications.notification_pusher import NotificationPusher
from actors.notifications.notification_recipients import BatchContext, NotificationRecipients
from actors.notifications.notifications import Notifications
from actors.protocol.objects import UserCard
from storage.contracts.domain_events import CursorUpdate, OutboxEvent
from storage.contracts.notifications import (
    DeletedIds,
    NewNotification,
    NotificationSource,
    NotificationStore,
)

USERS_PER_BATCH = 1000

Withdrawal = (
    BlockCreated
    | PostDeleted
    | EventCancelled
    | EventHidden
    | AttendeeRemoved
    | FollowDeleted
    | FollowRequestDeleted
    | PostUnliked
    | CommentDeleted
    | ReplyDeleted
    | CommentUnliked
    | PostUnreposted
    | MentionDeleted
)
"""Events after which notifications are about something that was deleted or is no longer visible."""


class NotificationConsumer:
    """A `Consumer` of one service's events."""

    def __init__(
        self,
        service: str,
        store: NotificationStore,
        recipients: NotificationRecipients,
        notification_pusher: NotificationPusher,
        notifications: Notifications,
        publish_event_updated: Callable[[str, Sequence[str]], None],
    ) -> None:
        self._service = service
        self._store = store
        self._recipients = recipients
        self._notification_pusher = notification_pusher
        self._notifications = notifications
        self._publish_event_updated = publish_event_updated

    @property
    def name(self) -> str:
        return f"notifications.{self._service}"

    async def handle(self, events: Sequence[OutboxEvent], cursor_update: CursorUpdate | None) -> None:
        notifications: list[NewNotification] = []
        decoded = [(event, domain_event) for event in events if (domain_event := decode_event(event))]
        pairs = [pair for _, domain_event in decoded if (pair := _sender_and_recipient(domain_event))]
        # Users who mute the author of a post get no notifications of comments on it.
        pairs += [pair for _, domain_event in decoded if (pair := _post_author_and_recipient(domain_event))]
        posts = [post for _, domain_event in decoded if (post := _recipient_and_post(domain_event))]
        context = await self._recipients.load_context(
            [domain_event for _, domain_event in decoded], pairs, posts
        )
        for event, domain_event in decoded:
            if isinstance(domain_event, Withdrawal):
                # Store earlier notifications first, so that they are withdrawn too.
                await self._store.add(notifications, None)
                notifications = []
                await self._withdraw(domain_event, context)
            async for notification in self._build_notifications(event, domain_event, context):
                notifications.append(notification)
                if len(notifications) >= USERS_PER_BATCH:
                    # An event with many responses. Stored without the cursor: repeats are idempotent.
                    await self._store.add(notifications, None)
                    self._notification_pusher.wake()
                    notifications = []
        await self._store.add(notifications, cursor_update)
        if notifications:
            await self._remove_blocked_since(pairs, context)
            self._notification_pusher.wake()

    async def on_outbox_restored(self) -> None:
        """Nothing to reset: sources are ids of users and objects, so repeated events create no duplicates."""

    async def _remove_blocked_since(self, pairs: Sequence[tuple[str, str]], context: BatchContext) -> None:
        """Remove notifications of users who were blocked while they were stored.

        The reader of the block may have removed the pair's notifications before these were stored.
        """
        for one, other in await self._recipients.find_blocked_pairs(pairs) - context.unwanted_pairs:
            await self._push_removed(await self._store.remove_between(one, other))

    async def _withdraw(self, domain_event: Withdrawal, context: BatchContext) -> None:
        """Withdraw the notifications about what was deleted or hidden, and push the unread counts."""
        match domain_event:
            case BlockCreated(blocker_id=one, blocked_id=other):
                deleted = await self._store.remove_between(one, other)
            case PostDeleted(id=post_id, author_id=author_id):
                deleted = await self._store.remove_about([author_id], post_id, kept_group_key="")
            case EventCancelled(id=event_id, user_ids=user_ids):
                deleted = await self._store.remove_about(
                    user_ids, event_id, kept_group_key=notification_templates.cancelled_group_key(event_id)
                )
            case EventHidden(id=event_id):
                deleted = {}
                pages = self._recipients.event_recipients.pages_for_hiding(event_id, USERS_PER_BATCH)
                async for page in pages:
                    await self._push_removed(deleted)
                    deleted = await self._store.remove_about(page, event_id, kept_group_key="")
            case AttendeeRemoved(event_id=event_id, user_id=user_id):
                deleted = await self._store.remove_about([user_id], event_id, kept_group_key="")
            case (
                FollowDeleted()
                | FollowRequestDeleted()
                | PostUnliked()
                | CommentDeleted()
                | ReplyDeleted()
                | CommentUnliked()
                | PostUnreposted()
                | MentionDeleted()
            ):
                if domain_event in context.existing:
                    return
                if isinstance(domain_event, CommentDeleted):
                    await self._push_removed(await self._remove_likes_of_comment(domain_event))
                deleted = await self._store.withdraw([_source_of(domain_event)], permanent=False)
            case _:
                assert_never(domain_event)
        await self._push_removed(deleted)

    async def _remove_likes_of_comment(self, comment: CommentDeleted) -> DeletedIds:
        group_key = notification_templates.comment_like_group_key(comment.id)
        return await self._store.remove_group(comment.actor_id, comment.post_id, group_key)

    async def _push_removed(self, deleted: DeletedIds) -> None:
        for recipient_id, ids in deleted.items():
            await self._notifications.push_removed(recipient_id, ids)
        # Grouped notifications whose count became lower must be delivered again.
        self._notification_pusher.wake()

    async def _build_notifications(
        self, event: OutboxEvent, domain_event: DomainEvent, context: BatchContext
    ) -> AsyncIterator[NewNotification]:
        match domain_event:
            case (
                FollowCreated()
                | FollowRequestCreated()
                | PostLiked()
                | CommentCreated()
                | ReplyCreated()
                | CommentLiked()
                | PostReposted()
                | MentionCreated()
                | EventInvited()
            ):
                notification = _notification_between(domain_event, context)
                if notification is not None:
                    yield notification
            case HostAdded() | RsvpAccepted() | RsvpDeclined() as decided:
                pair = _sender_and_recipient(decided)
                sender = context.get_sender(*pair) if pair and decided in context.existing else None
                if sender is not None:
                    yield _build_decision(decided, sender, _source_id(event))
            case RsvpRequested() as requested if requested in context.existing:
                for requester, host_id in await self._recipients.event_recipients.find_hosts_to_ask(
                    requested
                ):
                    yield notification_templates.rsvp_requested(
                        host_id, requester, requested.event_id, requested.title, _source_id(event)
                    )
            case RsvpPromoted() as promoted if promoted in context.existing:
                yield notification_templates.waitlist_promoted(
                    promoted.user_id, promoted.event_id, promoted.title, _source_id(event)
                )
            case EventUpdated() as updated:
                pages = self._recipients.event_recipients.pages_for_update(updated, USERS_PER_BATCH)
                async for sender, user_ids in pages:
                    self._publish_event_updated(updated.id, user_ids)
                    for user_id in user_ids:
                        yield notification_templates.event_updated(
                            user_id, sender, updated.id, updated.title, _source_id(event)
                        )
            case ModerationActed() as acted:
                moderated = notification_templates.moderated(
                    acted.user_id, acted.id, acted.type, acted.target_kind, acted.reason
                )
                if moderated is not None:
                    yield moderated
            case AppealAnswered() as answered:
                yield notification_templates.appeal_answered(
                    answered.user_id, answered.action_id, accepted=answered.accepted
                )
            case EventAnnounced() as announced:
                pages = self._recipients.event_recipients.pages_for_announcement(announced, USERS_PER_BATCH)
                async for sender, user_ids in pages:
                    for user_id in user_ids:
                        yield notification_templates.event_announced(user_id, sender, announced)
            case EventReminder() as reminder:
                for user_id in await self._recipients.event_recipients.find_reminded(reminder):
                    yield notification_templates.event_reminder(user_id, reminder)
            case EventCancelled() as cancelled:
                host, user_ids = await self._recipients.event_recipients.find_for_cancellation(cancelled)
                self._publish_event_updated(cancelled.id, user_ids)
                for user_id in user_ids:
                    yield notification_templates.event_cancelled(
                        user_id, host, cancelled.id, cancelled.title, cancelled.reason
                    )
            case _:
                return


def _notification_between(
    domain_event: FollowCreated
    | FollowRequestCreated
    | PostLiked
    | CommentCreated
    | ReplyCreated
    | CommentLiked
    | PostReposted
    | MentionCreated
    | EventInvited,
    context: BatchContext,
) -> NewNotification | None:
    """Build the notification of what one user did to another; None if it was undone or is not visible."""
    pair = _sender_and_recipient(domain_event)
    sender = context.get_sender(*pair) if pair is not None and domain_event in context.existing else None
    post = _recipient_and_post(domain_event)
    if sender is None or (post is not None and post not in context.visible_posts):
        return None
    if _post_author_and_recipient(domain_event) in context.unwanted_pairs:
        return None
    match domain_event:
        case FollowCreated(following_id=user_id):
            return notification_templates.followed(user_id, sender)
        case FollowRequestCreated(requested_id=user_id):
            return notification_templates.follow_requested(user_id, sender)
        case PostLiked(recipient_id=user_id, post_id=post_id):
            return notification_templates.liked(user_id, sender, post_id)
        case CommentCreated(recipient_id=user_id, post_id=post_id, id=comment_id):
            return notification_templates.commented(user_id, sender, post_id, comment_id)
        case ReplyCreated(recipient_id=user_id, post_id=post_id, parent_id=parent_id, id=reply_id):
            return notification_templates.replied(user_id, sender, post_id, parent_id, reply_id)
        case CommentLiked(recipient_id=user_id, post_id=post_id, comment_id=comment_id):
            return notification_templates.comment_liked(user_id, sender, post_id, comment_id)
        case PostReposted(recipient_id=user_id, post_id=post_id, id=repost_id, is_quote=is_quote):
            return notification_templates.reposted(user_id, sender, post_id, repost_id, is_quote=is_quote)
        case MentionCreated(mentioned_user_id=user_id):
            return notification_templates.mentioned_in_text(
                user_id, sender, domain_event.post_id, domain_event.comment_id
            )
        case EventInvited(user_id=user_id, event_id=event_id, title=title):
            return notification_templates.invited(user_id, sender, event_id, title)


def _build_decision(
    decided: HostAdded | RsvpAccepted | RsvpDeclined, sender: UserCard, source: str
) -> NewNotification:
    """Build the notification of what a host decided about a user."""
    match decided:
        case HostAdded():
            build = notification_templates.host_added
        case RsvpAccepted():
            build = notification_templates.rsvp_accepted
        case RsvpDeclined():
            build = notification_templates.rsvp_declined
    return build(decided.user_id, sender, decided.event_id, decided.title, source)


def _source_of(
    domain_event: FollowDeleted
    | FollowRequestDeleted
    | PostUnliked
    | CommentDeleted
    | ReplyDeleted
    | CommentUnliked
    | PostUnreposted
    | MentionDeleted,
) -> NotificationSource:
    """Return the source of the notification of what was undone."""
    match domain_event:
        case FollowDeleted(follower_id=follower_id, following_id=user_id):
            return NotificationSource(user_id, notification_templates.follow_source(follower_id))
        case FollowRequestDeleted(requester_id=requester_id, requested_id=user_id):
            return NotificationSource(user_id, notification_templates.follow_request_source(requester_id))
        case PostUnliked(post_id=post_id, recipient_id=user_id, actor_id=liker_id):
            return NotificationSource(user_id, notification_templates.like_source(post_id, liker_id))
        case (
            CommentDeleted(post_id=post_id, recipient_id=user_id, id=comment_id)
            | ReplyDeleted(post_id=post_id, recipient_id=user_id, id=comment_id)
        ):
            return NotificationSource(user_id, notification_templates.comment_source(post_id, comment_id))
        case CommentUnliked(comment_id=comment_id, recipient_id=user_id, actor_id=liker_id):
            return NotificationSource(
                user_id, notification_templates.comment_like_source(comment_id, liker_id)
            )
        case PostUnreposted(id=repost_id, recipient_id=user_id):
            return NotificationSource(user_id, notification_templates.repost_source(repost_id))
        case MentionDeleted(post_id=post_id, comment_id=mention_comment_id, mentioned_user_id=user_id):
            source = notification_templates.text_mention_source(post_id, mention_comment_id)
            return NotificationSource(user_id, source)


def _sender_and_recipient(domain_event: DomainEvent) -> tuple[str, str] | None:
    """Return the sender and recipient of an event, if it has both."""
    match domain_event:
        case FollowCreated(follower_id=sender_id, following_id=recipient_id):
            return sender_id, recipient_id
        case FollowRequestCreated(requester_id=sender_id, requested_id=recipient_id):
            return sender_id, recipient_id
        case PostLiked() | CommentCreated() | ReplyCreated() | CommentLiked() | PostReposted():
            return domain_event.actor_id, domain_event.recipient_id
        case MentionCreated(author_id=sender_id, mentioned_user_id=recipient_id):
            return sender_id, recipient_id
        case EventInvited(inviter_id=sender_id, user_id=recipient_id):
            return sender_id, recipient_id
        case HostAdded(creator_id=sender_id, user_id=recipient_id):
            return sender_id, recipient_id
        case RsvpAccepted(host_id=sender_id, user_id=recipient_id):
            return sender_id, recipient_id
        case RsvpDeclined(host_id=sender_id, user_id=recipient_id):
            return sender_id, recipient_id
        case _:
            return None


def _post_author_and_recipient(domain_event: DomainEvent) -> tuple[str, str] | None:
    """Return the author of the post and the recipient, of an event about a comment on another's post."""
    match domain_event:
        case ReplyCreated() | CommentLiked() if domain_event.post_author_id != domain_event.recipient_id:
            return domain_event.post_author_id, domain_event.recipient_id
        case MentionCreated() if domain_event.comment_id is not None:
            return domain_event.post_author_id, domain_event.mentioned_user_id
        case _:
            return None


def _recipient_and_post(domain_event: DomainEvent) -> tuple[str, str] | None:
    """Return the recipient of an event about a post, and the post; the recipient must be able to see it."""
    match domain_event:
        case PostLiked() | CommentCreated() | ReplyCreated() | CommentLiked():
            return domain_event.recipient_id, domain_event.post_id
        case PostReposted():
            return domain_event.recipient_id, domain_event.id
        case MentionCreated():
            return domain_event.mentioned_user_id, domain_event.post_id
        case _:
            return None


def _source_id(event: OutboxEvent) -> str:
    """Identify an event of an outbox uniquely, even if a restore has restarted the ids."""
    return f"{event.id}@{event.created_at.timestamp():.6f}"
