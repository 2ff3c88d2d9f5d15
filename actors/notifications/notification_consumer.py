"""Creates notifications from the domain events of the other services.

Each action creates one notification, even if its event is delivered again. `Recipients` decides who gets one.
"""

from collections.abc import AsyncIterator, Callable, Sequence

from actors.domain_events.event_types import (
    BlockCreated,
    CommentCreated,
    DomainEvent,
    EventInvited,
    EventUpdated,
    FollowCreated,
    PostLiked,
    RsvpPromoted,
    decode_event,
)
from actors.notifications import notification_templates
from actors.notifications.notification_pusher import NotificationPusher
from actors.notifications.notifications import Notifications
from actors.notifications.recipients import BatchContext, Recipients
from storage.contracts.domain_events import CursorUpdate, OutboxEvent
from storage.contracts.notifications import NewNotification, NotificationStore

USERS_PER_BATCH = 1000


class NotificationConsumer:
    """A `Consumer` of one service's events."""

    def __init__(
        self,
        service: str,
        store: NotificationStore,
        recipients: Recipients,
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
        decoded = [(event, decode_event(event)) for event in events]
        context = await self._recipients.load_context(
            [pair for _, domain_event in decoded if (pair := _sender_and_recipient(domain_event))]
        )
        for event, domain_event in decoded:
            if isinstance(domain_event, BlockCreated):
                # Store earlier notifications first, so that they are removed too.
                await self._store.add(notifications, None)
                notifications = []
                await self._remove_between(domain_event.blocker_id, domain_event.blocked_id)
            async for notification in self._build_notifications(event, domain_event, context):
                notifications.append(notification)
                if len(notifications) >= USERS_PER_BATCH:
                    # An event with many responses. Stored without the cursor: repeats are idempotent.
                    await self._store.add(notifications, None)
                    self._notification_pusher.wake()
                    notifications = []
        await self._store.add(notifications, cursor_update)
        if notifications:
            self._notification_pusher.wake()

    async def on_feed_reset(self) -> None:
        """Nothing to reset: sources are ids of users and objects, so repeated events create no duplicates."""

    async def _remove_between(self, user_id: str, other_id: str) -> None:
        for recipient_id, ids in (await self._store.remove_between(user_id, other_id)).items():
            await self._notifications.push_removed(recipient_id, ids)

    async def _build_notifications(
        self, event: OutboxEvent, domain_event: DomainEvent | None, context: BatchContext
    ) -> AsyncIterator[NewNotification]:
        match domain_event:
            case FollowCreated() as follow:
                sender = context.get_sender(follow.follower_id, follow.following_id)
                if sender is not None:
                    yield notification_templates.followed(follow.following_id, sender)
            case PostLiked() as like:
                sender = context.get_sender(like.user_id, like.author_id)
                if sender is not None:
                    yield notification_templates.liked(like.author_id, sender, like.post_id)
            case CommentCreated() as comment:
                sender = context.get_sender(comment.user_id, comment.author_id)
                if sender is not None:
                    yield notification_templates.commented(
                        comment.author_id, sender, comment.post_id, comment.id
                    )
            case EventInvited() as invite:
                sender = context.get_sender(invite.inviter_id, invite.user_id)
                if sender is not None:
                    yield notification_templates.invited(
                        invite.user_id, sender, invite.event_id, invite.title
                    )
            case RsvpPromoted() as promoted:
                yield notification_templates.waitlist_promoted(
                    promoted.user_id, promoted.event_id, promoted.title, _source_id(event)
                )
            case EventUpdated() as updated:
                pages = self._recipients.pages_for_event_update(updated, USERS_PER_BATCH)
                async for sender, user_ids in pages:
                    self._publish_event_updated(updated.id, user_ids)
                    for user_id in user_ids:
                        yield notification_templates.event_updated(
                            user_id, sender, updated.id, updated.title, _source_id(event)
                        )
            case _:
                return


def _sender_and_recipient(domain_event: DomainEvent | None) -> tuple[str, str] | None:
    """Return the sender and recipient of an event, if it has both."""
    match domain_event:
        case FollowCreated(follower_id=sender_id, following_id=recipient_id):
            return sender_id, recipient_id
        case PostLiked() | CommentCreated():
            return domain_event.user_id, domain_event.author_id
        case EventInvited(inviter_id=sender_id, user_id=recipient_id):
            return sender_id, recipient_id
        case _:
            return None


def _source_id(event: OutboxEvent) -> str:
    """Identify an event of an outbox uniquely, even if a restore has restarted the ids."""
    return f"{event.id}@{event.created_at.timestamp():.6f}"
