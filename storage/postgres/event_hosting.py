"""Hosts of events, requests and cancellation in PostgreSQL.

Each change is one SQL function, which locks the event's row first.
"""

from collections.abc import Mapping, Sequence

import asyncpg

from config.limits import EVENT_COHOSTS_MAX
from storage.contracts.event_hosting import EventDetails, EventHosts
from storage.contracts.events import Attendee
from storage.contracts.paging import PageKey
from storage.contracts.rsvps import RsvpRecord, RsvpState
from storage.errors import Conflict, Missing
from storage.postgres.pool import PostgresPool
from storage.postgres.rsvps import to_rsvp_record
from storage.postgres.statement import load_statement
from storage.postgres.user_rows import to_user_card
from storage.postgres.uuid_params import page_after, to_uuid, to_uuids

SERVICE = "events"
MISSING_REASONS = {"missing", "request"}


class PostgresEventHosts:
    """Implements `storage.contracts.event_hosting.EventHostStore`."""

    def __init__(self, pool: PostgresPool) -> None:
        self._pool = pool
        self._details = load_statement(SERVICE, "hosting", "event_detail_list")
        self._hosts = load_statement(SERVICE, "hosting", "host_list")
        self._hosts_among = load_statement(SERVICE, "hosting", "host_filter")
        self._add = load_statement(SERVICE, "hosting", "host_add")
        self._remove = load_statement(SERVICE, "hosting", "host_remove")
        self._cancel = load_statement(SERVICE, "hosting", "event_cancel")

    async def find_details(self, event_ids: Sequence[str], viewer_id: str) -> Mapping[str, EventDetails]:
        if not event_ids:
            return {}
        rows = await self._pool.rows(self._details, to_uuids(event_ids), to_uuid(viewer_id))
        by_event: dict[str, list[asyncpg.Record]] = {}
        for row in rows:
            by_event.setdefault(str(row["id"]), []).append(row)
        return {event_id: _to_details(event_rows) for event_id, event_rows in by_event.items()}

    async def get_hosts(self, event_id: str) -> EventHosts | None:
        rows = await self._pool.rows(self._hosts, to_uuid(event_id))
        if not rows:
            return None
        first = rows[0]
        return EventHosts(
            tuple(str(row["user_id"]) for row in rows), first["is_cancelled"], first["is_hidden"]
        )

    async def hosts_among(self, attendees: Sequence[Attendee]) -> set[Attendee]:
        if not attendees:
            return set()
        rows = await self._pool.rows(
            self._hosts_among,
            to_uuids(one.event_id for one in attendees),
            to_uuids(one.user_id for one in attendees),
        )
        return {Attendee(str(row["event_id"]), str(row["user_id"])) for row in rows}

    async def add_host(self, event_id: str, user_id: str) -> bool:
        (row,) = await self._pool.write(self._add, to_uuid(event_id), to_uuid(user_id), EVENT_COHOSTS_MAX)
        raise_refusal(row["refused"])
        return bool(row["changed"])

    async def remove_host(self, event_id: str, user_id: str) -> bool:
        (row,) = await self._pool.write(self._remove, to_uuid(event_id), to_uuid(user_id))
        return bool(row["removed"])

    async def cancel(self, event_id: str, user_id: str, reason: str | None) -> bool:
        (row,) = await self._pool.write(self._cancel, to_uuid(event_id), to_uuid(user_id), reason)
        raise_refusal(row["refused"])
        return bool(row["changed"])


class PostgresRsvpRequests:
    """Implements `storage.contracts.event_hosting.RsvpRequestStore`."""

    def __init__(self, pool: PostgresPool) -> None:
        self._pool = pool
        self._page = load_statement(SERVICE, "hosting", "request_page")
        self._accept = load_statement(SERVICE, "hosting", "request_accept")
        self._decline = load_statement(SERVICE, "hosting", "request_decline")

    async def page_requests(
        self, event_id: str, after: PageKey | None, excluded_user_ids: Sequence[str], limit: int
    ) -> list[RsvpRecord]:
        rows = await self._pool.rows(
            self._page, to_uuid(event_id), *page_after(after), to_uuids(excluded_user_ids), limit
        )
        return [to_rsvp_record(row) for row in rows]

    async def accept_request(self, event_id: str, user_id: str, host_id: str) -> RsvpState:
        (row,) = await self._pool.write(self._accept, to_uuid(event_id), to_uuid(user_id), to_uuid(host_id))
        raise_refusal(row["refused"])
        return RsvpState(row["status"], row["waitlist_position"], row["guests"] or 0)

    async def decline_request(self, event_id: str, user_id: str, host_id: str) -> bool:
        (row,) = await self._pool.write(self._decline, to_uuid(event_id), to_uuid(user_id), to_uuid(host_id))
        return bool(row["declined"])


def raise_refusal(reason: str | None) -> None:
    """Raise `Missing` or `Conflict` for the `refused` of an SQL function."""
    if reason in MISSING_REASONS:
        raise Missing
    if reason is not None:
        raise Conflict(reason)


def _to_details(rows: Sequence[asyncpg.Record]) -> EventDetails:
    first = rows[0]
    return EventDetails(
        cohosts=tuple(
            to_user_card(row, str(row["host_id"]))
            for row in rows
            if row["host_id"] is not None and not row["deleted"]
        ),
        cancelled_at=first["cancelled_at"],
        cancel_reason=first["cancel_reason"],
        approval=first["approval"],
        is_pending=first["is_pending"],
        my_guests=first["my_guests"],
        my_reminders=None if first["my_reminders"] is None else tuple(first["my_reminders"]),
    )
