"""The services that show posts, events and users, on real stores, with consumers that the test drives."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from actors.delivery.stream_writer import StreamWriter
from actors.feed.fanout import FanOut, TimelineInvalidator
from actors.feed.home_feed import FeedStores, HomeFeed
from actors.feed.public_timeline import PublicTimeline
from actors.feed.timeline_builder import TimelineBuilder
from actors.notifications.ephemeral_event_publisher import EphemeralEventPublisher
from actors.notifications.event_recipients import EventRecipients
from actors.notifications.notification_causes import CauseStores, NotificationCauses
from actors.notifications.notification_consumer import NotificationConsumer
from actors.notifications.notification_preferences import DEFAULT_CHANNELS
from actors.notifications.notification_pusher import NotificationPusher
from actors.notifications.notification_recipients import NotificationRecipients
from actors.notifications.notifications import Notifications
from actors.notifications.sender_filter import SenderFilter
from actors.notifications.visibility_checks import VisibilityCheckConsumer, VisibilityCheckJob
from actors.posts.bookmarks import Bookmarks
from actors.posts.comment_likes import CommentLikes
from actors.posts.post_counts import PostCountReader
from actors.posts.post_edits import PostEdits
from actors.posts.posts import Posts
from actors.posts.posts_count_consumer import PostsCountConsumer
from actors.posts.reactions import Reactions
from actors.posts.reposts import Reposts
from actors.posts.text_references import TextReferenceFinder
from actors.posts.visibility import PostVisibilityChecker
from actors.protocol.server_frames import FeedPostCreated
from actors.social.account_privacy import AccountPrivacy
from actors.social.block_service import BlockService
from actors.social.follow_requests import FollowRequests
from actors.social.mutes import Mutes
from actors.social.relationships import Relationships
from actors.social.social import Social
from actors.social.suggestions import Suggestions
from actors.user_cache.user_cards import UserCards
from storage.contracts.timelines import Timelines
from storage.contracts.user_cache import UserSnapshot
from storage.memory.bus import MemoryBroker
from storage.memory.user_streams import MemoryUserStreams
from storage.postgres.audiences import PostgresAudiences
from storage.postgres.bookmarks import PostgresBookmarks
from storage.postgres.comment_likes import PostgresCommentLikes
from storage.postgres.contents import PostgresContents
from storage.postgres.database import Database
from storage.postgres.event_reminders import PostgresEventReminders
from storage.postgres.export_parts import PARTS, PostgresExportPart
from storage.postgres.follow_requests import PostgresFollowRequests
from storage.postgres.mutes import PostgresMutes
from storage.postgres.notifications import PostgresNotifications
from storage.postgres.post_access import PostgresPostAccess
from storage.postgres.post_edits import PostgresPostEdits
from storage.postgres.posts import PostgresPosts
from storage.postgres.reactions import PostgresReactions
from storage.postgres.reposts import PostgresReposts
from storage.postgres.social import PostgresSocial
from storage.postgres.suggestions import PostgresSuggestions
from storage.postgres.tag_follows import PostgresTagFollows
from storage.postgres.user_cache import PostgresUserCache
from storage.postgres.visibility_checks import PostgresVisibilityChecks
from tests.actors.domain_events.reader_fixtures import catch_up, make_reader
from tests.actors.visibility.event_setup import EventSetup

DATABASES = ("social", "posts", "events", "notifications")
NEVER_BROADCAST = 1000
CONCURRENT_READS = 16
"""Read paths at the same time. More of them would wait longer for a connection than is allowed."""
CLOSE_TIMEOUT_S = 60.0
BLOCKS_READ = 1000
"""All of a step at once: what is withdrawn depends on who hosts an event, which a block may end."""


class FakeUsers:
    """A User service that knows every id. The username is the id without `-`, up to 32 characters."""

    def __init__(self) -> None:
        self.private: set[str] = set()
        self._version = 1

    def set_private(self, user_id: str, *, private: bool) -> None:
        self._version += 1
        self.private.discard(user_id)
        if private:
            self.private.add(user_id)

    async def find(self, ids: Sequence[str]) -> list[UserSnapshot]:
        return [self._snapshot(user_id) for user_id in ids]

    async def find_by_usernames(self, usernames: Sequence[str]) -> list[UserSnapshot]:
        return [
            self._snapshot("-".join((name[:8], name[8:12], name[12:16], name[16:20], name[20:])))
            for name in usernames
        ]

    async def page(self, after: str, limit: int) -> list[UserSnapshot]:
        raise NotImplementedError

    async def delete(self, user_id: str) -> list[str] | None:
        raise NotImplementedError

    def _snapshot(self, user_id: str) -> UserSnapshot:
        return UserSnapshot(
            user_id,
            user_id.replace("-", ""),
            None,
            None,
            verified=False,
            version=self._version,
            private=user_id in self.private,
        )


class VisibilitySetup:
    def __init__(self, databases: dict[str, Database], timelines: Timelines) -> None:
        self.databases = databases
        self.read_slots = asyncio.Semaphore(CONCURRENT_READS)
        social, posts, events = databases["social"], databases["posts"], databases["events"]
        notifications = databases["notifications"]
        self.users = FakeUsers()
        self.social = PostgresSocial(social.pool)
        self.mutes = PostgresMutes(social.pool)
        self.follow_requests = PostgresFollowRequests(social.pool, social.cursors)
        self.account_privacy = AccountPrivacy(self.follow_requests, self.users, lambda: None)
        post_store = PostgresPosts(posts.pool, posts.idempotency_keys)
        reactions = PostgresReactions(posts.pool, posts.idempotency_keys)
        audiences = PostgresAudiences(social.pool, social.cursors)
        cards = UserCards(PostgresUserCache(posts.pool, posts.cursors), self.users)
        finder = TextReferenceFinder(self.users)
        self._blocks = BlockService(self.social, 1.0)
        checks = PostgresVisibilityChecks(notifications.pool, notifications.cursors)
        self.events = EventSetup(events, self.users, self.social, self._blocks, checks)
        post_access = PostgresPostAccess(social.pool)
        self.visibility = PostVisibilityChecker(post_access, post_store)
        self.posts = Posts(
            post_store, cards, self._blocks, self.visibility, self.events.events.can_see, finder, lambda: None
        )
        self.post_counts = PostCountReader(post_store, self.visibility)
        self.reactions = Reactions(
            reactions, self.posts, cards, self._blocks, self.visibility, finder, lambda _: None
        )
        self.reposts = Reposts(
            PostgresReposts(posts.pool, posts.idempotency_keys), self.posts, lambda _: None
        )
        self.comment_likes = CommentLikes(
            PostgresCommentLikes(posts.pool), self.reactions, cards, self._blocks, lambda _: None
        )
        self.post_contents = PostgresContents.for_posts(posts.pool)
        self.comment_contents = PostgresContents.for_comments(posts.pool)
        self._post_store = post_store
        self.bookmarks = Bookmarks(PostgresBookmarks(posts.pool), self.posts, self.visibility)
        self.edits = PostEdits(PostgresPostEdits(posts.pool, 3600, 10), self.posts, finder, lambda: None)
        self._builder = TimelineBuilder(post_store, audiences, timelines)
        self.feed = HomeFeed(
            FeedStores(post_store, self.social, audiences, timelines), self.posts, self._builder
        )
        self.public_timeline = PublicTimeline(post_store, self.visibility, self.posts)
        self.tag_follows = PostgresTagFollows(posts.pool)
        people = UserCards(PostgresUserCache(social.pool, social.cursors), self.users)
        self.social_service = Social(
            self.social,
            post_access,
            people,
            self._blocks,
            lambda: None,
            lambda _one, _other: None,
            lambda _follower: None,
        )
        self.relationships = Relationships(self.social, people)
        self.mutes_service = Mutes(self.mutes, people, self._blocks)
        self.follow_requests_service = FollowRequests(self.follow_requests, self.social, people, lambda: None)
        self.suggestions = Suggestions(
            PostgresSuggestions(social.pool), people, self.events.rsvp_store.list_co_attendees
        )
        store = PostgresNotifications(notifications.pool, notifications.cursors, DEFAULT_CHANNELS)
        sender_cards = UserCards(PostgresUserCache(notifications.pool, notifications.cursors), self.users)
        self._streams = StreamWriter(MemoryUserStreams(MemoryBroker()))
        self.notifications = Notifications(store, sender_cards, self._blocks, self.visibility, self._streams)
        sender_filter = SenderFilter(self._blocks, self.mutes)
        recipients = NotificationRecipients(
            sender_cards,
            self._blocks,
            sender_filter,
            self.visibility,
            EventRecipients(
                sender_cards,
                self._blocks,
                sender_filter,
                self.events.host_store,
                PostgresEventReminders(events.pool),
                self.events.attendance_store,
            ),
            NotificationCauses(
                CauseStores(
                    self.social,
                    self.follow_requests,
                    reactions,
                    PostgresCommentLikes(posts.pool),
                    PostgresReposts(posts.pool, posts.idempotency_keys),
                    self.events.store,
                    self.events.rsvp_store,
                    self.events.host_store,
                )
            ),
        )
        self._event_updates = self._make_publisher(self.events.publish)

        def notification_consumer(service: str) -> NotificationConsumer:
            pusher = NotificationPusher(store, sender_cards, self._streams)
            on_update = self._event_updates.publish_event_updated
            return NotificationConsumer(service, store, recipients, pusher, self.notifications, on_update)

        self._visibility_check_job = VisibilityCheckJob(
            checks,
            notifications.locks,
            store,
            self.notifications,
            post_store,
            self.visibility,
            self.events.store,
        )
        visibility_checks = VisibilityCheckConsumer(checks, self._visibility_check_job.wake)
        fan_out = FanOut(audiences, timelines, posts.cursors, lambda _post, _users: None, NEVER_BROADCAST)
        rebuilder = TimelineInvalidator(timelines, social.cursors)
        block_reader = make_reader(self.events.block_consumer, social, events, batch_size=BLOCKS_READ)
        self._block_reader = (block_reader, social, events)
        self._readers = [
            (make_reader(notification_consumer("events"), events, notifications), events, notifications),
            (make_reader(notification_consumer("social"), social, notifications), social, notifications),
            (make_reader(visibility_checks, social, notifications), social, notifications),
            (make_reader(rebuilder, social, social), social, social),
            (make_reader(notification_consumer("posts"), posts, notifications), posts, notifications),
            (make_reader(fan_out, posts, posts), posts, posts),
            (make_reader(PostsCountConsumer(audiences), posts, social), posts, social),
        ]
        self._export_parts = {
            part.name: PostgresExportPart(databases[part.service].pool, part)
            for part in PARTS
            if part.service in databases
        }

    async def catch_up(self) -> None:
        """Handle all domain events. The consumers run at the same time, as they do in an instance.

        Except the one that withdraws what users hold of events: its domain events are read by the others.
        """
        await catch_up(*self._block_reader)
        await asyncio.gather(*(catch_up(*reader) for reader in self._readers))
        await self._visibility_check_job.run()

    async def set_private(self, user_id: str, *, private: bool) -> None:
        self.users.set_private(user_id, private=private)
        await self.account_privacy.apply(user_id)

    async def publish_hints(self, post_ids: Sequence[str], user_ids: Sequence[str]) -> dict[str, list[str]]:
        """Publish each post to all users, and return by user which posts they receive."""
        received: dict[str, list[str]] = {}

        def publish(recipient_ids: Sequence[str], frame: msgspec.Struct) -> None:
            assert isinstance(frame, FeedPostCreated)
            for user_id in recipient_ids:
                received.setdefault(user_id, []).append(frame.post.id)

        publisher = self._make_publisher(publish)
        for post_id in post_ids:
            publisher.publish_post_created(post_id, user_ids)
        await publisher.close(CLOSE_TIMEOUT_S)
        return received

    def _make_publisher(
        self, publish: Callable[[Sequence[str], msgspec.Struct], None]
    ) -> EphemeralEventPublisher:
        return EphemeralEventPublisher(
            self._post_store,
            self.posts,
            self.visibility,
            self.events.store,
            self.events.events,
            self.mutes,
            publish,
        )

    async def read_export(self, part: str, user_id: str) -> list[Any]:
        """Return the objects of a file of the user's export."""
        return [
            msgspec.json.decode(encoded)
            async for batch in self._export_parts[part].read(user_id)
            for encoded in batch
        ]

    async def close(self) -> None:
        await self._event_updates.close(CLOSE_TIMEOUT_S)
        await self._builder.close()
        await self.notifications.close()
        await self.visibility.close()
        await self._blocks.close()
        await self._streams.close()
