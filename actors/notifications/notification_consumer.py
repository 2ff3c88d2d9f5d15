"""Creates and withdraws notifications, from the domain events of the other services.

Each action creates one notification, even if its event is delivered again. `NotificationRecipients` decides
who gets one. Actions that were undone or deleted, and those of users with a block, do not notify.
"""

from collections.abc import AsyncIterator, Callable, Sequence
from collections.abc import Set as AbstractSet

from actors.domain_events.event_types import (
    AppealAnswered,
    AttendeeRemoved,
    BlockCreated,
    CommentDeleted,
    DomainEvent,
    EventAnnounced,
    EventCancelled,
    EventDeleted,
    EventHidden,
    EventReminder,
    EventUpdated,
    ModerationActed,
    PostDeleted,
    RsvpChanged,
    RsvpDeclined,
    RsvpPromoted,
    RsvpRequested,
    RsvpRequestEnded,
    decode_event,
)
from actors.notifications import event_templates, notification_templates
from actors.notifications.notification_pusher import NotificationPusher
from actors.notifications.notification_recipients import BatchContext, NotificationRecipients
from actors.notifications.notifications import Notifications
from actors.notifications.user_actions import (
    UndoneAction,
    UserAction,
    find_source,
    to_template,
)
from actors.protocol.notification_objects import TYPES_ABOUT_EVENTS
from storage.contracts.domain_events import CursorUpdate, OutboxEvent
from storage.contracts.events import Attendee
from storage.contracts.notifications import (
    DeletedIds,
    NewNotification,
    NotificationSource,
    NotificationStore,
)

USERS_PER_BATCH = 1000

UPDATES_OF_EVENT_MAX = 3
"""Changes of one event in a batch that notify, the latest ones. Each has a notification for up to thousands
of users: a host who changes an event again and again would delay the notifications of all other events."""

EVENT_TYPES = [kind.value for kind in TYPES_ABOUT_EVENTS]

VisibilityChange = RsvpChanged | RsvpDeclined | EventUpdated
"""Events after which a user may no longer see an event. Few of them have that effect."""

