"""Data exports in PostgreSQL."""

from collections.abc import Sequence

import asyncpg

from config.retention import PRUNING_BATCH_ROWS
from storage.contracts.data_exports import DataExportRecord, ExportBacklog, LeaseLost, ReadyExport
from storage.errors import Missing
from storage.postgres.pool import PostgresPool
from storage.postgres.statement import load_statement
from storage.postgres.uuid_params import to_uuid, to_uuids

SERVICE = "users"


class PostgresDataExports:
    """Implements `storage.contracts.data_exports.DataExportStore`."""

    def __init__(self, pool: PostgresPool) -> None:
        self._pool = pool
        self._lock_user = load_statement(SERVICE, "data_exports", "data_export_user_lock")
        self._of_user = load_statement(SERVICE, "data_exports", "data_export_of_user")
        self._delete_old = load_statement(SERVICE, "data_exports", "data_export_delete_old")
        self._insert = load_statement(SERVICE, "data_exports", "data_export_insert")
        self._claim = load_statement(SERVICE, "data_exports", "data_export_claim")
        self._drop_chunks = load_statement(SERVICE, "data_exports", "data_export_drop_chunks")
        self._renew = load_statement(SERVICE, "data_exports", "data_export_renew")
        self._insert_chunk = load_statement(SERVICE, "data_exports", "data_export_chunk_insert")
        self._finish = load_statement(SERVICE, "data_exports", "data_export_finish")
        self._release = load_statement(SERVICE, "data_exports", "data_export_release")
        self._unnotified = load_statement(SERVICE, "data_exports", "data_export_unnotified_list")
        self._mark_notified = load_statement(SERVICE, "data_exports", "data_export_mark_notified")
        self._ready = load_statement(SERVICE, "data_exports", "data_export_ready")
        self._chunk = load_statement(SERVICE, "data_exports", "data_export_chunk")
        self._backlog = load_statement(SERVICE, "data_exports", "data_export_backlog")

    async def get(self, user_id: str) -> DataExportRecord | None:
        row = await self._pool.row(self._of_user, to_uuid(user_id))
        return None if row is None else _to_export(row)

    async def request(self, user_id: str, interval_s: float) -> tuple[DataExportRecord, bool]:
        user = to_uuid(user_id)
        async with self._pool.transaction() as transaction:
            await transaction.row(self._lock_user, user)
            await transaction.rows(self._delete_old, user, interval_s)
            inserted = await transaction.row(self._insert, user)
            row = inserted or await transaction.row(self._of_user, user)
        if row is None:
            raise Missing
        return _to_export(row), inserted is not None

    async def claim(self, lease_s: float) -> DataExportRecord | None:
        rows = await self._pool.write(self._claim, lease_s)
        if not rows:
            return None
        claimed = _to_export(rows[0])
        former = (to_uuid(claimed.id), claimed.attempt, PRUNING_BATCH_ROWS)
        while len(await self._pool.write(self._drop_chunks, *former)) == PRUNING_BATCH_ROWS:
            await self.renew(claimed, lease_s)
        return claimed

    async def renew(self, claimed: DataExportRecord, lease_s: float) -> None:
        _check_lease(await self._pool.write(self._renew, to_uuid(claimed.id), claimed.attempt, lease_s))

    async def add_chunk(self, claimed: DataExportRecord, number: int, data: bytes, lease_s: float) -> None:
        _check_lease(
            await self._pool.write(
                self._insert_chunk, to_uuid(claimed.id), claimed.attempt, number, data, lease_s
            )
        )

    async def finish(self, claimed: DataExportRecord, lifetime_s: float) -> None:
        _check_lease(await self._pool.write(self._finish, to_uuid(claimed.id), claimed.attempt, lifetime_s))

    async def release(
        self, claimed: DataExportRecord, *, failed: bool, retry_s: float, lifetime_s: float
    ) -> None:
        _check_lease(
            await self._pool.write(
                self._release, to_uuid(claimed.id), claimed.attempt, failed, retry_s, lifetime_s
            )
        )

    async def list_unnotified(self, limit: int) -> list[DataExportRecord]:
        return [_to_export(row) for row in await self._pool.rows(self._unnotified, limit)]

    async def mark_notified(self, export_ids: Sequence[str]) -> None:
        await self._pool.write(self._mark_notified, to_uuids(export_ids))

    async def find_ready(self, export_id: str) -> ReadyExport | None:
        row = await self._pool.row(self._ready, to_uuid(export_id))
        return None if row is None else ReadyExport(_to_export(row), row["username"])

    async def read_chunk(self, export: DataExportRecord, number: int) -> bytes | None:
        row = await self._pool.row(self._chunk, to_uuid(export.id), export.attempt, number)
        return None if row is None else row["data"]

    async def backlog(self) -> ExportBacklog:
        row = await self._pool.row(self._backlog)
        return ExportBacklog() if row is None else ExportBacklog(row["pending"], row["oldest_s"])


def _check_lease(rows: Sequence[asyncpg.Record]) -> None:
    if not rows:
        raise LeaseLost


def _to_export(row: asyncpg.Record) -> DataExportRecord:
    return DataExportRecord(
        id=str(row["id"]),
        user_id=str(row["user_id"]),
        state=row["state"],
        attempt=row["attempt"],
        bytes=row["bytes"],
        chunk_count=row["chunk_count"],
        requested_at=row["requested_at"],
        finished_at=row["finished_at"],
        expires_at=row["expires_at"],
    )
