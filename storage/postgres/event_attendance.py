"""Announcements and attendance in PostgreSQL."""

from collections.abc import Sequence

from storage.contracts.event_attendance import AnnouncementRecord, AnnouncementRefused
from storage.contracts.idempotency import IdempotencyKey
from storage.contracts.rsvps import RsvpDetails, RsvpRecord, RsvpState
from storage.errors import Missing
from storage.postgres.idempotency_keys import PostgresIdempotencyKeys
from storage.postgres.pool import PostgresPool, Transaction
from storage.postgres.rsvps import to_rsvp_record
from storage.postgres.statement import load_statement
from storage.postgres.uuid_params import MIN_UUID, to_uuid

SERVICE = "events"


class PostgresAttendance:
    """Implements `storage.contracts.event_attendance.AttendanceStore`."""

    def __init__(
        self, pool: PostgresPool, idempotency_keys: PostgresIdempotencyKeys, announcements_per_hour: int
    ) -> None:
        self._pool = pool
        self._announcements_per_hour = announcements_per_hour
        self._idempotency_keys = idempotency_keys
        self._announce = load_statement(SERVICE, "attendance", "announcement_add")
        self._announcement = load_statement(SERVICE, "attendance", "announcement_get")
        self._audience = load_statement(SERVICE, "attendance", "event_audience_list")
        self._attendees = load_statement(SERVICE, "attendance", "attendee_list")
        self._check_in = load_statement(SERVICE, "attendance", "check_in")

    async def announce(
        self, event_id: str, author_id: str, content: str, idempotency_key: IdempotencyKey | None
    ) -> AnnouncementRecord:
        async def insert(transaction: Transaction) -> str:
            (row,) = await transaction.rows(
                self._announce, to_uuid(event_id), to_uuid(author_id), content, self._announcements_per_hour
            )
            if row["refused"] == "missing":
                raise Missing
            if row["refused"] is not None:
                raise AnnouncementRefused(row["retry_s"])
            return str(row["id"])

        announcement_id = await self._idempotency_keys.run_once(idempotency_key, insert)
        row = await self._pool.row(self._announcement, to_uuid(announcement_id))
        if row is None:
            raise Missing
        return AnnouncementRecord(
            str(row["id"]), str(row["event_id"]), str(row["author_id"]), row["content"], row["created_at"]
        )

    async def list_audience(
        self, event_id: str, after: str, limit: int, *, with_invited: bool
    ) -> Sequence[str]:
        last_id = to_uuid(after) or MIN_UUID
        rows = await self._pool.rows(self._audience, to_uuid(event_id), with_invited, last_id, limit)
        return [str(row["user_id"]) for row in rows]

    async def list_attendees(self, event_id: str, after: str, limit: int) -> Sequence[RsvpRecord]:
        rows = await self._pool.rows(self._attendees, to_uuid(event_id), to_uuid(after) or MIN_UUID, limit)
        return [to_rsvp_record(row) for row in rows]

    async def check_in(self, event_id: str, user_id: str) -> RsvpDetails | None:
        rows = await self._pool.write(self._check_in, to_uuid(event_id), to_uuid(user_id))
        if not rows:
            return None
        state = RsvpState("GOING", None, rows[0]["guests"])
        return RsvpDetails(state, checked_in_at=rows[0]["checked_in_at"])
