"""Events in PostgreSQL. What opens places hands them out in the same transaction."""

import contextlib
from collections.abc import Sequence

import asyncpg
from msgspec import UNSET

from storage.contracts.social import PageKey
from storage.errors import Missing
from storage.postgres.card_rows import card_of
from storage.postgres.identity import after as page_after
from storage.postgres.identity import id_of, ids_of
from storage.postgres.once import PostgresOnce
from storage.postgres.pool import PostgresPool, Transaction
from storage.postgres.rsvps import PostgresRsvps
from storage.postgres.statement import load_statement
from storage.records.events import EventChange, EventRecord, EventSearch, NewEvent
from storage.records.once import Once

SERVICE = "events"
FORGOTTEN_AT_ONCE = 100


class PostgresEvents:
    """An `EventStore`."""

    def __init__(self, pool: PostgresPool, once: PostgresOnce, rsvps: PostgresRsvps) -> None:
        self._pool = pool
        self._once = once
        self._rsvps = rsvps
        self._insert = load_statement(SERVICE, "event_insert")
        self._list_by_ids = load_statement(SERVICE, "event_list_by_ids")
        self._page = load_statement(SERVICE, "event_page")
        self._creator = load_statement(SERVICE, "event_creator")
        self._update = load_statement(SERVICE, "event_update")
        self._delete = load_statement(SERVICE, "event_delete")
        self._invite = load_statement(SERVICE, "invite_insert")
        self._answered = load_statement(SERVICE, "user_answered")
        self._forget = load_statement(SERVICE, "user_forget")

    async def create(self, event: NewEvent, once: Once | None) -> str:
        async def make(transaction: Transaction) -> str:
            rows = await transaction.rows(
                self._insert,
                id_of(event.creator_id),
                event.title,
                event.description,
                event.category,
                event.start,
                event.end,
                event.capacity,
            )
            return str(rows[0]["id"])

        return await self._once.make(once, make)

    async def find(self, ids: Sequence[str], viewer_id: str) -> list[EventRecord]:
        wanted = ids_of(ids)
        if not wanted:
            return []
        rows = await self._pool.rows(self._list_by_ids, wanted, id_of(viewer_id))
        return [_event_of(row) for row in rows]

    async def search(
        self, search: EventSearch, after: PageKey | None, viewer_id: str, hidden: Sequence[str], limit: int
    ) -> list[EventRecord]:
        rows = await self._pool.rows(
            self._page,
            search.category,
            search.start_from,
            search.start_to,
            search.words,
            ids_of(hidden),
            *page_after(after),
            id_of(viewer_id),
            limit,
        )
        return [_event_of(row) for row in rows]

    async def creator(self, event_id: str) -> str | None:
        row = await self._pool.row(self._creator, id_of(event_id))
        return str(row["creator_id"]) if row else None

    async def change(self, event_id: str, change: EventChange) -> None:
        fields = (
            change.title,
            change.description,
            change.category,
            change.start,
            change.end,
            change.capacity,
        )
        values: list[object] = []
        for field in fields:
            values += [False, None] if field is UNSET else [True, field]
        async with self._pool.transaction() as transaction:
            known = id_of(event_id)
            await self._rsvps.lock(transaction, event_id)
            row = await transaction.row(self._update, known, *values)
            if row is None:
                raise Missing
            if row["ahead"] and row["capacity"] > row["going_count"]:
                await self._rsvps.promote(transaction, event_id, row["capacity"] - row["going_count"])

    async def delete(self, event_id: str, creator_id: str) -> bool:
        return bool(await self._pool.write(self._delete, id_of(event_id), id_of(creator_id)))

    async def invite(
        self, event_id: str, inviter_id: str, user_ids: Sequence[str], once: Once | None
    ) -> None:
        async def make(transaction: Transaction) -> str:
            await transaction.rows(
                self._invite, id_of(event_id), id_of(inviter_id), sorted(set(ids_of(user_ids)))
            )
            return ""

        await self._once.make(once, make)

    async def forget(self, user_id: str) -> None:
        while answered := await self._pool.rows(self._answered, id_of(user_id), FORGOTTEN_AT_ONCE):
            for row in answered:
                # An event that goes meanwhile takes its answers along.
                with contextlib.suppress(Missing):
                    await self._rsvps.withdraw(str(row["event_id"]), user_id)
        await self._pool.write(self._forget, id_of(user_id))


def _event_of(row: asyncpg.Record) -> EventRecord:
    return EventRecord(
        id=str(row["id"]),
        creator=card_of(row, str(row["creator_id"])),
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
    )
