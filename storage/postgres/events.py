"""Events in PostgreSQL. A change that frees places promotes the waitlist in the same transaction."""

import contextlib
from collections.abc import Mapping, Sequence
from datetime import datetime

import asyncpg
from msgspec import UNSET

from storage.contracts.event_times import is_end_after_start
from storage.contracts.events import (
    Attendee,
    EventAccess,
    EventChange,
    EventPlace,
    EventRecord,
    EventRevision,
    EventSearchCriteria,
    InviteKey,
    NewEvent,
)
from storage.contracts.idempotency import IdempotencyKey
from storage.contracts.paging import PageKey
from storage.errors import Conflict, Missing
from storage.postgres.bounding_box import to_box_params
from storage.postgres.idempotency_keys import PostgresIdempotencyKeys
from storage.postgres.pool import PostgresPool, Transaction
from storage.postgres.rsvps import PostgresRsvps
from storage.postgres.search_index import PostgresSearchIndex
from storage.postgres.statement import load_statement
from storage.postgres.user_rows import to_user_card
from storage.postgres.user_writers import UserWriters
from storage.postgres.uuid_params import page_after, to_uuid, to_uuids
from storage.search_words import (
    SEARCH_SCANNED_ROWS,
    index_terms,
    index_words,
    is_scan_promising,
    query_terms,
    to_tsquery,
    to_tsvector,
)

SERVICE = "events"
DELETE_BATCH_ROWS = 100
DELETE_EVENTS_ROWS = 10
"""Fewer, because the RSVPs and invites of each are deleted with it."""


