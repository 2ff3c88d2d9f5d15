"""Series of events in PostgreSQL.

    lock the events by id -> lock the series, if it has the revision -> change the events -> commit

Changes of a single event lock in the same order: a trigger counts them in the row of the series.
"""

from collections.abc import Sequence
from datetime import datetime

import msgspec

from storage.contracts.event_series import SeriesChange, SeriesEvent, SeriesRecord, SeriesRule
from storage.contracts.events import NewEvent
from storage.contracts.idempotency import IdempotencyKey
from storage.errors import Conflict, Missing
from storage.postgres.events import PostgresEvents
from storage.postgres.idempotency_keys import PostgresIdempotencyKeys
from storage.postgres.pool import PostgresPool, Transaction
from storage.postgres.statement import load_statement
from storage.postgres.uuid_params import to_uuid, to_uuids

SERVICE = "events"


class PostgresEventSeries:
    """Implements `storage.contracts.event_series.EventSeriesStore`."""

    def __init__(
        self, pool: PostgresPool, idempotency_keys: PostgresIdempotencyKeys, events: PostgresEvents
    ) -> None:
        self._pool = pool
        self._idempotency_keys = idempotency_keys
        self._events = events
        self._insert = load_statement(SERVICE, "series", "series_insert")
        self._get = load_statement(SERVICE, "series", "series_get")
        self._update = load_statement(SERVICE, "series", "series_update")
        self._list_events = load_statement(SERVICE, "series", "series_event_list")
        self._lock_events = load_statement(SERVICE, "series", "series_event_lock")
        self._set_series = load_statement(SERVICE, "series", "series_event_set")
        self._delete_events = load_statement(SERVICE, "series", "series_event_delete")

    async def create(
        self,
        event: NewEvent,
        rule: SeriesRule,
        times: Sequence[tuple[datetime, datetime, datetime]],
        idempotency_key: IdempotencyKey | None,
    ) -> str:
        async def insert(transaction: Transaction) -> str:
            event_ids = [
                await self._events.insert_in(
                    transaction, msgspec.structs.replace(event, start=start, end=end)
                )
                for _, start, end in times
            ]
            occurrences = [occurrence for occurrence, _, _ in times]
            await self._insert_series(transaction, event.creator_id, rule, event_ids, occurrences)
            return event_ids[0]

        return await self._idempotency_keys.run_once(idempotency_key, insert)

    async def get(self, series_id: str) -> SeriesRecord | None:
        row = await self._pool.row(self._get, to_uuid(series_id))
        if row is None:
            return None
        rule = SeriesRule(row["rrule"], row["timezone"], row["start_local"])
        return SeriesRecord(str(row["id"]), str(row["creator_id"]), rule, row["revision"], row["updated_at"])

    async def list_events(self, series_id: str) -> list[SeriesEvent]:
        rows = await self._pool.rows(self._list_events, to_uuid(series_id))
        return [SeriesEvent(str(row["id"]), *list(row.values())[1:]) for row in rows]

    async def change(self, series: SeriesRecord, change: SeriesChange) -> None:
        event_ids = [one.event_id for one in change.changes]
        async with self._pool.transaction() as transaction:
            if len(await transaction.rows(self._lock_events, to_uuids(event_ids))) < len(event_ids):
                raise Missing
            await self._set_rule(transaction, series, change.rule)
            for one in change.changes:
                await self._events.change_in(transaction, one.event_id, one.change)
            occurrences = [one.occurrence for one in change.changes]
            if change.split_rule is not None:
                await self._insert_series(
                    transaction, series.creator_id, change.split_rule, event_ids, occurrences
                )
            else:
                await transaction.rows(self._set_series, to_uuid(series.id), to_uuids(event_ids), occurrences)

    async def delete(self, series: SeriesRecord, event_ids: Sequence[str], rule: SeriesRule) -> None:
        async with self._pool.transaction() as transaction:
            await transaction.rows(self._lock_events, to_uuids(event_ids))
            await self._set_rule(transaction, series, rule)
            await transaction.rows(self._delete_events, to_uuids(event_ids), to_uuid(series.creator_id))

    async def _insert_series(
        self,
        transaction: Transaction,
        creator_id: str,
        rule: SeriesRule,
        event_ids: Sequence[str],
        occurrences: Sequence[datetime],
    ) -> None:
        row = await transaction.row(
            self._insert, to_uuid(creator_id), rule.rrule, rule.timezone, rule.start_local
        )
        assert row is not None
        await transaction.rows(self._set_series, row["id"], to_uuids(event_ids), list(occurrences))

    async def _set_rule(self, transaction: Transaction, series: SeriesRecord, rule: SeriesRule) -> None:
        values = (rule.rrule, rule.timezone, rule.start_local)
        if await transaction.row(self._update, to_uuid(series.id), series.revision, *values) is None:
            raise Conflict("series_changed")
