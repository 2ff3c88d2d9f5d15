"""The outbox of a service, in its database. Triggers and functions write; this store reads and prunes."""

from collections.abc import Sequence

from storage.contracts.domain_events import Cursor, OutboxEvent, OutboxSource
from storage.postgres.pool import PostgresPool
from storage.postgres.statement import load_statement

COMMON = "common"
BATCH_ROWS = 5000
"""Rows that a statement changes: there may be very many, and it has a time limit."""


class PostgresOutbox:
    """Implements `storage.contracts.domain_events.Outbox`."""

    def __init__(self, pool: PostgresPool) -> None:
        self._pool = pool
        self._source = load_statement(COMMON, "outbox", "outbox_source")
        self._read = load_statement(COMMON, "outbox", "outbox_read")
        self._reassign_xids = load_statement(COMMON, "outbox", "outbox_reassign_xids")
        self._lag = load_statement(COMMON, "outbox", "outbox_lag")
        self._upsert_reader = load_statement(COMMON, "outbox", "outbox_reader_upsert")
        self._prune = load_statement(COMMON, "outbox", "outbox_prune")

    async def source(self) -> OutboxSource:
        row = await self._pool.row(self._source)
        assert row is not None
        return OutboxSource(row["source"], row["head"])

    async def read(self, cursor: Cursor, limit: int) -> list[OutboxEvent]:
        rows = await self._pool.rows(self._read, cursor.xid, cursor.id, limit)
        return [
            OutboxEvent(
                id=row["id"],
                xid=row["xid"],
                key=row["key"],
                type=row["type"],
                payload=row["payload"].encode(),
                created_at=row["created_at"],
            )
            for row in rows
        ]

    async def reassign_xids(self) -> None:
        await self._pool.write_until_none(self._reassign_xids, BATCH_ROWS)

    async def lag_s(self, cursor: Cursor) -> float:
        row = await self._pool.row(self._lag, cursor.xid, cursor.id)
        return max(0.0, float(row["lag_s"])) if row else 0.0

    async def save_reader_cursor(self, consumer: str, cursor: Cursor) -> None:
        await self._pool.write(self._upsert_reader, consumer, cursor.xid, cursor.id)

    async def prune(self, consumers: Sequence[str], older_than_s: float) -> int:
        return await self._pool.write_until_few(self._prune, list(consumers), older_than_s, limit=BATCH_ROWS)
