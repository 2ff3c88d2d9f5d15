"""The social network of one instance, put together: services, and who hears what of whom.

    write -> outbox -> reader -> copies, counts, notifications, timelines, conversations

`Ground` is what conversations and sessions need of it, and stands before them; `SocialNetwork` is the
rest, which needs them. Here it only says who is given what. It opens no store.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from actors.core import Core
from actors.delivery.stream_writer import StreamWriter
from actors.domain_events.consumer import Consumer
from actors.domain_events.reader import EventSource, Reader
from actors.domain_events.readers import TOPIC_PREFIX, Producer, Readers
from actors.events.event_conversations import EventConversations
from actors.events.events import Events
from actors.events.rsvps import Rsvps
from actors.feed.fanout import FanOut, TimelineRebuilder
from actors.feed.home_feed import FeedStores, HomeFeed
from actors.feed.timeline_builder import TimelineBuilder
from actors.hooks import ServiceHooks
from actors.notifications.ephemeral_events import EphemeralEvents
from actors.notifications.mention_notifier import MentionNotifier
from actors.notifications.notification_consumer import NotificationConsumer
from actors.notifications.notification_pusher import NotificationPusher
from actors.notifications.notifications import Notifications
from actors.posts.posts import Posts
from actors.posts.posts_count_consumer import PostsCountConsumer
from actors.posts.reactions import Reactions
from actors.social.block_service import BlockService
from actors.social.social import Social
from actors.user_cache.deleted_user_consumer import DeletedUserConsumer
from actors.user_cache.user_cache_consumer import UserCacheConsumer, UserCacheReconciler
from actors.user_cache.user_cards import UserCards
from config.limits import Limits
from storage.contracts.domain_events import Cursors, Outbox
from storage.contracts.events import EventStore, RsvpStore
from storage.contracts.idempotency import IdempotencyKeys
from storage.contracts.locks import Locks
from storage.contracts.messaging import ConversationStore
from storage.contracts.notifications import NotificationStore
from storage.contracts.posts import FeedPosts, PostStore, ReactionStore
from storage.contracts.social import AudienceStore, SocialStore
from storage.contracts.timelines import Timelines
from storage.contracts.user_cache import UserCache, UserSnapshotStore
from storage.contracts.user_streams import UserStreams

EPHEMERAL_CLOSE_TIMEOUT_S = 1.0
SERVICES = ("users", "social", "posts", "events", "notifications")
USER_CACHE_SERVICES = ("social", "posts", "events", "notifications")


@dataclass(frozen=True, slots=True)
class EventStores:
    """How one service tells and hears: its feed, and the places of those who keep theirs with it."""

    outbox: Outbox
    cursors: Cursors
    idempotency_keys: IdempotencyKeys
    locks: Locks


@dataclass(frozen=True, slots=True)
class ServiceStores:
    user_snapshots: UserSnapshotStore
    social: SocialStore
    audiences: AudienceStore
    posts: PostStore
    feed_posts: FeedPosts
    reactions: ReactionStore
    events: EventStore
    rsvps: RsvpStore
    notifications: NotificationStore
    conversations: ConversationStore
    timelines: Timelines
    user_streams: UserStreams
    user_caches: dict[str, UserCache]
    event_stores: dict[str, EventStores]


class SharedServices:
    """Who is apart from whom, who is who, and how people are notified."""

    def __init__(self, stores: ServiceStores, limits: Limits) -> None:
        self.stores = stores
        self.user_cards = {
            name: UserCards(stores.user_caches[name], stores.user_snapshots) for name in USER_CACHE_SERVICES
        }
        self.block_service = BlockService(stores.social, limits.block_cache_s)
        self.stream_writer = StreamWriter(stores.user_streams)
        people = self.user_cards["notifications"]
        self.notifications = Notifications(
            stores.notifications, people, self.block_service, self.stream_writer
        )
        self.notification_pusher = NotificationPusher(stores.notifications, people, self.stream_writer)
        self.mention_notifier = MentionNotifier(
            stores.notifications, stores.conversations, people, self.block_service, self.notification_pusher
        )
        self.on_bus_message: Callable[[str], None] = lambda _topic: None

    def hooks(self) -> ServiceHooks:
        """What the core asks of it."""
        return ServiceHooks(
            stream_writer=self.stream_writer,
            mentions=self.mention_notifier,
            block_checker=self.block_service,
            count_unread=self.notifications.count_unread,
            list_blocked_users=self.block_service.list_blocked_users,
            visible_users=self.visible_users,
            invalidate_block=self.block_service.invalidate,
            bus_topics=tuple(TOPIC_PREFIX + service for service in SERVICES),
            on_bus_message=self._on_bus_message,
        )

    async def visible_users(self, user_id: str, other_ids: Sequence[str]) -> set[str]:
        """Whom of the others a user has to do with, and is not apart from; oneself always."""
        hidden = set(await self.block_service.list_blocked_users(user_id))
        asked = [one for one in other_ids if one not in hidden and one != user_id]
        found = await self.stores.social.connected_among(user_id, asked)
        strangers = [one for one in asked if one not in found]
        found |= await self.stores.conversations.users_sharing_conversation(user_id, strangers)
        return found | {user_id}

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
        stores, people, relations = shared.stores, shared.user_cards, shared.block_service
        self._shared = shared
        self._invalidate_card = invalidate_card
        self.notifications = shared.notifications
        self.block_service = relations
        self.social = Social(
            stores.social,
            people["social"],
            relations,
            lambda: self.wake_readers("social"),
            core.publish_block_change,
        )
        self.events = Events(stores.events, people["events"], relations, lambda: self.wake_readers("events"))
        self.rsvps = Rsvps(
            stores.rsvps, self.events, people["events"], relations, lambda: self.wake_readers("events")
        )
        self.posts = Posts(
            stores.posts, people["posts"], relations, self.events.can_see, lambda: self.wake_readers("posts")
        )
        self.reactions = Reactions(
            stores.reactions, self.posts, people["posts"], relations, lambda: self.wake_readers("posts")
        )
        self._timeline_builder = TimelineBuilder(stores.feed_posts, stores.audiences, stores.timelines)
        feed_stores = FeedStores(stores.feed_posts, stores.social, stores.audiences, stores.timelines)
        self.home_feed = HomeFeed(feed_stores, self.posts, self._timeline_builder)
        self._ephemeral_events = EphemeralEvents(
            stores.posts, self.posts, stores.events, self.events, core.publish_ephemeral
        )
        self._user_cache_reconciler = UserCacheReconciler(
            stores.user_snapshots, list(stores.user_caches.values())
        )
        self._consumers: dict[str, tuple[str, str]] = {}
        self.readers = self._create_readers(core, limits, publish)
        shared.on_bus_message = self.readers.on_bus_message

    def start(self) -> None:
        self.readers.start()
        self._user_cache_reconciler.start()
        self._shared.notification_pusher.start()

    async def close(self) -> None:
        """Before the core: nothing is handed to it any more."""
        await self._user_cache_reconciler.close()
        await self.readers.close()
        await self._shared.notification_pusher.close()
        await self._ephemeral_events.close(EPHEMERAL_CLOSE_TIMEOUT_S)
        await self._timeline_builder.close()

    @property
    def consumers(self) -> dict[str, tuple[str, str]]:
        """Who reads: consumer -> (service that is read, service that keeps the place)."""
        return dict(self._consumers)

    async def hide_post(self, post_id: str) -> bool:
        """A moderator takes a post away; False when there is none."""
        return await self._shared.stores.posts.set_hidden(post_id, hidden=True)

    def wake_readers(self, service: str) -> None:
        """Something was written in that service's database."""
        self.readers.wake_readers(service)

    def _create_readers(self, core: Core, limits: Limits, publish: Callable[[str, bytes], None]) -> Readers:
        stores, ground = self._shared.stores, self._shared
        ledgers = stores.event_stores

        def notifier(service: str) -> NotificationConsumer:
            return NotificationConsumer(
                service,
                stores.notifications,
                ground.user_cards["notifications"],
                ground.block_service,
                stores.rsvps,
                ground.notification_pusher,
                ground.notifications,
                self._ephemeral_events.publish_event_updated,
            )

        def read(producer: str, *consumers: tuple[Consumer, str]) -> Producer:
            """Readers of a service's feed; each keeps its place with the service named beside it."""
            outbox = ledgers[producer].outbox
            self._consumers.update({one.name: (producer, keeper) for one, keeper in consumers})
            readers = [
                Reader(
                    consumer,
                    EventSource(outbox, ledgers[keeper].cursors, ledgers[keeper].locks),
                    limits.domain_events_poll_s,
                    limits.domain_events_batch,
                )
                for consumer, keeper in consumers
            ]
            return Producer(outbox, ledgers[producer].idempotency_keys, tuple(readers))

        forgets = {
            "social": stores.social.remove_user,
            "posts": stores.posts.remove_user,
            "events": stores.events.remove_user,
            "notifications": stores.notifications.remove_user,
        }
        fan_out = FanOut(
            stores.audiences,
            stores.timelines,
            ledgers["posts"].cursors,
            self._ephemeral_events.publish_post_created,
            limits.broadcast_followers,
        )
        gathering = EventConversations(
            stores.events,
            stores.rsvps,
            ground.user_cards["events"],
            core.conversations,
            ledgers["events"].cursors,
        )
        departures = DeletedUserConsumer(
            core.conversations.remove_user, self._invalidate_card, ledgers["users"].cursors
        )
        return Readers(
            {
                "users": read(
                    "users",
                    *(
                        (UserCacheConsumer(name, stores.user_caches[name], forgets[name]), name)
                        for name in USER_CACHE_SERVICES
                    ),
                    (departures, "users"),
                ),
                "social": read(
                    "social",
                    (notifier("social"), "notifications"),
                    (TimelineRebuilder(stores.timelines, ledgers["social"].cursors), "social"),
                ),
                "posts": read(
                    "posts",
                    (PostsCountConsumer(stores.audiences), "social"),
                    (notifier("posts"), "notifications"),
                    (fan_out, "posts"),
                ),
                "events": read("events", (notifier("events"), "notifications"), (gathering, "events")),
            },
            [ledger.locks for ledger in ledgers.values()],
            {name: ledger.cursors for name, ledger in ledgers.items()},
            publish,
            limits.outbox_retention_s,
        )