class PostgresEvents:
    """Implements `storage.contracts.events.EventStore`."""

    def __init__(
        self, pool: PostgresPool, idempotency_keys: PostgresIdempotencyKeys, rsvps: PostgresRsvps
    ) -> None:
        self._pool = pool
        self._idempotency_keys = idempotency_keys
        self._rsvps = rsvps
        self._insert = load_statement(SERVICE, "events", "event_insert")
        self._list_by_ids = load_statement(SERVICE, "events", "event_list_by_ids")
        self._page = load_statement(SERVICE, "search_words", "event_page")
        self._page_by_words = load_statement(SERVICE, "search_words", "event_page_by_words")
        self._page_of_user = load_statement(SERVICE, "user_events", "event_page_of_user")
        self._search_index = PostgresSearchIndex.for_events(pool)
        self._hidden = load_statement(SERVICE, "events", "hidden_event_get")
        self._creator = load_statement(SERVICE, "events", "event_creator")
        self._access = load_statement(SERVICE, "events", "event_access")
        self._revisions = load_statement(SERVICE, "events", "event_revision_list")
        self._attended = load_statement(SERVICE, "user_events", "attended_event_list")
        self._set_actor = load_statement(SERVICE, "events", "event_actor_set")
        self._update = load_statement(SERVICE, "events", "event_update")
        self._set_approval = load_statement(SERVICE, "hosting", "approval_set")
        self._delete = load_statement(SERVICE, "events", "event_delete")
        self._invite = load_statement(SERVICE, "events", "invite_insert")
        self._invites_among = load_statement(SERVICE, "events", "invite_filter")
        self._invisible_among = load_statement(SERVICE, "events", "event_invisible_filter")
        self._rsvp_events = load_statement(SERVICE, "events", "user_rsvp_event_list")
        self._user_writers = UserWriters(pool)
        self._delete_user_events = load_statement(SERVICE, "events", "user_events_delete")
        self._delete_user_invites = load_statement(SERVICE, "events", "user_invites_delete")
        self._delete_user_data = load_statement(SERVICE, "events", "user_data_delete")

    async def create(self, event: NewEvent, idempotency_key: IdempotencyKey | None) -> str:
        async def insert(transaction: Transaction) -> str:
            return await self.insert_in(transaction, event)

        return await self._idempotency_keys.run_once(idempotency_key, insert)

    async def insert_in(self, transaction: Transaction, event: NewEvent) -> str:
        """Create an event in a transaction of the caller, and return its id."""
        rows = await transaction.rows(
            self._insert,
            to_uuid(event.creator_id),
            event.title,
            event.description,
            event.category,
            event.start,
            event.end,
            event.capacity,
            to_tsvector(index_words(event.title, event.description)),
            event.timezone,
            *_to_place_params(event.place),
            event.url,
            event.visibility,
        )
        if event.approval:
            await transaction.rows(self._set_approval, rows[0]["id"], event.approval)
        return str(rows[0]["id"])

    async def find(self, ids: Sequence[str], viewer_id: str) -> list[EventRecord]:
        wanted = to_uuids(ids)
        if not wanted:
            return []
        rows = await self._pool.rows(self._list_by_ids, wanted, to_uuid(viewer_id), False)
        return [_to_event(row) for row in rows]

    async def find_for_all(self, ids: Sequence[str]) -> list[EventRecord]:
        rows = await self._pool.rows(self._list_by_ids, to_uuids(ids), None, True)
        return [_to_event(row) for row in rows]

    async def search(
        self,
        criteria: EventSearchCriteria,
        after: PageKey | None,
        viewer_id: str,
        excluded_user_ids: Sequence[str],
        limit: int,
    ) -> list[EventRecord]:
        terms = query_terms(criteria.query_text or "")
        if criteria.query_text is not None and not terms:
            return []
        conditions = (
            criteria.category,
            criteria.ends_after,
            criteria.starts_before,
            to_uuids(excluded_user_ids),
            *page_after(after),
        )
        viewer, words = to_uuid(viewer_id), to_tsquery(terms) if terms else None
        box = to_box_params(criteria.near)
        if criteria.relation is not None:
            rows = await self._pool.search(
                self._page_of_user, criteria.relation, *conditions, words, viewer, limit, *box
            )
            return [_to_event(row) for row in rows]
        for scanned in SEARCH_SCANNED_ROWS if terms else (limit,):
            rows = await self._pool.search(self._page, *conditions, words, scanned, viewer, limit, *box)
            if not terms or len(rows) == limit:
                return [_to_event(row) for row in rows]
            if not is_scan_promising(len(rows), limit):
                break
        indexed = to_tsquery(index_terms(terms))
        rows = await self._pool.search(self._page_by_words, *conditions, words, indexed, viewer, limit, *box)
        return [_to_event(row) for row in rows]

    async def find_hidden(self, event_id: str, viewer_id: str) -> EventRecord | None:
        row = await self._pool.row(self._hidden, to_uuid(event_id), to_uuid(viewer_id))
        return _to_event(row) if row else None

    async def get_creator_id(self, event_id: str) -> str | None:
        row = await self._pool.row(self._creator, to_uuid(event_id))
        return str(row["creator_id"]) if row else None

    async def get_access(self, event_id: str, viewer_id: str) -> EventAccess | None:
        row = await self._pool.row(self._access, to_uuid(event_id), to_uuid(viewer_id))
        if row is None:
            return None
        return EventAccess(row["visibility"] == "public", row["visible"])

    async def find_revisions(self, ids: Sequence[str]) -> Mapping[str, EventRevision]:
        rows = await self._pool.rows(self._revisions, to_uuids(ids))
        return {str(row["id"]): EventRevision(row["revision"], row["updated_at"]) for row in rows}

    async def list_going(self, user_id: str, ended_after: datetime, limit: int) -> list[str]:
        rows = await self._pool.rows(self._attended, to_uuid(user_id), ended_after, limit)
        return [str(row["id"]) for row in rows]

    async def change(self, event_id: str, change: EventChange, actor_id: str | None = None) -> None:
        async with self._pool.transaction() as transaction:
            if actor_id is not None:
                await transaction.rows(self._set_actor, actor_id)
            await self.change_in(transaction, event_id, change)

    async def change_in(self, transaction: Transaction, event_id: str, change: EventChange) -> None:
        """Change an event in a transaction of the caller, like `change`."""
        await self._rsvps.lock(transaction, event_id)
        row = await transaction.row(self._update, to_uuid(event_id), *_to_change_params(change))
        if row is None:
            raise Missing
        if not is_end_after_start(row["start_datetime"], row["end_datetime"], row["timezone"]):
            raise Conflict("events_end_after_start")
        if change.approval is not UNSET:
            await transaction.rows(self._set_approval, row["id"], change.approval)
        if change.title is not UNSET or change.description is not UNSET:
            texts = (row["title"], row["description"])
            await self._search_index.set_words(transaction, {row["id"]: texts})
        if row["ahead"] and row["capacity"] > row["going_count"]:
            await self._rsvps.promote(transaction, event_id, row["capacity"] - row["going_count"])

    async def delete(self, event_id: str, creator_id: str) -> bool:
        return bool(await self._pool.write(self._delete, to_uuid(event_id), to_uuid(creator_id)))

    async def invite(
        self, event_id: str, inviter_id: str, user_ids: Sequence[str], idempotency_key: IdempotencyKey | None
    ) -> None:
        async def insert(transaction: Transaction) -> str:
            await transaction.rows(
                self._invite, to_uuid(event_id), to_uuid(inviter_id), sorted(set(to_uuids(user_ids)))
            )
            return ""

        await self._idempotency_keys.run_once(idempotency_key, insert)

    async def invites_among(self, invites: Sequence[InviteKey]) -> set[InviteKey]:
        if not invites:
            return set()
        rows = await self._pool.rows(
            self._invites_among,
            to_uuids(invite.event_id for invite in invites),
            to_uuids(invite.user_id for invite in invites),
            to_uuids(invite.inviter_id for invite in invites),
        )
        return {InviteKey(str(row["event_id"]), str(row["user_id"]), str(row["inviter_id"])) for row in rows}

    async def invisible_among(self, attendees: Sequence[Attendee]) -> set[Attendee]:
        if not attendees:
            return set()
        rows = await self._pool.rows(
            self._invisible_among,
            to_uuids(one.event_id for one in attendees),
            to_uuids(one.user_id for one in attendees),
        )
        return {Attendee(str(row["event_id"]), str(row["user_id"])) for row in rows}

    async def remove_user(self, user_id: str) -> None:
        await self._user_writers.wait_for(to_uuid(user_id))
        while rows := await self._pool.rows(self._rsvp_events, to_uuid(user_id), DELETE_BATCH_ROWS):
            for row in rows:
                # If the event was deleted meanwhile, so were its RSVPs.
                with contextlib.suppress(Missing):
                    await self._rsvps.delete_rsvp(str(row["event_id"]), user_id)
        await self._pool.write_until_none(self._delete_user_events, to_uuid(user_id), DELETE_EVENTS_ROWS)
        await self._pool.write_until_none(self._delete_user_invites, to_uuid(user_id), DELETE_BATCH_ROWS)
        await self._pool.write(self._delete_user_data, to_uuid(user_id))


