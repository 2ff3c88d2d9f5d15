"""The Event service on a real database, and conversations on stores in memory."""

import uuid
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime, timedelta

import pytest

from actors.core import Core
from actors.events.event_conversations import EventConversations, GroupConversations
from actors.events.serializers import event_conversation_id
from actors.user_cache.user_cards import UserCards
from storage.postgres.database import Database
from storage.postgres.events import PostgresEvents
from storage.postgres.rsvps import PostgresRsvps
from storage.postgres.user_cache import PostgresUserCache
from storage.records.domain_events import OutboxEvent
from storage.records.events import NewEvent
from storage.records.messaging import ConversationRecord
from storage.records.user_cache import UserSnapshot
from tests.actors.domain_events.reader_fixtures import catch_up, reader_of, told_by
from tests.actors.domain_events.service_databases import opened
from tests.actors.fake_cluster import FakeCluster
from tests.conftest import FreshDatabase


class Guests:
    """A User service that knows all but those who are gone."""

    def __init__(self) -> None:
        self.gone: set[str] = set()

    async def find(self, ids: Sequence[str]) -> list[UserSnapshot]:
        return [
            UserSnapshot(one, f"u{one[:8]}", None, None, verified=False, version=1)
            for one in ids
            if one not in self.gone
        ]


class GatheringHouse:
    """What happens at the Event service, taken in by hand."""

    def __init__(self, database: Database, core: Core, town: FakeCluster) -> None:
        self.database = database
        self.core = core
        self.town = town
        self.guests = Guests()
        self.people = [str(uuid.uuid4()) for _ in range(6)]
        self.rsvps = PostgresRsvps(database.pool)
        self.events = PostgresEvents(database.pool, database.idempotency_keys, self.rsvps)
        self.gathering = self.made(core.conversations)

    def made(self, groups: GroupConversations) -> EventConversations:
        people = UserCards(PostgresUserCache(self.database.pool, self.database.cursors), self.guests)
        return EventConversations(self.events, self.rsvps, people, groups, self.database.cursors)

    async def event(self, creator_id: str, title: str = "Boules", capacity: int = 100) -> str:
        start = datetime.now(UTC) + timedelta(days=1)
        new = NewEvent(creator_id, title, None, "SPORTS", start, start + timedelta(hours=1), capacity)
        return await self.events.create(new, None)

    async def answer(self, event_id: str, user_id: str, status: str) -> None:
        await self.rsvps.set_rsvp(event_id, user_id, status, waitlist=True)

    async def catch_up(self) -> None:
        reader = reader_of(self.gathering, self.database, self.database, batch=7)
        await catch_up(reader, self.database, self.database)

    async def told(self) -> list[OutboxEvent]:
        """All that the service has told."""
        return await told_by(self.database)

    async def group(self, event_id: str) -> ConversationRecord | None:
        return await self.town.messaging.get(event_conversation_id(event_id))

    async def members(self, event_id: str) -> set[str]:
        found = await self.group(event_id)
        return set() if found is None else set(found.participants)


@pytest.fixture
async def house(fresh_database: FreshDatabase) -> AsyncIterator[GatheringHouse]:
    """No event yet."""
    town = FakeCluster()
    async with opened(fresh_database("events"), "events") as database:
        yield GatheringHouse(database, await town.start_instance(), town)
        await town.close()
