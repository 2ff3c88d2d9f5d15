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
from actors.notifications.sender_filter import SenderFilter
from actors.posts.visibility import PostVisibilityChecker
from actors.protocol.objects import UserCard
from actors.social.block_service import BlockService
from actors.user_cache.user_cards import UserCards


class BatchContext(msgspec.Struct, frozen=True):
    """User cards of all senders and recipients in a batch of events, and the pairs that must not notify.

    `existing` are the events whose cause still exists; `visible_posts` are the (recipient, post) pairs
    whose post the recipient can see.
    """

    cards: Mapping[str, UserCard]
    unwanted_pairs: AbstractSet[tuple[str, str]]
    existing: AbstractSet[DomainEvent]
    visible_posts: AbstractSet[tuple[str, str]] = frozenset()

    def get_sender(self, sender_id: str, recipient_id: str) -> UserCard | None:
        """Return the sender's card; None if the recipient must not be notified."""
        if sender_id == recipient_id or (sender_id, recipient_id) in self.unwanted_pairs:
            return None
        return self.cards.get(sender_id) if recipient_id in self.cards else None


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
        self,
        events: Sequence[DomainEvent],
        pairs: Sequence[tuple[str, str]],
        posts: Sequence[tuple[str, str]],
    ) -> BatchContext:
        """Load the causes of events, and cards, blocks and mutes of their (sender, recipient) pairs.

        `posts` are the (recipient, post) pairs of events about posts.
        """
        existing = await self.causes.find_existing(events)
        if not pairs:
            return BatchContext({}, frozenset(), existing)
        unwanted_pairs = await self._sender_filter.find_unwanted_pairs(pairs)
        cards = await self._user_cards.find(sorted(set(chain(*pairs))))
        visible_posts = await self._post_visibility.find_visible(posts)
        return BatchContext(cards, unwanted_pairs, existing, visible_posts)

    async def find_blocked_pairs(self, pairs: Sequence[tuple[str, str]]) -> AbstractSet[tuple[str, str]]:
        return await self._block_service.find_blocked_pairs(pairs)
