"""The Event service on PostgreSQL, with conversations on in-memory stores."""

import uuid
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime, timedelta

import pytest

from actors.core import Core
from actors.events.event_conversations import EventConversations
from actors.events.group_conversations import GroupConversations
from actors.events.serializers import event_conversation_id
from actors.user_cache.user_cards import UserCards
from storage.contracts.domain_events import OutboxEvent
from storage.contracts.events import NewEvent
from storage.contracts.messaging import ConversationRecord
from storage.contracts.user_cache import UserSnapshot
from storage.postgres.database import Database
from storage.postgres.event_attendance import PostgresAttendance
from storage.postgres.event_hosting import PostgresEventHosts
from storage.postgres.events import PostgresEvents
from storage.postgres.rsvps import PostgresRsvps
from storage.postgres.user_cache import PostgresUserCache
from tests.actors.domain_events.reader_fixtures import catch_up, make_reader, read_all_events
from tests.actors.domain_events.service_databases import open_database
from tests.actors.fake_cluster import FakeCluster
from tests.conftest import FreshDatabase


class FakeUserSource:
    """A User service that knows every id, except deleted ones."""

    def __init__(self) -> None:
        self.deleted_ids: set[str] = set()

    async def find(self, ids: Sequence[str]) -> list[UserSnapshot]:
        return [
            UserSnapshot(user_id, f"u{user_id[:8]}", None, None, verified=False, version=1)
            for user_id in ids
            if user_id not in self.deleted_ids
        ]


class EventConversationsSetup:
    """The Event service and a consumer that the test drives manually."""

    def __init__(self, database: Database, core: Core, cluster: FakeCluster) -> None:
        self.database = database
        self.core = core
        self.cluster = cluster
        self.user_source = FakeUserSource()
        self.user_ids = [str(uuid.uuid4()) for _ in range(6)]
        self.rsvps = PostgresRsvps(database.pool)
        self.hosts = PostgresEventHosts(database.pool)
        self.attendance = PostgresAttendance(database.pool, database.idempotency_keys, 100)
        self.events = PostgresEvents(database.pool, database.idempotency_keys, self.rsvps)
        self.consumer = self.make_consumer(core.conversations)

    def make_consumer(self, groups: GroupConversations) -> EventConversations:
        people = UserCards(PostgresUserCache(self.database.pool, self.database.cursors), self.user_source)
        return EventConversations(self.events, self.rsvps, self.hosts, people, groups, self.database.cursors)

    async def create_event(self, creator_id: str, title: str = "Boules", capacity: int = 100) -> str:
        start = datetime.now(UTC) + timedelta(days=1)
        new = NewEvent(creator_id, title, None, "SPORTS", start, start + timedelta(hours=1), capacity)
        return await self.events.create(new, None)

    async def set_rsvp(self, event_id: str, user_id: str, status: str) -> None:
        await self.rsvps.set_rsvp(event_id, user_id, status, waitlist=True)

    async def catch_up(self) -> None:
        reader = make_reader(self.consumer, self.database, self.database, batch_size=7)
        await catch_up(reader, self.database, self.database)

    async def read_all_events(self) -> list[OutboxEvent]:
        """All events in the service's outbox."""
        return await read_all_events(self.database)

    async def get_group(self, event_id: str) -> ConversationRecord | None:
        return await self.cluster.messaging.get(event_conversation_id(event_id))

    async def get_members(self, event_id: str) -> set[str]:
        found = await self.get_group(event_id)
        return set() if found is None else set(found.participants)


@pytest.fixture
async def setup(fresh_database: FreshDatabase) -> AsyncIterator[EventConversationsSetup]:
    """A setup without events."""
    cluster = FakeCluster()
    async with open_database(fresh_database("events"), "events") as database:
        yield EventConversationsSetup(database, await cluster.start_instance(), cluster)
        await cluster.close()
