"""The Event service as part of `VisibilitySetup`, with the pushes of event updates."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import cast

import msgspec

from actors.consent.consent import AdditionKind, ConsentNeeded
from actors.consent.conversation_requests import ConversationRequests
from actors.events.attendance import Attendance
from actors.events.calendar import CalendarWriter
from actors.events.check_in_codes import CheckInCodes
from actors.events.event_block_consumer import EventBlockConsumer
from actors.events.event_calendars import EventCalendars
from actors.events.event_hosting import EventHosting
from actors.events.event_series import EventSeriesEditor
from actors.events.events import Events
from actors.events.rsvp_requests import RsvpRequests
from actors.events.rsvps import Rsvps
from actors.keyed_hash import KeyedHash
from actors.protocol.objects import UserCard
from actors.protocol.server_frames import EventUpdated
from actors.social.block_service import BlockService
from actors.user_cache.user_cards import UserCards, UserSource
from storage.contracts.social import SocialStore
from storage.contracts.visibility_checks import VisibilityCheckStore
from storage.postgres.contents import PostgresContents
from storage.postgres.database import Database
from storage.postgres.event_attendance import PostgresAttendance
from storage.postgres.event_blocks import PostgresEventBlocks
from storage.postgres.event_hosting import PostgresEventHosts, PostgresRsvpRequests
from storage.postgres.event_series import PostgresEventSeries
from storage.postgres.events import PostgresEvents
from storage.postgres.rsvps import PostgresRsvps
from storage.postgres.statement import parse_statement
from storage.postgres.user_cache import PostgresUserCache
from storage.postgres.uuid_params import to_uuid

START = datetime(2200, 1, 1, tzinfo=UTC)
"""When the first world's events start: far ahead, so that waiting users are promoted."""
ANNOUNCEMENTS_MAX = 100
PUBLISH_REMINDERS = parse_statement(
    "reminders_publish",
    """
--   :event_id uuid  :minutes int   -> id
INSERT INTO outbox (key, type, payload)
SELECT
    e.id,
    'event.reminder',
    jsonb_build_object(
        'id', e.id, 'title', e.title, 'start_at', e.start_datetime, 'minutes', :minutes,
        'starts_in_s', 60.0 * :minutes, 'user_ids', jsonb_agg(m.user_id)
    )
FROM events AS e
INNER JOIN event_reminders AS m ON e.id = m.event_id
INNER JOIN event_rsvps AS r ON m.event_id = r.event_id AND m.user_id = r.user_id
WHERE e.id = :event_id AND r.status = 'GOING' AND cardinality(m.minutes) > 0
GROUP BY e.id
RETURNING id
""",
)
REMINDER_MINUTES = 60


class EveryoneConsents:
    """In place of `ConversationRequests`: everyone may be invited by everyone."""

    async def check(self, actor_id: str, user_ids: Sequence[str], kind: AdditionKind) -> ConsentNeeded:
        return ConsentNeeded()


class EventSetup:
    def __init__(
        self,
        database: Database,
        users: UserSource,
        social: SocialStore,
        blocks: BlockService,
        checks: VisibilityCheckStore,
    ) -> None:
        self._pool = pool = database.pool
        keys = database.idempotency_keys
        self.cards = UserCards(PostgresUserCache(pool, database.cursors), users)
        self.rsvp_store = PostgresRsvps(pool)
        self.store = PostgresEvents(pool, keys, self.rsvp_store)
        self.host_store = PostgresEventHosts(pool)
        self.attendance_store = PostgresAttendance(pool, keys, ANNOUNCEMENTS_MAX)
        self.contents = PostgresContents.for_events(pool)
        requests = cast("ConversationRequests", EveryoneConsents())
        codes = CheckInCodes(KeyedHash(b"k" * 32))
        self.events = Events(self.store, self.host_store, self.cards, blocks, requests, _ignore)
        self.series_store = PostgresEventSeries(pool, keys, self.store)
        self.series = EventSeriesEditor(self.series_store, self.events, _ignore)
        self.rsvps = Rsvps(self.rsvp_store, self.events, self.cards, blocks, codes, _ignore)
        self.rsvp_requests = RsvpRequests(
            PostgresRsvpRequests(pool), self.events, self.cards, blocks, _ignore
        )
        self.hosting = EventHosting(
            self.host_store, self.rsvp_store, self.events, self.cards, requests, _ignore
        )
        self.attendance = Attendance(self.attendance_store, self.events, self.cards, codes, _ignore)
        self.calendars = EventCalendars(
            self.store, self.series_store, self.events, CalendarWriter("https://x")
        )
        self.block_consumer = EventBlockConsumer(
            PostgresEventBlocks(pool), social, blocks, database.cursors, checks, _ignore
        )
        self.updates: set[tuple[str, str]] = set()
        """(event, user) of all updates that were pushed."""

    def publish(self, user_ids: Sequence[str], frame: msgspec.Struct) -> None:
        """Record a push of `EphemeralEventPublisher`."""
        assert isinstance(frame, EventUpdated)
        self.updates |= {(frame.event.id, user_id) for user_id in user_ids}

    async def publish_reminders(self, event_id: str) -> None:
        """Publish reminders of an event, as if it started in an hour, to all who go and want any."""
        await self._pool.write(PUBLISH_REMINDERS, to_uuid(event_id), REMINDER_MINUTES)

    async def get_card(self, user_id: str) -> UserCard:
        return await self.cards.get(user_id)


def _ignore() -> None:
    """Consumers are driven by the test."""
