"""Notifications on PostgreSQL, with manually driven consumers and in-memory user streams."""

import uuid
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from actors.delivery.stream_writer import StreamWriter
from actors.notifications.event_recipients import EventRecipients
from actors.notifications.notification_causes import CauseStores, NotificationCauses
from actors.notifications.notification_consumer import NotificationConsumer
from actors.notifications.notification_preferences import DEFAULT_CHANNELS
from actors.notifications.notification_pusher import NotificationPusher
from actors.notifications.notification_recipients import NotificationRecipients
from actors.notifications.notifications import Notifications
from actors.notifications.sender_filter import SenderFilter
from actors.posts.visibility import PostVisibilityChecker
from actors.protocol.notification_objects import Notification
from actors.protocol.server_frames import NotificationCreated, NotificationRead, server_frame_decoder
from actors.social.block_service import BlockService
from actors.user_cache.user_cards import UserCards
from storage.contracts.domain_events import OutboxEvent
from storage.contracts.events import NewEvent
from storage.contracts.user_cache import UserSnapshot
from storage.memory.bus import MemoryBroker
from storage.memory.user_streams import MemoryUserStreams
from storage.postgres.comment_likes import PostgresCommentLikes
from storage.postgres.contents import PostgresContents
from storage.postgres.database import Database
from storage.postgres.event_attendance import PostgresAttendance
from storage.postgres.event_hosting import PostgresEventHosts, PostgresRsvpRequests
from storage.postgres.event_reminders import PostgresEventReminders
from storage.postgres.events import PostgresEvents
from storage.postgres.follow_requests import PostgresFollowRequests
from storage.postgres.mutes import PostgresMutes
from storage.postgres.notifications import PostgresNotifications
from storage.postgres.post_access import PostgresPostAccess
from storage.postgres.posts import PostgresPosts
from storage.postgres.reactions import PostgresReactions
from storage.postgres.reposts import PostgresReposts
from storage.postgres.rsvps import PostgresRsvps
from storage.postgres.social import PostgresSocial
from storage.postgres.user_cache import PostgresUserCache
from tests.actors.domain_events.reader_fixtures import catch_up, make_reader, read_all_events

SERVICES = ("social", "posts", "events")


class FakeUserSource:
    """A User service with the users that were added."""

    def __init__(self) -> None:
        self.snapshots: dict[str, UserSnapshot] = {}

    def add_user(self, username: str, display_name: str | None = None) -> str:
        user_id = str(uuid.uuid4())
        self.snapshots[user_id] = UserSnapshot(
            user_id, username, display_name, None, verified=False, version=1
        )
        return user_id

    async def find(self, ids: Sequence[str]) -> list[UserSnapshot]:
        return [self.snapshots[user_id] for user_id in ids if user_id in self.snapshots]