Withdrawal = (
    UndoneAction
    | BlockCreated
    | PostDeleted
    | EventCancelled
    | EventDeleted
    | EventHidden
    | AttendeeRemoved
    | RsvpRequestEnded
    | VisibilityChange
)
"""Events after which notifications may be about something that was deleted or is no longer visible."""


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
        context = await self._recipients.load_context(
            [domain_event for _, domain_event in decoded],
            [
                to_template(domain_event, _source_id(event))
                for event, domain_event in decoded
                if isinstance(domain_event, UserAction)
            ],
        )
        seen_as_before = await self._find_seen_as_before(decoded)
        superseded_ids = _find_superseded(decoded)
        for event, domain_event in decoded:
            if isinstance(domain_event, Withdrawal) and not (
                isinstance(domain_event, VisibilityChange) and domain_event in seen_as_before
            ):
                # Store earlier notifications first, so that they are withdrawn too.
                await self._store.add(notifications, None)
                notifications = []
                await self._withdraw(domain_event, context)
            if event.id in superseded_ids:
                continue
            async for notification in self._build_notifications(event, domain_event, context):
                notifications.append(notification)
                if len(notifications) >= USERS_PER_BATCH:
                    # An event with many responses. Stored without the cursor: repeats are idempotent.
                    await self._store.add(notifications, None)
                    self._notification_pusher.wake()
                    notifications = []
        await self._store.add(notifications, cursor_update)
        if notifications:
            await self._remove_blocked_since(context)
            self._notification_pusher.wake()

    async def on_outbox_restored(self) -> None:
        """Nothing to reset: sources are ids of users and objects, so repeated events create no duplicates."""

    async def _remove_blocked_since(self, context: BatchContext) -> None:
        """Remove notifications of users who were blocked while they were stored.

        The reader of the block may have removed the pair's notifications before these were stored.
        """
        for one, other in await self._recipients.find_blocked_pairs(context.pairs) - context.unwanted_pairs:
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
                    user_ids, event_id, kept_group_key=event_templates.cancelled_group_key(event_id)
                )
            case EventHidden(id=event_id) | EventUpdated(id=event_id):
                await self._withdraw_about_event(event_id, is_deleted=False)
                return
            case EventDeleted(id=event_id):
                await self._withdraw_about_event(event_id, is_deleted=True)
                return
            case (
                AttendeeRemoved(event_id=event_id, user_id=user_id)
                | RsvpChanged(event_id=event_id, user_id=user_id)
                | RsvpDeclined(event_id=event_id, user_id=user_id)
            ):
                deleted = await self._store.remove_about([user_id], event_id, kept_group_key="")
            case RsvpRequestEnded(event_id=event_id, user_id=user_id):
                if domain_event in context.existing:
                    return
                source = event_templates.rsvp_request_source(event_id, user_id)
                host_ids = await self._recipients.event_recipients.find_hosts(event_id)
                deleted = await self._store.withdraw(
                    [NotificationSource(host_id, source) for host_id in host_ids], permanent=False
                )
            case _:
                if domain_event in context.existing:
                    return
                if isinstance(domain_event, CommentDeleted):
                    await self._push_removed(await self._remove_likes_of_comment(domain_event))
                deleted = await self._store.withdraw([find_source(domain_event)], permanent=False)
        await self._push_removed(deleted)

    async def _find_seen_as_before(
        self, decoded: Sequence[tuple[OutboxEvent, DomainEvent]]
    ) -> AbstractSet[VisibilityChange]:
        """Return the changes of RSVPs and events after which their users see the event as before."""
        changed = {
            domain_event: Attendee(domain_event.event_id, domain_event.user_id)
            for _, domain_event in decoded
            if isinstance(domain_event, RsvpChanged | RsvpDeclined)
        }
        updated = {domain_event.id for _, domain_event in decoded if isinstance(domain_event, EventUpdated)}
        if not changed and not updated:
            return frozenset()
        invisible = await self._recipients.causes.find_invisible_events(list(dict.fromkeys(changed.values())))
        open_ids = await self._recipients.causes.find_open_events(list(updated))
        return {change for change, attendee in changed.items() if attendee not in invisible} | {
            domain_event
            for _, domain_event in decoded
            if isinstance(domain_event, EventUpdated) and domain_event.id in open_ids
        }

    async def _withdraw_about_event(self, event_id: str, *, is_deleted: bool) -> None:
        """Withdraw the notifications about an event of users who do not see it.

        Of a deleted event all are withdrawn, except those of its cancellation.
        """
        kept_group_key = event_templates.cancelled_group_key(event_id) if is_deleted else ""
        after = ("", "")
        while pairs := await self._store.list_recipients([event_id], EVENT_TYPES, "", after, USERS_PER_BATCH):
            user_ids = [user_id for _, user_id in pairs]
            if not is_deleted:
                recipients = [Attendee(event_id, user_id) for user_id in user_ids]
                invisible = await self._recipients.causes.find_invisible_events(recipients)
                user_ids = [one.user_id for one in invisible]
            await self._push_removed(
                await self._store.remove_about(user_ids, event_id, kept_group_key=kept_group_key)
            )
            after = pairs[-1]

    async def _remove_likes_of_comment(self, comment: CommentDeleted) -> DeletedIds:
        group_key = notification_templates.comment_like_group_key(comment.id)
        return await self._store.remove_group(comment.actor_id, comment.post_id, group_key)

    async def _push_removed(self, deleted: DeletedIds) -> None:
        await self._notifications.push_removed(deleted)
        # Grouped notifications whose count became lower must be delivered again.
        self._notification_pusher.wake()

    async def _build_notifications(
        self, event: OutboxEvent, domain_event: DomainEvent, context: BatchContext
    ) -> AsyncIterator[NewNotification]:
        if isinstance(domain_event, UserAction):
            template = to_template(domain_event, _source_id(event))
            if domain_event in context.existing and (notification := context.build_notification(template)):
                yield notification
            return
        match domain_event:
            case RsvpRequested() as requested if requested in context.existing:
                for requester, host_id in await self._recipients.event_recipients.find_hosts_to_ask(
                    requested
                ):
                    yield event_templates.rsvp_requested(
                        host_id, requester, requested.event_id, requested.title
                    )
            case RsvpPromoted() as promoted if promoted in context.existing:
                yield event_templates.waitlist_promoted(
                    promoted.user_id, promoted.event_id, promoted.title, _source_id(event)
                )
            case EventUpdated() as updated:
                pages = self._recipients.event_recipients.pages_for_update(updated, USERS_PER_BATCH)
                async for sender, user_ids in pages:
                    self._publish_event_updated(updated.id, user_ids)
                    for user_id in user_ids:
                        yield event_templates.event_updated(
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
                        yield event_templates.event_announced(user_id, sender, announced)
            case EventReminder() as reminder:
                for user_id in await self._recipients.event_recipients.find_reminded(reminder):
                    yield event_templates.event_reminder(user_id, reminder)
            case EventCancelled() as cancelled:
                host, user_ids = await self._recipients.event_recipients.find_for_cancellation(cancelled)
                self._publish_event_updated(cancelled.id, user_ids)
                for user_id in user_ids:
                    yield event_templates.event_cancelled(
                        user_id, host, cancelled.id, cancelled.title, cancelled.reason
                    )
            case _:
                return


def _find_superseded(decoded: Sequence[tuple[OutboxEvent, DomainEvent]]) -> AbstractSet[int]:
    """Return the ids of changes of an event before its `UPDATES_OF_EVENT_MAX` latest ones."""
    updates: dict[str, list[int]] = {}
    for event, domain_event in decoded:
        if isinstance(domain_event, EventUpdated):
            updates.setdefault(domain_event.id, []).append(event.id)
    return {id_ for ids in updates.values() for id_ in ids[:-UPDATES_OF_EVENT_MAX]}


def _source_id(event: OutboxEvent) -> str:
    """Identify an event of an outbox uniquely, even if a restore has restarted the ids."""
    return f"{event.id}@{event.created_at.timestamp():.6f}"
