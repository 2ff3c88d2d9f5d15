"""Reports in PostgreSQL. A unique constraint allows one per reporter and target."""

from collections.abc import Sequence

import asyncpg
import msgspec

from storage.contracts.idempotency import IdempotencyKey
from storage.contracts.moderation import TargetKind
from storage.contracts.paging import PageKey
from storage.contracts.reports import NewReport, ReportRecord, ReportState, Snapshot
from storage.postgres.idempotency_keys import PostgresIdempotencyKeys
from storage.postgres.pool import PostgresPool, Transaction
from storage.postgres.statement import load_statement
from storage.postgres.user_rows import optional_id
from storage.postgres.users_by_id import UsersById
from storage.postgres.uuid_params import page_after, to_uuid

SERVICE = "users"
_snapshot_decoder = msgspec.json.Decoder(Snapshot)


class PostgresReports:
    """Implements `storage.contracts.reports.ReportStore`."""

    def __init__(self, pool: PostgresPool, idempotency_keys: PostgresIdempotencyKeys) -> None:
        self._pool = pool
        self._idempotency_keys = idempotency_keys
        self._users = UsersById(pool)
        self._insert = load_statement(SERVICE, "reports", "report_insert")
        self._exists = load_statement(SERVICE, "reports", "report_exists")
        self._get = load_statement(SERVICE, "reports", "report_get")
        self._pages = {
            None: load_statement(SERVICE, "reports", "report_page"),
            ReportState.OPEN: load_statement(SERVICE, "reports", "report_page_open"),
            ReportState.RESOLVED: load_statement(SERVICE, "reports", "report_page_resolved"),
        }
        self._resolve = load_statement(SERVICE, "reports", "report_resolve")

    async def create(self, report: NewReport, idempotency_key: IdempotencyKey | None) -> None:
        snapshot = None if report.snapshot is None else msgspec.json.encode(report.snapshot).decode()
        values = (
            to_uuid(report.reporter_id),
            report.kind.value,
            report.target_id,
            report.reason,
            snapshot,
        )

        async def insert(transaction: Transaction) -> str:
            await transaction.row(self._insert, *values)
            return ""

        await self._idempotency_keys.run_once(idempotency_key, insert)

    async def exists(self, reporter_id: str, kind: TargetKind, target_id: str) -> bool:
        return await self._pool.row(self._exists, to_uuid(reporter_id), kind.value, target_id) is not None

    async def get(self, report_id: str) -> ReportRecord | None:
        row = await self._pool.row(self._get, to_uuid(report_id))
        return (await self._to_records([row]))[0] if row else None

    async def page(self, state: ReportState | None, after: PageKey | None, limit: int) -> list[ReportRecord]:
        return await self._to_records(await self._pool.rows(self._pages[state], *page_after(after), limit))

    async def resolve(self, report_id: str, resolution: str, resolved_by: str | None) -> bool:
        resolver = None if resolved_by is None else to_uuid(resolved_by)
        return bool(await self._pool.write(self._resolve, to_uuid(report_id), resolution, resolver))

    async def _to_records(self, rows: Sequence[asyncpg.Record]) -> list[ReportRecord]:
        users = await self._users.load(
            optional_id(row[column]) for row in rows for column in ("reporter_id", "resolved_by")
        )
        return [
            ReportRecord(
                id=str(row["id"]),
                reporter=users.get(str(row["reporter_id"])),
                kind=TargetKind(row["kind"]),
                target_id=row["target_id"],
                reason=row["reason"],
                created_at=row["created_at"],
                snapshot=None if row["snapshot"] is None else _snapshot_decoder.decode(row["snapshot"]),
                resolved_at=row["resolved_at"],
                resolved_by=users.get(str(row["resolved_by"])),
                resolution=row["resolution"],
            )
            for row in rows
        ]