class NotificationSetup:
    def __init__(self, databases: dict[str, Database]) -> None:
        self.databases = databases
        database, posts, events = databases["notifications"], databases["posts"], databases["events"]
        self.user_source = FakeUserSource()
        self.ana, self.ben = self.user_source.add_user("ana", "Ana"), self.user_source.add_user("ben")
        self.cyd = self.user_source.add_user("cyd", "Cyd")
        self.social = PostgresSocial(databases["social"].pool)
        self.follow_requests = PostgresFollowRequests(databases["social"].pool, databases["social"].cursors)
        self.posts = PostgresPosts(posts.pool, posts.idempotency_keys)
        self.reactions = PostgresReactions(posts.pool, posts.idempotency_keys)
        self.comment_likes = PostgresCommentLikes(posts.pool)
        self.reposts = PostgresReposts(posts.pool, posts.idempotency_keys)
        self.rsvps = PostgresRsvps(events.pool)
        self.hosts = PostgresEventHosts(events.pool)
        self.attendance = PostgresAttendance(events.pool, events.idempotency_keys, 100)
        self.reminders = PostgresEventReminders(events.pool)
        self.requests = PostgresRsvpRequests(events.pool)
        self.events = PostgresEvents(events.pool, events.idempotency_keys, self.rsvps)
        self.event_contents = PostgresContents.for_events(events.pool)
        self.store = PostgresNotifications(
            database.pool, database.cursors, DEFAULT_CHANNELS, mail_delay_s=0.0
        )
        self.user_cards = UserCards(PostgresUserCache(database.pool, database.cursors), self.user_source)
        self.block_service = BlockService(self.social, 1.0)
        self.post_visibility = PostVisibilityChecker(PostgresPostAccess(databases["social"].pool), self.posts)
        self.mutes = PostgresMutes(databases["social"].pool)
        self.sender_filter = SenderFilter(self.block_service, self.mutes)
        self.broker = MemoryBroker()
        self.streams = MemoryUserStreams(self.broker)
        self.stream_writer = StreamWriter(self.streams)
        self.pusher = NotificationPusher(self.store, self.user_cards, self.stream_writer)
        self.notifications = Notifications(
            self.store, self.user_cards, self.block_service, self.post_visibility, self.stream_writer
        )
        self.published_event_updates: list[tuple[str, Sequence[str]]] = []
        self.consumers = {service: self._make_consumer(service) for service in SERVICES}

    async def close(self) -> None:
        await self.notifications.close()
        await self.block_service.close()
        await self.post_visibility.close()
        await self.stream_writer.close()

    async def catch_up(self, *services: str) -> None:
        """Consume all published events."""
        database = self.databases["notifications"]
        for service in services or SERVICES:
            producer = self.databases[service]
            await catch_up(make_reader(self.consumers[service], producer, database), producer, database)

    async def replay_all(self) -> None:
        """Handle all events again, newest first."""
        for service, notifier in self.consumers.items():
            for event in reversed(await self.read_all_events(service)):
                await notifier.handle([event], None)

    async def read_all_events(self, service: str) -> list[OutboxEvent]:
        return await read_all_events(self.databases[service])

    async def create_event(self, creator_id: str, title: str = "Boules", capacity: int = 10) -> str:
        start = datetime.now(UTC) + timedelta(days=1)
        new = NewEvent(creator_id, title, None, "SPORTS", start, start + timedelta(hours=2), capacity)
        return await self.events.create(new, None)

    async def list_notifications(self, user_id: str) -> list[Notification]:
        """Return the user's notifications, newest first."""
        return (await self.notifications.page(user_id, None, 100, unread_only=False)).items

    async def list_messages(self, user_id: str) -> list[tuple[str, str, int]]:
        """Return type, message and count of each notification."""
        return [
            (notification.type.value, notification.message, notification.count)
            for notification in await self.list_notifications(user_id)
        ]

    async def pushed_frames(self, user_id: str) -> list[NotificationCreated | NotificationRead]:
        """Return the frames on the user's stream."""
        (position,) = await self.streams.positions([user_id])
        items = await self.streams.read_after(user_id, position.epoch, 0, 1000)
        frames = [server_frame_decoder.decode(item.payload) for item in items or ()]
        return [frame for frame in frames if isinstance(frame, NotificationCreated | NotificationRead)]

    def _make_consumer(self, service: str) -> NotificationConsumer:
        return NotificationConsumer(
            service,
            self.store,
            NotificationRecipients(
                self.user_cards,
                self.block_service,
                self.sender_filter,
                self.post_visibility,
                EventRecipients(
                    self.user_cards,
                    self.block_service,
                    self.sender_filter,
                    self.hosts,
                    self.reminders,
                    self.attendance,
                ),
                NotificationCauses(
                    CauseStores(
                        self.social,
                        self.follow_requests,
                        self.reactions,
                        self.comment_likes,
                        self.reposts,
                        self.events,
                        self.rsvps,
                        self.hosts,
                    )
                ),
            ),
            self.pusher,
            self.notifications,
            lambda event_id, user_ids: self.published_event_updates.append((event_id, user_ids)),
        )
