"""RSVPs and waitlists in PostgreSQL.

    lock the event -> check capacity -> write the RSVP -> promote the waitlist -> commit

Setting an RSVP is one SQL function, so that the event's row, which every RSVP transaction locks first, is not
locked across a round trip. Check constraints enforce the capacity in any case.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime

import asyncpg

from config.limits import SUGGESTION_EVENTS_READ
from storage.contracts.events import Attendee
from storage.contracts.paging import PageKey, to_microseconds
from storage.contracts.rsvps import RsvpDetails, RsvpRecord, RsvpState, RsvpSummary, RsvpTimes
from storage.errors import Conflict, Missing
from storage.postgres.pool import PostgresPool, Transaction
from storage.postgres.statement import load_statement
from storage.postgres.user_rows import to_user_card
from storage.postgres.uuid_params import page_after, to_uuid, to_uuids

SERVICE = "events"


class PostgresRsvps:
    """Implements `storage.contracts.rsvps.RsvpStore`."""

    def __init__(self, pool: PostgresPool) -> None:
        self._pool = pool
        self._lock = load_statement(SERVICE, "rsvps", "event_lock")
        self._get = load_statement(SERVICE, "rsvps", "rsvp_get")
        self._rsvps_among = load_statement(SERVICE, "rsvps", "rsvp_filter")
        self._times = load_statement(SERVICE, "rsvps", "rsvp_times")
        self._set_rsvp = load_statement(SERVICE, "rsvps", "rsvp_set")
        self._delete_rsvp = load_statement(SERVICE, "rsvps", "rsvp_withdraw")
        self._remove_attendee = load_statement(SERVICE, "rsvps", "attendee_remove")
        self._page = load_statement(SERVICE, "rsvps", "rsvp_page")
        self._co_attendees = load_statement(SERVICE, "rsvps", "co_attendee_list")
        self._promote = load_statement(SERVICE, "rsvps", "waitlist_promote")

    async def set_rsvp(
        self,
        event_id: str,
        user_id: str,
        status: str,
        *,
        waitlist: bool,
        guests: int | None = None,
        reminders: Sequence[int] | None = None,
    ) -> RsvpState:
        (row,) = await self._pool.write(
            self._set_rsvp, to_uuid(event_id), to_uuid(user_id), status, waitlist, guests, reminders
        )
        reason: str | None = row["refused"]
        if reason == "missing":
            raise Missing
        if reason is not None:
            raise Conflict(reason)
        return RsvpState(row["status"], row["waitlist_position"], row["guests"])

    async def delete_rsvp(self, event_id: str, user_id: str) -> RsvpState:
        (row,) = await self._pool.write(self._delete_rsvp, to_uuid(event_id), to_uuid(user_id))
        if not row["known"]:
            raise Missing
        return RsvpState(None, None)

    async def remove_attendee(self, event_id: str, user_id: str) -> None:
        (row,) = await self._pool.write(self._remove_attendee, to_uuid(event_id), to_uuid(user_id))
        if not row["known"]:
            raise Missing

    async def get_rsvp(self, event_id: str, user_id: str) -> RsvpState:
        return (await self.get_details(event_id, user_id)).state

    async def rsvps_among(self, attendees: Sequence[Attendee]) -> Mapping[Attendee, RsvpSummary]:
        if not attendees:
            return {}
        rows = await self._pool.rows(
            self._rsvps_among,
            to_uuids(one.event_id for one in attendees),
            to_uuids(one.user_id for one in attendees),
        )
        return {
            Attendee(str(row["event_id"]), str(row["user_id"])): RsvpSummary(row["status"], row["is_waiting"])
            for row in rows
        }

    async def get_details(self, event_id: str, user_id: str) -> RsvpDetails:
        row = await self._pool.row(self._get, to_uuid(event_id), to_uuid(user_id))
        if row is None:
            return RsvpDetails(RsvpState(None, None))
        state = RsvpState(row["status"], row["waitlist_position"] or None, row["guests"])
        return RsvpDetails(state, tuple(row["reminders"] or ()), row["checked_in_at"])

    async def get_times(self, event_id: str, user_id: str) -> RsvpTimes:
        row = await self._pool.row(self._times, to_uuid(event_id), to_uuid(user_id))
        return (
            RsvpTimes() if row is None else RsvpTimes(_to_ms(row["answered_at"]), _to_ms(row["invited_at"]))
        )

    async def page_rsvps(
        self,
        event_id: str,
        status: str | None,
        after: PageKey | None,
        excluded_user_ids: Sequence[str],
        limit: int,
    ) -> list[RsvpRecord]:
        rows = await self._pool.rows(
            self._page, to_uuid(event_id), status, *page_after(after), to_uuids(excluded_user_ids), limit
        )
        return [to_rsvp_record(row) for row in rows]

    async def list_co_attendees(self, user_id: str, limit: int) -> Mapping[str, int]:
        rows = await self._pool.rows(self._co_attendees, to_uuid(user_id), SUGGESTION_EVENTS_READ, limit)
        return {str(row["user_id"]): row["event_count"] for row in rows}

    async def lock(self, transaction: Transaction, event_id: str) -> asyncpg.Record:
        """Lock the event's row; call it first in every RSVP transaction. Raises `Missing`."""
        locked = await transaction.row(self._lock, to_uuid(event_id))
        if locked is None:
            raise Missing
        return locked

    async def promote(self, transaction: Transaction, event_id: str, places: int) -> None:
        """Give `places` free places to the waitlist in its order; call it after `lock`."""
        await transaction.rows(self._promote, to_uuid(event_id), places)


def to_rsvp_record(row: asyncpg.Record) -> RsvpRecord:
    return RsvpRecord(
        to_user_card(row, str(row["user_id"])),
        row["status"],
        row["answered_at"],
        row["guests"],
        row["checked_in_at"],
    )


def _to_ms(time: datetime | None) -> int:
    return 0 if time is None else to_microseconds(time) // 1000
