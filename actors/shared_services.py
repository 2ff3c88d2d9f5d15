"""What conversations and sessions need of the services: blocks, user cards, notifications and consent.

Created before the core, which calls it through `ServiceHooks`; the other services are created after the core.
"""

from collections.abc import Callable, Sequence

from actors.consent.addition_limiter import AdditionLimiter
from actors.consent.consent import Consent
from actors.consent.conversation_requests import ConversationRequests
from actors.delivery.stream_writer import StreamWriter
from actors.domain_events.readers import TOPIC_PREFIX
from actors.notifications.mention_notifier import MentionNotifier
from actors.notifications.notification_pusher import NotificationPusher
from actors.notifications.notifications import Notifications
from actors.notifications.sender_filter import SenderFilter
from actors.posts.post_counts import PostCountReader
from actors.posts.visibility import PostVisibilityChecker
from actors.service_hooks import ServiceHooks
from actors.service_stores import SERVICES, USER_CACHE_SERVICES, ServiceStores
from actors.social.block_comparison import BlockComparison
from actors.social.block_service import BlockService
from actors.user_cache.user_cards import UserCards
from config.limits import Limits


class SharedServices:
    """Blocks, user cards and notifications: what conversations and sessions depend on."""

    def __init__(self, stores: ServiceStores, limits: Limits) -> None:
        self.stores = stores
        self.user_cards = {
            name: UserCards(stores.user_caches[name], stores.user_snapshots) for name in USER_CACHE_SERVICES
        }
        self.block_service = BlockService(stores.social, limits.block_cache_s)
        self.block_comparison = BlockComparison(stores.social, self.block_service, limits.block_cache_s)
        self.post_visibility = PostVisibilityChecker(stores.post_access, stores.posts)
        self.stream_writer = StreamWriter(stores.user_streams)
        user_cards = self.user_cards["notifications"]
        self.notifications = Notifications(
            stores.notifications, user_cards, self.block_service, self.post_visibility, self.stream_writer
        )
        self.notification_pusher = NotificationPusher(stores.notifications, user_cards, self.stream_writer)
        self.sender_filter = SenderFilter(self.block_service, stores.mutes)
        self.mention_notifier = MentionNotifier(
            stores.notifications,
            stores.conversations,
            user_cards,
            self.sender_filter,
            self.notification_pusher,
            self.notifications,
        )
        self.conversation_requests = ConversationRequests(
            stores.conversation_requests,
            Consent(stores.privacy, stores.social, stores.conversations),
            AdditionLimiter(limits),
            self.block_service,
            self.user_cards["social"],
            self.stream_writer,
        )
        self.on_outbox_message: Callable[[str], None] = lambda _topic: None

    def hooks(self) -> ServiceHooks:
        """Return the calls that the core makes into these services."""
        return ServiceHooks(
            stream_writer=self.stream_writer,
            mentions=self.mention_notifier,
            block_checker=self.block_service,
            count_unread=self.notifications.count_unread_on_connect,
            consent=self.conversation_requests,
            visible_users=self.visible_users,
            load_post_counts=PostCountReader(self.stores.posts, self.post_visibility).load,
            invalidate_block=self.block_service.invalidate,
            outbox_topics=tuple(TOPIC_PREFIX + service for service in SERVICES),
            on_outbox_message=self._on_outbox_message,
        )

    async def visible_users(self, user_id: str, other_ids: Sequence[str]) -> set[str]:
        """Return those whose presence the user may see: without a block, and always the user.

        They follow the user or are followed, or share a conversation with the user.
        """
        blocked_ids = set(await self.block_service.list_blocked_users(user_id))
        candidates = [
            other_id for other_id in other_ids if other_id not in blocked_ids and other_id != user_id
        ]
        visible_ids = await self.stores.social.connected_among(user_id, candidates)
        unconnected = [other_id for other_id in candidates if other_id not in visible_ids]
        visible_ids |= await self.stores.conversations.users_sharing_conversation(user_id, unconnected)
        return visible_ids | {user_id}

    def _on_outbox_message(self, topic: str) -> None:
        self.on_outbox_message(topic)

    async def close(self) -> None:
        await self.mention_notifier.close()
        await self.notifications.close()
        await self.block_service.close()
        await self.post_visibility.close()
