"""Makes notifications of what the other services tell.

Nobody is notified of their own doings, nor of those of somebody they have a block with. Each occasion is
told once, whatever is read again. It never decides whether a device hears it.
"""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from itertools import chain

import msgspec

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
from actors.protocol.objects import UserCard
from actors.social.block_service import BlockService
from actors.user_cache.user_cards import UserCards
from storage.contracts.domain_events import CursorUpdate, OutboxEvent
from storage.contracts.events import RsvpStore
from storage.contracts.notifications import NewNotification, NotificationStore

USERS_PER_BATCH = 1000


class BatchContext(msgspec.Struct, frozen=True):
    """Of those who do something and those to whom it is done: who is who, and who is apart from whom."""

    cards: Mapping[str, UserCard]
    blocked_pairs: AbstractSet[tuple[str, str]]

    def get_sender(self, sender_id: str, recipient_id: str) -> UserCard | None:
        """Who did it, if the recipient is to know."""
        if sender_id == recipient_id or (sender_id, recipient_id) in self.blocked_pairs:
            return None
        return self.cards.get(sender_id) if recipient_id in self.cards else None


class NotificationConsumer:
    """A `Consumer` of one service's feed."""

    def __init__(
        self,
        service: str,
        store: NotificationStore,
        user_cards: UserCards,
        block_service: BlockService,
        rsvps: RsvpStore,
        notification_pusher: NotificationPusher,
        notifications: Notifications,
        publish_event_updated: Callable[[str, Sequence[str]], None],
    ) -> None:
        self._service = service
        self._store = store
        self._user_cards = user_cards
        self._block_service = block_service
        self._rsvps = rsvps
        self._notification_pusher = notification_pusher
        self._notifications = notifications
        self._publish_event_updated = publish_event_updated

    @property
    def name(self) -> str:
        return f"notifications.{self._service}"

    async def handle(self, events: Sequence[OutboxEvent], cursor_update: CursorUpdate | None) -> None:
        made: list[NewNotification] = []
        told = [(event, decode_event(event)) for event in events]
        acquaintance = await self._load_context(
            [pair for _, what in told if (pair := _sender_and_recipient(what))]
        )
        for event, what in told:
            if isinstance(what, BlockCreated):
                # What was made before it is taken in first, or it would stay.
                await self._store.add(made, None)
                made = []
                await self._remove_between(what.blocker_id, what.blocked_id)
            async for notice in self._build_notifications(event, what, acquaintance):
                made.append(notice)
                if len(made) >= USERS_PER_BATCH:
                    # An event with many who answered: told once each, so it may come again.
                    await self._store.add(made, None)
                    self._notification_pusher.wake()
                    made = []
        await self._store.add(made, cursor_update)
        if made:
            self._notification_pusher.wake()

    async def on_feed_reset(self) -> None:
        """Sources are the senders' ids and those of things: what comes again was told already."""

    async def _remove_between(self, user_id: str, other_id: str) -> None:
        for recipient_id, ids in (await self._store.remove_between(user_id, other_id)).items():
            await self._notifications.push_removed(recipient_id, ids)

    async def _load_context(self, pairs: Sequence[tuple[str, str]]) -> BatchContext:
        """Ask for all of a batch at once."""
        if not pairs:
            return BatchContext({}, frozenset())
        parted = await self._block_service.find_blocked_pairs(pairs)
        return BatchContext(await self._user_cards.find(sorted(set(chain(*pairs)))), parted)

    async def _build_notifications(
        self, event: OutboxEvent, domain_event: DomainEvent | None, context: BatchContext
    ) -> AsyncIterator[NewNotification]:
        match domain_event:
            case FollowCreated() as follow:
                by = context.get_sender(follow.follower_id, follow.following_id)
                if by is not None:
                    yield notification_templates.followed(follow.following_id, by)
            case PostLiked() as like:
                by = context.get_sender(like.user_id, like.author_id)
                if by is not None:
                    yield notification_templates.liked(like.author_id, by, like.post_id)
            case CommentCreated() as comment:
                by = context.get_sender(comment.user_id, comment.author_id)
                if by is not None:
                    yield notification_templates.commented(comment.author_id, by, comment.post_id, comment.id)
            case EventInvited() as invite:
                by = context.get_sender(invite.inviter_id, invite.user_id)
                if by is not None:
                    yield notification_templates.invited(invite.user_id, by, invite.event_id, invite.title)
            case RsvpPromoted() as promoted:
                yield notification_templates.waitlist_promoted(
                    promoted.user_id, promoted.event_id, promoted.title, _source_id(event)
                )
            case EventUpdated() as updated:
                async for user_id, by in self._users_to_notify(updated):
                    yield notification_templates.event_updated(
                        user_id, by, updated.id, updated.title, _source_id(event)
                    )
            case _:
                return

    async def _users_to_notify(self, updated: EventUpdated) -> AsyncIterator[tuple[str, UserCard]]:
        by = (await self._user_cards.find([updated.creator_id])).get(updated.creator_id)
        if by is None:
            return
        hidden = set(await self._block_service.list_blocked_users(by.id))
        after = ""
        while some := await self._rsvps.list_users_to_notify(updated.id, after, USERS_PER_BATCH):
            told = [user_id for user_id in some if user_id != by.id and user_id not in hidden]
            self._publish_event_updated(updated.id, told)
            for user_id in told:
                yield user_id, by
            after = some[-1]


def _sender_and_recipient(domain_event: DomainEvent | None) -> tuple[str, str] | None:
    """Who did it, and to whom."""
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
    """Names one event of a feed, also after a restore has begun the numbers anew."""
    return f"{event.id}@{event.created_at.timestamp():.6f}"
