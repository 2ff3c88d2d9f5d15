"""Reports in PostgreSQL. A unique constraint allows one per reporter and target."""

from collections.abc import Sequence

import asyncpg
import msgspec

from config.limits import BACKLOG_COUNTED_MAX
from storage.contracts.idempotency import IdempotencyKey
from storage.contracts.moderation import ActionType, AdminTarget, NewAction, TargetKind
from storage.contracts.paging import PageKey
from storage.contracts.reports import (
    NewReport,
    ReportBacklog,
    ReportFilter,
    ReportRecord,
    ReportState,
    Snapshot,
)
from storage.errors import Conflict, Missing
from storage.postgres.action_log import PostgresActionLog
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

    def __init__(
        self, pool: PostgresPool, action_log: PostgresActionLog, idempotency_keys: PostgresIdempotencyKeys
    ) -> None:
        self._pool = pool
        self._action_log = action_log
        self._idempotency_keys = idempotency_keys
        self._users = UsersById(pool)
        self._insert = load_statement(SERVICE, "reports", "report_insert")
        self._exists = load_statement(SERVICE, "reports", "report_exists")
        self._open_count = load_statement(SERVICE, "reports", "report_open_count")
        self._get = load_statement(SERVICE, "reports", "report_get")
        self._pages = {
            None: load_statement(SERVICE, "reports", "report_page"),
            ReportState.OPEN: load_statement(SERVICE, "reports", "report_page_open"),
            ReportState.RESOLVED: load_statement(SERVICE, "reports", "report_page_resolved"),
        }
        self._page_assigned = load_statement(SERVICE, "reports", "report_page_assigned")
        self._page_unassigned = load_statement(SERVICE, "reports", "report_page_unassigned")
        self._lock_assignee = load_statement(SERVICE, "reports", "report_assignee_lock")
        self._lock_open = load_statement(SERVICE, "reports", "report_open_lock")
        self._assign = load_statement(SERVICE, "reports", "report_assign")
        self._backlog = load_statement(SERVICE, "reports", "report_backlog")
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

    async def count_open_of(self, reporter_id: str, at_most: int) -> int:
        row = await self._pool.row(self._open_count, to_uuid(reporter_id), at_most)
        return row["open_count"] if row else 0

    async def get(self, report_id: str) -> ReportRecord | None:
        row = await self._pool.row(self._get, to_uuid(report_id))
        return (await self._to_records([row]))[0] if row else None

    async def page(self, wanted: ReportFilter, after: PageKey | None, limit: int) -> list[ReportRecord]:
        key = (*page_after(after), limit)
        if wanted.is_unassigned:
            rows = await self._pool.rows(self._page_unassigned, *key)
        elif wanted.assigned_to is not None:
            states = (wanted.state is not ReportState.RESOLVED, wanted.state is not ReportState.OPEN)
            rows = await self._pool.rows(self._page_assigned, to_uuid(wanted.assigned_to), *states, *key)
        else:
            rows = await self._pool.rows(self._pages[wanted.state], *key)
        return await self._to_records(rows)

    async def assign(self, report_id: str, assignee_id: str | None, actor_id: str) -> bool:
        report_uuid, assignee_uuid = to_uuid(report_id), None
        async with self._pool.transaction() as transaction:
            reason = "Assigned to no one."
            if assignee_id is not None:
                assignee_uuid = to_uuid(assignee_id)
                # Before the report: an action that removes a role locks the user, then unassigns the reports.
                assignee = await transaction.row(self._lock_assignee, assignee_uuid)
                if assignee is None:
                    raise Missing
                if assignee["role"] is None:
                    raise Conflict("not_moderator")
                reason = f"Assigned to @{assignee['username']}."
            row = await transaction.row(self._lock_open, report_uuid)
            if row is None:
                return False
            if row["assigned_to"] == assignee_uuid:
                return True
            await transaction.row(self._assign, report_uuid, assignee_uuid)
            type_ = ActionType.UNASSIGN if assignee_id is None else ActionType.ASSIGN
            await self._record(transaction, actor_id, type_, report_id, reason)
        return True

    async def backlog(self) -> ReportBacklog:
        (row,) = await self._pool.rows(self._backlog, BACKLOG_COUNTED_MAX)
        return ReportBacklog(row["open"], row["unassigned"], row["oldest_s"])

    async def resolve(self, report_id: str, resolution: str, resolved_by: str | None) -> bool:
        resolver = None if resolved_by is None else to_uuid(resolved_by)
        async with self._pool.transaction() as transaction:
            row = await transaction.row(self._resolve, to_uuid(report_id), resolution, resolver)
            if row is None:
                return False
            await self._record(transaction, resolved_by, ActionType.RESOLVE, str(row["id"]), resolution)
        return True

    async def _record(
        self, transaction: Transaction, actor_id: str | None, type_: ActionType, report_id: str, reason: str
    ) -> None:
        action = NewAction(actor_id, type_, AdminTarget.REPORT, report_id, None, reason, report_id=report_id)
        await self._action_log.record_in(transaction, action)

    async def _to_records(self, rows: Sequence[asyncpg.Record]) -> list[ReportRecord]:
        users = await self._users.load(
            optional_id(row[column])
            for row in rows
            for column in ("reporter_id", "resolved_by", "assigned_to")
        )
        return [
            ReportRecord(
                id=str(row["id"]),
                reporter=users.get(str(row["reporter_id"])),
                kind=row["kind"],
                target_id=row["target_id"],
                reason=row["reason"],
                created_at=row["created_at"],
                snapshot=None if row["snapshot"] is None else _snapshot_decoder.decode(row["snapshot"]),
                resolved_at=row["resolved_at"],
                resolved_by=users.get(str(row["resolved_by"])),
                resolution=row["resolution"],
                assigned_to=users.get(str(row["assigned_to"])),
            )
            for row in rows
        ]
