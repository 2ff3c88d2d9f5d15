"""Reports in PostgreSQL. A unique constraint allows one per reporter and target."""

import uuid
from datetime import UTC, datetime

import asyncpg

from storage.contracts.idempotency import IdempotencyKey
from storage.contracts.moderation import NewReport, ReportKind, ReportRecord
from storage.postgres.idempotency_keys import PostgresIdempotencyKeys
from storage.postgres.pool import PostgresPool, Transaction
from storage.postgres.statement import load_statement
from storage.postgres.uuid_params import to_uuid

SERVICE = "users"
FIRST_KEY = (datetime.min.replace(tzinfo=UTC), uuid.UUID(int=0))


class PostgresReports:
    """Implements `storage.contracts.moderation.ReportStore`."""

    def __init__(self, pool: PostgresPool, idempotency_keys: PostgresIdempotencyKeys) -> None:
        self._pool = pool
        self._idempotency_keys = idempotency_keys
        self._insert = load_statement(SERVICE, "reports", "report_insert")
        self._exists = load_statement(SERVICE, "reports", "report_exists")
        self._page_open = load_statement(SERVICE, "reports", "report_page_open")
        self._resolve = load_statement(SERVICE, "reports", "report_resolve")

    async def create(self, report: NewReport, idempotency_key: IdempotencyKey | None) -> None:
        values = (to_uuid(report.reporter_id), report.kind.value, report.target_id, report.reason)

        async def insert(transaction: Transaction) -> str:
            await transaction.row(self._insert, *values)
            return ""

        await self._idempotency_keys.run_once(idempotency_key, insert)

    async def exists(self, reporter_id: str, kind: ReportKind, target_id: str) -> bool:
        return await self._pool.row(self._exists, to_uuid(reporter_id), kind.value, target_id) is not None

    async def page_open(self, after: tuple[datetime, str] | None, limit: int) -> list[ReportRecord]:
        start_key = (after[0], to_uuid(after[1])) if after else FIRST_KEY
        return [to_report(row) for row in await self._pool.rows(self._page_open, *start_key, limit)]

    async def resolve(self, report_id: str, resolution: str) -> bool:
        return bool(await self._pool.write(self._resolve, to_uuid(report_id), resolution))


def to_report(row: asyncpg.Record) -> ReportRecord:
    reporter = row["reporter_id"]
    return ReportRecord(
        id=str(row["id"]),
        reporter_id=None if reporter is None else str(reporter),
        kind=ReportKind(row["kind"]),
        target_id=row["target_id"],
        reason=row["reason"],
        created_at=row["created_at"],
    )
