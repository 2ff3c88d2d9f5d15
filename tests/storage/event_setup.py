"""Stores of the Event service on an empty database, with helpers to create events."""

from datetime import UTC, datetime, timedelta

from storage.contracts.events import EventRecord, NewEvent
from storage.postgres.audit import PostgresCountAudit
from storage.postgres.event_attendance import PostgresAttendance
from storage.postgres.event_blocks import PostgresEventBlocks
from storage.postgres.event_hosting import PostgresEventHosts, PostgresRsvpRequests
from storage.postgres.event_reminders import PostgresEventReminders
from storage.postgres.events import PostgresEvents
from storage.postgres.rsvps import PostgresRsvps
from tests.storage.service_database import ServiceDatabase, ServiceInstance, random_id

HOUR = timedelta(hours=1)


class EventSetup:
    """`place` is the time of an event: hours from now to its start and to its end."""

    def __init__(self, database: ServiceDatabase, instance: ServiceInstance) -> None:
        self.database = database
        self.sql = database.sql
        self.rsvps = PostgresRsvps(instance.pool)
        self.events = PostgresEvents(instance.pool, instance.idempotency_keys, self.rsvps)
        self.blocks = PostgresEventBlocks(instance.pool)
        self.hosts = PostgresEventHosts(instance.pool)
        self.attendance = PostgresAttendance(instance.pool, instance.idempotency_keys, 100)
        self.reminders = PostgresEventReminders(instance.pool)
        self.requests = PostgresRsvpRequests(instance.pool)
        self.audit = PostgresCountAudit(instance.pool, "events")

    async def create_event(
        self,
        capacity: int = 10,
        creator_id: str | None = None,
        title: str = "Picnic",
        description: str | None = None,
        category: str = "SOCIAL",
        hours: tuple[float, float] = (1, 2),
        *,
        approval: bool = False,
    ) -> str:
        now = datetime.now(UTC)
        start, end = (now + hours * HOUR for hours in hours)
        creator = creator_id or random_id()
        return await self.events.create(
            NewEvent(creator, title, description, category, start, end, capacity, approval), None
        )

    async def mark_started(self, event_id: str) -> None:
        """An event that has started and not ended."""
        await self.sql.execute(
            "UPDATE events SET start_datetime = now() - interval '1 hour' WHERE id = $1", event_id
        )

    async def mark_ended(self, event_id: str) -> None:
        """An event that has ended."""
        await self.sql.execute(
            "UPDATE events SET start_datetime = now() - interval '1 h', end_datetime = now() WHERE id = $1",
            event_id,
        )

    async def get_event(self, event_id: str, viewer_id: str = "") -> EventRecord:
        (event,) = await self.events.find([event_id], viewer_id)
        return event

    async def counts(self, event_id: str) -> tuple[int, int]:
        """Return going and interested counts, after checking them against the rows."""
        assert await self.audit.count_mismatches() == 0
        event = await self.get_event(event_id)
        return event.going_count, event.interested_count

    async def going_user_ids(self, event_id: str) -> list[str]:
        return [one.user.id for one in await self.rsvps.page_rsvps(event_id, "GOING", None, (), 1000)]

    async def promoted_user_ids(self) -> list[str]:
        """Return the users whose promotion was published, in order."""
        return [one.payload["user_id"] for one in await self.database.outbox_rows("rsvp.promoted")]