def _to_place_params(place: EventPlace | None) -> tuple[object, ...]:
    if place is None:
        return None, None, None, None
    return place.name, place.address, place.latitude, place.longitude


def _to_change_params(change: EventChange) -> list[object]:
    """Return for each field whether it is set, and its values."""
    values: list[object] = []
    for field in (
        change.title,
        change.description,
        change.category,
        change.start,
        change.end,
        change.capacity,
        change.timezone,
    ):
        values += [False, None] if field is UNSET else [True, field]
    place = change.place
    values += [False, *_to_place_params(None)] if place is UNSET else [True, *_to_place_params(place)]
    for field in (change.url, change.visibility):
        values += [False, None] if field is UNSET else [True, field]
    return values


def _to_place(row: asyncpg.Record) -> EventPlace | None:
    if row["place_name"] is None:
        return None
    return EventPlace(row["place_name"], row["place_address"], row["latitude"], row["longitude"])


def _to_event(row: asyncpg.Record) -> EventRecord:
    return EventRecord(
        id=str(row["id"]),
        creator=to_user_card(row, str(row["creator_id"])),
        title=row["title"],
        description=row["description"],
        category=row["category"],
        start=row["start_datetime"],
        end=row["end_datetime"],
        capacity=row["capacity"],
        going_count=row["going_count"],
        interested_count=row["interested_count"],
        my_rsvp=row["my_rsvp"],
        my_waitlist_position=row["my_place"] or None,
        hidden_at=row.get("hidden_at"),
        timezone=row["timezone"],
        place=_to_place(row),
        url=row["url"],
        visibility=row["visibility"],
        series_id=None if row["series_id"] is None else str(row["series_id"]),
        rrule=row["rrule"],
    )
