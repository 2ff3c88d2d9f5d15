"""The social network of one instance, put together: services, and who hears what of whom.

    write -> outbox -> reader -> copies, counts, notifications, timelines, conversations

`Ground` is what conversations and sessions need of it, and stands before them; `SocialNetwork` is the
rest, which needs them. Here it only says who is given what. It opens no store.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from actors.core import Core
from actors.delivery.stream_writer import StreamWriter
from actors.events.events import Events
from actors.events.gathering import Gathering
from actors.events.rsvps import Rsvps
from actors.feed.builder import Builder
from actors.feed.fanout import FanOut, Regroup
from actors.feed.feed import Feed, FeedStores
from actors.neighbours import Neighbours
from actors.notifications.hints import Hints
from actors.notifications.mentions import Mentions
from actors.notifications.notifications import Notifications
from actors.notifications.notifier import Notifier
from actors.notifications.teller import Teller
from actors.people.departures import Departures
from actors.people.keeper import Comparison, CopyKeeper
from actors.people.people import People
from actors.posts.counter import PostCounter
from actors.posts.posts import Posts
from actors.posts.reactions import Reactions
from actors.social.relations import Relations
from actors.social.social import Social
from actors.sync.consumer import Consumer
from actors.sync.reader import Feed as EventFeed
from actors.sync.reader import Reader
from actors.sync.readers import TOPIC, Producer, Readers
from config.limits import Limits
from storage.contracts.bus import UserStreams
from storage.contracts.domain_events import Cursors, IdempotencyKeys, Locks, Outbox
from storage.contracts.events import EventStore, RsvpStore
from storage.contracts.messaging import ConversationStore
from storage.contracts.notifications import NotificationStore
from storage.contracts.posts import FeedPosts, PostStore, ReactionStore
from storage.contracts.social import AudienceStore, SocialStore
from storage.contracts.timelines import Timelines
from storage.contracts.user_cache import UserCache, UserSnapshotStore

HINTS_CLOSE_S = 1.0
SERVICES = ("users", "social", "posts", "events", "notifications")
COPYING = ("social", "posts", "events", "notifications")


@dataclass(frozen=True, slots=True)
class Ledgers:
    """How one service tells and hears: its feed, and the places of those who keep theirs with it."""

    outbox: Outbox
    cursors: Cursors
    keys: IdempotencyKeys
    locks: Locks


@dataclass(frozen=True, slots=True)
class NetworkStores:
    owner: UserSnapshotStore
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
    streams: UserStreams
    copies: dict[str, UserCache]
    ledgers: dict[str, Ledgers]


class Ground:
    """Who is apart from whom, who is who, and how people are notified."""

    def __init__(self, stores: NetworkStores, limits: Limits) -> None:
        self.stores = stores
        self.people = {name: People(stores.copies[name], stores.owner) for name in COPYING}
        self.relations = Relations(stores.social, limits.block_cache_s)
        self.streams = StreamWriter(stores.streams)
        people = self.people["notifications"]
        self.notifications = Notifications(stores.notifications, people, self.relations, self.streams)
        self.teller = Teller(stores.notifications, people, self.streams)
        self.mentions = Mentions(
            stores.notifications, stores.conversations, people, self.relations, self.teller
        )
        self.heard: Callable[[str], None] = lambda _topic: None

    def neighbours(self) -> Neighbours:
        """What the core asks of it."""
        return Neighbours(
            streams=self.streams,
            mentions=self.mentions,
            barrier=self.relations,
            unread=self.notifications.unread_count,
            hidden=self.relations.hidden,
            acquainted=self.acquainted,
            forget=self.relations.forget,
            topics=tuple(TOPIC + service for service in SERVICES),
            heard=self._hear,
        )

    async def acquainted(self, user_id: str, others: Sequence[str]) -> set[str]:
        """Whom of the others a user has to do with, and is not apart from; oneself always."""
        hidden = set(await self.relations.hidden(user_id))
        asked = [one for one in others if one not in hidden and one != user_id]
        found = await self.stores.social.connected_among(user_id, asked)
        strangers = [one for one in asked if one not in found]
        found |= await self.stores.conversations.users_sharing_conversation(user_id, strangers)
        return found | {user_id}

    def _hear(self, topic: str) -> None:
        self.heard(topic)

    async def close(self) -> None:
        await self.mentions.close()
        await self.notifications.close()
        await self.relations.close()


class SocialNetwork:
    def __init__(
        self,
        ground: Ground,
        core: Core,
        limits: Limits,
        forget_card: Callable[[str], None],
        publish: Callable[[str, bytes], None],
    ) -> None:
        stores, people, relations = ground.stores, ground.people, ground.relations
        self._ground = ground
        self._forget_card = forget_card
        self.notifications = ground.notifications
        self.relations = relations
        self.social = Social(
            stores.social, people["social"], relations, lambda: self.hint("social"), core.publish_block_change
        )
        self.events = Events(stores.events, people["events"], relations, lambda: self.hint("events"))
        self.rsvps = Rsvps(
            stores.rsvps, self.events, people["events"], relations, lambda: self.hint("events")
        )
        self.posts = Posts(
            stores.posts, people["posts"], relations, self.events.sees, lambda: self.hint("posts")
        )
        self.reactions = Reactions(
            stores.reactions, self.posts, people["posts"], relations, lambda: self.hint("posts")
        )
        self._builder = Builder(stores.feed_posts, stores.audiences, stores.timelines)
        feed_stores = FeedStores(stores.feed_posts, stores.social, stores.audiences, stores.timelines)
        self.feed = Feed(feed_stores, self.posts, self._builder)
        self._hints = Hints(stores.posts, self.posts, stores.events, self.events, core.publish_ephemeral)
        self._comparison = Comparison(stores.owner, list(stores.copies.values()))
        self._consumers: dict[str, tuple[str, str]] = {}
        self.readers = self._readers(core, limits, publish)
        ground.heard = self.readers.heard

    def start(self) -> None:
        self.readers.start()
        self._comparison.start()
        self._ground.teller.start()

    async def close(self) -> None:
        """Before the core: nothing is handed to it any more."""
        await self._comparison.close()
        await self.readers.close()
        await self._ground.teller.close()
        await self._hints.close(HINTS_CLOSE_S)
        await self._builder.close()

    @property
    def consumers(self) -> dict[str, tuple[str, str]]:
        """Who reads: consumer -> (service that is read, service that keeps the place)."""
        return dict(self._consumers)

    async def hide_post(self, post_id: str) -> bool:
        """A moderator takes a post away; False when there is none."""
        return await self._ground.stores.posts.set_hidden(post_id, hidden=True)

    def hint(self, service: str) -> None:
        """Something was written in that service's database."""
        self.readers.hint(service)

    def _readers(self, core: Core, limits: Limits, publish: Callable[[str, bytes], None]) -> Readers:
        stores, ground = self._ground.stores, self._ground
        ledgers = stores.ledgers

        def notifier(service: str) -> Notifier:
            return Notifier(
                service,
                stores.notifications,
                ground.people["notifications"],
                ground.relations,
                stores.rsvps,
                ground.teller,
                ground.notifications,
                self._hints.event_changed,
            )

        def read(producer: str, *consumers: tuple[Consumer, str]) -> Producer:
            """Readers of a service's feed; each keeps its place with the service named beside it."""
            outbox = ledgers[producer].outbox
            self._consumers.update({one.name: (producer, keeper) for one, keeper in consumers})
            readers = [
                Reader(
                    consumer,
                    EventFeed(outbox, ledgers[keeper].cursors, ledgers[keeper].locks),
                    limits.sync_poll_s,
                    limits.sync_batch_events,
                )
                for consumer, keeper in consumers
            ]
            return Producer(outbox, ledgers[producer].keys, tuple(readers))

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
            self._hints.posted,
            limits.broadcast_followers,
        )
        gathering = Gathering(
            stores.events,
            stores.rsvps,
            ground.people["events"],
            core.conversations,
            ledgers["events"].cursors,
        )
        departures = Departures(core.conversations.remove_user, self._forget_card, ledgers["users"].cursors)
        return Readers(
            {
                "users": read(
                    "users",
                    *((CopyKeeper(name, stores.copies[name], forgets[name]), name) for name in COPYING),
                    (departures, "users"),
                ),
                "social": read(
                    "social",
                    (notifier("social"), "notifications"),
                    (Regroup(stores.timelines, ledgers["social"].cursors), "social"),
                ),
                "posts": read(
                    "posts",
                    (PostCounter(stores.audiences), "social"),
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
