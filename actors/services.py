"""Wires the social services of one instance, and the consumers of their domain events.

    write -> outbox -> reader -> user caches, counters, notifications, timelines, conversations

`SharedServices` is what conversations and sessions depend on, and is created before them. `Services` is the
rest, which depends on them.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from actors.consent.addition_limiter import AdditionLimiter
from actors.consent.consent import Consent
from actors.consent.conversation_requests import ConversationRequests
from actors.consent.privacy_settings import PrivacySettings
from actors.consent.request_acceptance import RequestAcceptance
from actors.consent.request_withdrawal import RequestWithdrawalConsumer
from actors.core import Core
from actors.delivery.stream_writer import StreamWriter
from actors.domain_events.consumer import Consumer
from actors.domain_events.reader import EventSource, Reader
from actors.domain_events.readers import TOPIC_PREFIX, Producer, Readers
from actors.events.event_blocks import EventBlocks
from actors.events.event_conversations import EventConversations
from actors.events.events import Events
from actors.events.rsvps import Rsvps
from actors.feed.fanout import FanOut, TimelineRebuilder
from actors.feed.home_feed import FeedStores, HomeFeed
from actors.feed.timeline_builder import TimelineBuilder
from actors.hooks import ServiceHooks
from actors.notifications.causes import Causes
from actors.notifications.ephemeral_events import EphemeralEvents
from actors.notifications.mention_notifier import MentionNotifier
from actors.notifications.notification_consumer import NotificationConsumer
from actors.notifications.notification_pusher import NotificationPusher
from actors.notifications.notifications import Notifications
from actors.notifications.recipients import Recipients
from actors.notifications.sender_filter import SenderFilter
from actors.posts.bookmarks import Bookmarks
from actors.posts.post_edits import PostEdits
from actors.posts.posts import Posts
from actors.posts.posts_count_consumer import PostsCountConsumer
from actors.posts.reactions import Reactions
from actors.posts.text_references import TextReferenceFinder
from actors.search_indexer import SearchIndexer
from actors.social.block_comparison import BlockComparison
from actors.social.block_service import BlockService
from actors.social.mutes import Mutes
from actors.social.relationships import Relationships
from actors.social.social import Social
from actors.social.suggestions import Suggestions
from actors.user_cache.deleted_user_consumer import DeletedUserConsumer
from actors.user_cache.user_cache_consumer import UserCacheConsumer, UserCacheReconciler
from actors.user_cache.user_cards import UserCards
from config.limits import Limits
from storage.contracts.conversation_requests import ConversationRequestStore
from storage.contracts.domain_events import Cursors, Outbox
from storage.contracts.events import EventBlockStore, EventStore, RsvpStore
from storage.contracts.idempotency import IdempotencyKeys
from storage.contracts.locks import Locks
from storage.contracts.messaging import ConversationStore
from storage.contracts.mutes import MuteStore
from storage.contracts.notifications import NotificationStore
from storage.contracts.posts import BookmarkStore, FeedPosts, PostEditStore, PostStore, ReactionStore
from storage.contracts.privacy import PrivacyStore
from storage.contracts.search_index import SearchIndex
from storage.contracts.social import AudienceStore, SocialStore
from storage.contracts.suggestions import SuggestionStore
from storage.contracts.timelines import Timelines
from storage.contracts.user_cache import UserCache, UserSnapshotStore
from storage.contracts.user_streams import UserStreams

EPHEMERAL_CLOSE_TIMEOUT_S = 1.0
SERVICES = ("users", "social", "posts", "events", "notifications")
USER_CACHE_SERVICES = ("social", "posts", "events", "notifications")


@dataclass(frozen=True, slots=True)
class EventStores:
    """The stores of one service for domain events: its outbox, and the cursors that are stored with it."""

    outbox: Outbox
    cursors: Cursors
    idempotency_keys: IdempotencyKeys
    locks: Locks


@dataclass(frozen=True, slots=True)
class ServiceStores:
    user_snapshots: UserSnapshotStore
    social: SocialStore
    audiences: AudienceStore
    mutes: MuteStore
    suggestions: SuggestionStore
    posts: PostStore
    feed_posts: FeedPosts
    reactions: ReactionStore
    post_edits: PostEditStore
    bookmarks: BookmarkStore
    events: EventStore
    rsvps: RsvpStore
    event_blocks: EventBlockStore
    notifications: NotificationStore
    conversations: ConversationStore
    timelines: Timelines
    user_streams: UserStreams
    privacy: PrivacyStore
    conversation_requests: ConversationRequestStore
    user_caches: dict[str, UserCache]
    event_stores: dict[str, EventStores]
    search_indexes: dict[str, SearchIndex]


class SharedServices:
    """Blocks, user cards and notifications: what conversations and sessions depend on."""

    def __init__(self, stores: ServiceStores, limits: Limits) -> None:
        self.stores = stores
        self.user_cards = {
            name: UserCards(stores.user_caches[name], stores.user_snapshots) for name in USER_CACHE_SERVICES
        }
        self.block_service = BlockService(stores.social, limits.block_cache_s)
        self.block_comparison = BlockComparison(stores.social, self.block_service, limits.block_cache_s)
        self.stream_writer = StreamWriter(stores.user_streams)
        user_cards = self.user_cards["notifications"]
        self.notifications = Notifications(
            stores.notifications, user_cards, self.block_service, self.stream_writer
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
        self.on_bus_message: Callable[[str], None] = lambda _topic: None

    def hooks(self) -> ServiceHooks:
        """Return the hooks for the core."""
        return ServiceHooks(
            stream_writer=self.stream_writer,
            mentions=self.mention_notifier,
            block_checker=self.block_service,
            count_unread=self.notifications.count_unread,
            consent=self.conversation_requests,
            visible_users=self.visible_users,
            invalidate_block=self.block_service.invalidate,
            bus_topics=tuple(TOPIC_PREFIX + service for service in SERVICES),
            on_bus_message=self._on_bus_message,
        )

    async def visible_users(self, user_id: str, other_ids: Sequence[str]) -> set[str]:
        """Return who of `other_ids` is connected to the user and not blocked, and always the user."""
        blocked_ids = set(await self.block_service.list_blocked_users(user_id))
        candidates = [
            other_id for other_id in other_ids if other_id not in blocked_ids and other_id != user_id
        ]
        visible_ids = await self.stores.social.connected_among(user_id, candidates)
        unconnected = [other_id for other_id in candidates if other_id not in visible_ids]
        visible_ids |= await self.stores.conversations.users_sharing_conversation(user_id, unconnected)
        return visible_ids | {user_id}

    def _on_bus_message(self, topic: str) -> None:
        self.on_bus_message(topic)

    async def close(self) -> None:
        await self.mention_notifier.close()
        await self.notifications.close()
        await self.block_service.close()


class Services:
    def __init__(
        self,
        shared: SharedServices,
        core: Core,
        limits: Limits,
        invalidate_card: Callable[[str], None],
        publish: Callable[[str, bytes], None],
    ) -> None:
        stores, user_cards, block_service = shared.stores, shared.user_cards, shared.block_service
        self._shared = shared
        self._invalidate_card = invalidate_card
        self.notifications = shared.notifications
        self.block_service = block_service
        self.social = Social(
            stores.social,
            user_cards["social"],
            block_service,
            lambda: self.wake_readers("social"),
            core.publish_block_change,
        )
        self.relationships = Relationships(stores.social, user_cards["social"])
        self.mutes = Mutes(stores.mutes, user_cards["social"], block_service)
        self.suggestions = Suggestions(stores.suggestions, user_cards["social"], stores.rsvps.list_companions)
        self.privacy_settings = PrivacySettings(stores.privacy)
        self.conversation_requests = shared.conversation_requests
        self.events = Events(
            stores.events,
            user_cards["events"],
            block_service,
            shared.conversation_requests,
            lambda: self.wake_readers("events"),
        )
        self.request_acceptance = RequestAcceptance(
            shared.conversation_requests, core.conversations.add_accepted, self.events.invite_accepted
        )
        self.rsvps = Rsvps(
            stores.rsvps,
            self.events,
            user_cards["events"],
            block_service,
            lambda: self.wake_readers("events"),
        )
        reference_finder = TextReferenceFinder(stores.user_snapshots)
        self.posts = Posts(
            stores.posts,
            user_cards["posts"],
            block_service,
            self.events.can_see,
            reference_finder,
            lambda: self.wake_readers("posts"),
        )
        self.bookmarks = Bookmarks(stores.bookmarks, self.posts, block_service)
        self.post_edits = PostEdits(
            stores.post_edits, self.posts, reference_finder, lambda: self.wake_readers("posts")
        )
        self.reactions = Reactions(
            stores.reactions,
            self.posts,
            user_cards["posts"],
            block_service,
            reference_finder,
            lambda: self.wake_readers("posts"),
        )
        self._timeline_builder = TimelineBuilder(stores.feed_posts, stores.audiences, stores.timelines)
        feed_stores = FeedStores(stores.feed_posts, stores.social, stores.audiences, stores.timelines)
        self.home_feed = HomeFeed(feed_stores, self.posts, self._timeline_builder)
        self._ephemeral_events = EphemeralEvents(
            stores.posts, self.posts, stores.events, self.events, stores.mutes, core.publish_ephemeral
        )
        self._user_cache_reconciler = UserCacheReconciler(
            stores.user_snapshots, list(stores.user_caches.values())
        )
        self.search_indexer = SearchIndexer(stores.search_indexes)
        self._consumers: dict[str, tuple[str, str]] = {}
        self.readers = self._create_readers(core, limits, publish)
        shared.on_bus_message = self.readers.on_bus_message

    def start(self) -> None:
        self.readers.start()
        self._user_cache_reconciler.start()
        self.search_indexer.start()
        self._shared.notification_pusher.start()
        self._shared.block_comparison.start()

    async def close(self) -> None:
        """Close before the core, which the services call."""
        await self.search_indexer.close()
        await self._user_cache_reconciler.close()
        await self.readers.close()
        await self._shared.notification_pusher.close()
        await self._shared.block_comparison.close()
        await self._ephemeral_events.close(EPHEMERAL_CLOSE_TIMEOUT_S)
        await self._timeline_builder.close()

    @property
    def consumers(self) -> dict[str, tuple[str, str]]:
        """Consumer -> (service whose events it reads, service that stores its cursor)."""
        return dict(self._consumers)

    async def hide_post(self, post_id: str) -> bool:
        """Hide a post from all users. Returns False if it does not exist."""
        return await self._shared.stores.posts.set_hidden(post_id, hidden=True)

    def wake_readers(self, service: str) -> None:
        """Wake the readers of a service after a write to its database."""
        self.readers.wake_readers(service)

    def _create_readers(self, core: Core, limits: Limits, publish: Callable[[str, bytes], None]) -> Readers:
        stores, shared = self._shared.stores, self._shared
        event_stores = stores.event_stores

        recipients = Recipients(
            shared.user_cards["notifications"],
            shared.block_service,
            shared.sender_filter,
            stores.rsvps,
            Causes(stores.social, stores.reactions, stores.events, stores.rsvps),
        )

        def notification_consumer(service: str) -> NotificationConsumer:
            return NotificationConsumer(
                service,
                stores.notifications,
                recipients,
                shared.notification_pusher,
                shared.notifications,
                self._ephemeral_events.publish_event_updated,
            )

        def producer_of(service: str, *consumers: tuple[Consumer, str]) -> Producer:
            """Create the readers of a service's events, from (consumer, service that stores its cursor)."""
            outbox = event_stores[service].outbox
            self._consumers.update(
                {consumer.name: (service, cursor_service) for consumer, cursor_service in consumers}
            )
            readers = [
                Reader(
                    consumer,
                    EventSource(
                        outbox, event_stores[cursor_service].cursors, event_stores[cursor_service].locks
                    ),
                    limits.domain_events_poll_s,
                    limits.domain_events_batch,
                )
                for consumer, cursor_service in consumers
            ]
            return Producer(outbox, event_stores[service].idempotency_keys, tuple(readers))

        remove_user_by_service = {
            "social": stores.social.remove_user,
            "posts": stores.posts.remove_user,
            "events": stores.events.remove_user,
            "notifications": stores.notifications.remove_user,
        }
        fan_out = FanOut(
            stores.audiences,
            stores.timelines,
            event_stores["posts"].cursors,
            self._ephemeral_events.publish_post_created,
            limits.broadcast_followers,
        )
        event_conversations = EventConversations(
            stores.events,
            stores.rsvps,
            shared.user_cards["events"],
            core.conversations,
            event_stores["events"].cursors,
        )
        event_blocks = EventBlocks(
            stores.event_blocks,
            stores.social,
            shared.block_service,
            event_stores["events"].cursors,
            lambda: self.wake_readers("events"),
        )
        deleted_user_consumer = DeletedUserConsumer(
            core.conversations.remove_user, self._invalidate_card, event_stores["users"].cursors
        )
        return Readers(
            {
                "users": producer_of(
                    "users",
                    *(
                        (
                            UserCacheConsumer(name, stores.user_caches[name], remove_user_by_service[name]),
                            name,
                        )
                        for name in USER_CACHE_SERVICES
                    ),
                    (deleted_user_consumer, "users"),
                ),
                "social": producer_of(
                    "social",
                    (notification_consumer("social"), "notifications"),
                    (TimelineRebuilder(stores.timelines, event_stores["social"].cursors), "social"),
                    (event_blocks, "events"),
                    (
                        RequestWithdrawalConsumer(
                            shared.conversation_requests.withdraw_between, event_stores["social"].cursors
                        ),
                        "social",
                    ),
                ),
                "posts": producer_of(
                    "posts",
                    (PostsCountConsumer(stores.audiences), "social"),
                    (notification_consumer("posts"), "notifications"),
                    (fan_out, "posts"),
                ),
                "events": producer_of(
                    "events",
                    (notification_consumer("events"), "notifications"),
                    (event_conversations, "events"),
                ),
            },
            [service_stores.locks for service_stores in event_stores.values()],
            {name: service_stores.cursors for name, service_stores in event_stores.items()},
            publish,
            limits.outbox_retention_s,
        )
