"""Reports to the moderators in PostgreSQL. One a person and target is the table's constraint."""

import uuid
from datetime import UTC, datetime

import asyncpg

from storage.postgres.identity import id_of
from storage.postgres.once import PostgresOnce
from storage.postgres.pool import PostgresPool, Transaction
from storage.postgres.statement import load_statement
from storage.records.moderation import NewReport, ReportKind, ReportRecord
from storage.records.once import Once

SERVICE = "users"
BEGIN = (datetime.min.replace(tzinfo=UTC), uuid.UUID(int=0))


class PostgresReports:
    """A `ReportStore`."""

    def __init__(self, pool: PostgresPool, once: PostgresOnce) -> None:
        self._pool = pool
        self._once = once
        self._insert = load_statement(SERVICE, "report_insert")
        self._known = load_statement(SERVICE, "report_known")
        self._page_open = load_statement(SERVICE, "report_page_open")
        self._resolve = load_statement(SERVICE, "report_resolve")

    async def file(self, report: NewReport, once: Once | None) -> None:
        values = (id_of(report.reporter_id), report.kind.value, report.target_id, report.reason)

        async def insert(transaction: Transaction) -> str:
            await transaction.row(self._insert, *values)
            return ""

        await self._once.make(once, insert)

    async def filed(self, reporter_id: str, kind: ReportKind, target_id: str) -> bool:
        return await self._pool.row(self._known, id_of(reporter_id), kind.value, target_id) is not None

    async def open(self, after: tuple[datetime, str] | None, limit: int) -> list[ReportRecord]:
        begin = (after[0], id_of(after[1])) if after else BEGIN
        return [report_of(row) for row in await self._pool.rows(self._page_open, *begin, limit)]

    async def resolve(self, report_id: str, resolution: str) -> bool:
        return bool(await self._pool.write(self._resolve, id_of(report_id), resolution))


def report_of(row: asyncpg.Record) -> ReportRecord:
    reporter = row["reporter_id"]
    return ReportRecord(
        id=str(row["id"]),
        reporter_id=None if reporter is None else str(reporter),
        kind=ReportKind(row["kind"]),
        target_id=row["target_id"],
        reason=row["reason"],
        created_at=row["created_at"],
    )
