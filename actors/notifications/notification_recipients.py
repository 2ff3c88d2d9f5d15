"""Decides which users are notified of actions of other users.

Users are not notified of their own actions, of actions of users whom they mute, or of users with a block
between them. Deleted users neither notify nor are notified.
"""

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from itertools import chain

import msgspec

from actors.domain_events.event_types import DomainEvent
from actors.notifications.event_recipients import EventRecipients
from actors.notifications.notification_causes import NotificationCauses
from actors.notifications.notification_templates import NotificationTemplate
from actors.notifications.sender_filter import SenderFilter
from actors.posts.visibility import PostVisibilityChecker
from actors.protocol.objects import UserCard
from actors.social.block_service import BlockService
from actors.user_cache.user_cards import UserCards
from storage.contracts.notifications import NewNotification


class BatchContext(msgspec.Struct, frozen=True):
    """What decides who is notified of a batch of events.

    `existing` are the events whose cause still exists, `cards` those of all senders and recipients. Of
    `pairs`, which are those of `NotificationTemplate.pairs`, `unwanted_pairs` have a block or mute.
    `visible_posts` are the (recipient, post) pairs whose post the recipient can see.
    """

    existing: AbstractSet[msgspec.Struct]
    cards: Mapping[str, UserCard] = {}
    pairs: Sequence[tuple[str, str]] = ()
    unwanted_pairs: AbstractSet[tuple[str, str]] = frozenset()
    visible_posts: AbstractSet[tuple[str, str]] = frozenset()

    def build_notification(self, template: NotificationTemplate) -> NewNotification | None:
        """Return None if the recipient must not be notified."""
        sender, recipient_id = self.cards.get(template.sender_id), template.recipient_id
        if sender is None or recipient_id not in self.cards or sender.id == recipient_id:
            return None
        if not self.unwanted_pairs.isdisjoint(template.pairs()):
            return None
        post_id = template.visible_post_id
        if post_id is not None and (recipient_id, post_id) not in self.visible_posts:
            return None
        return template.to_notification(sender)


class NotificationRecipients:
    def __init__(
        self,
        user_cards: UserCards,
        block_service: BlockService,
        sender_filter: SenderFilter,
        post_visibility: PostVisibilityChecker,
        event_recipients: EventRecipients,
        causes: NotificationCauses,
    ) -> None:
        self.causes = causes
        self._user_cards = user_cards
        self._block_service = block_service
        self._sender_filter = sender_filter
        self._post_visibility = post_visibility
        self.event_recipients = event_recipients

    async def load_context(
        self, events: Sequence[DomainEvent], templates: Sequence[NotificationTemplate]
    ) -> BatchContext:
        """Load the causes of events, and what decides who gets the notifications of the templates."""
        existing = await self.causes.find_existing(events)
        pairs = [pair for template in templates for pair in template.pairs()]
        if not pairs:
            return BatchContext(existing)
        unwanted_pairs = await self._sender_filter.find_unwanted_pairs(pairs)
        cards = await self._user_cards.find(sorted(set(chain(*pairs))))
        visible_posts = await self._post_visibility.find_visible(
            [(one.recipient_id, one.visible_post_id) for one in templates if one.visible_post_id is not None]
        )
        return BatchContext(existing, cards, pairs, unwanted_pairs, visible_posts)

    async def find_blocked_pairs(self, pairs: Sequence[tuple[str, str]]) -> AbstractSet[tuple[str, str]]:
        return await self._block_service.find_blocked_pairs(pairs)
