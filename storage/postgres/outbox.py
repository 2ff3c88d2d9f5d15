"""A service's event feed, in its own database.

The feed is written by triggers and read here. Never decides who reads it.
"""

from collections.abc import Sequence

from storage.postgres.pool import PostgresPool
from storage.postgres.statement import load_statement
from storage.records.sync import DomainEvent, Place, Source

HOUSE = "house"


class PostgresOutbox:
    """An `Outbox`."""

    def __init__(self, pool: PostgresPool) -> None:
        self._pool = pool
        self._source = load_statement(HOUSE, "outbox_source")
        self._read = load_statement(HOUSE, "outbox_read")
        self._rebase = load_statement(HOUSE, "outbox_rebase")
        self._lag = load_statement(HOUSE, "outbox_lag")
        self._note = load_statement(HOUSE, "outbox_reader_note")
        self._prune = load_statement(HOUSE, "outbox_prune")

    async def source(self) -> Source:
        row = await self._pool.row(self._source)
        assert row is not None
        return Source(row["source"], row["head"])

    async def read(self, place: Place, limit: int) -> list[DomainEvent]:
        rows = await self._pool.rows(self._read, place.xid, place.id, limit)
        return [
            DomainEvent(
                id=row["id"],
                xid=row["xid"],
                key=row["key"],
                type=row["type"],
                payload=row["payload"].encode(),
                at=row["created_at"],
            )
            for row in rows
        ]

    async def rebase(self) -> None:
        await self._pool.write(self._rebase)

    async def lag_s(self, place: Place) -> float:
        row = await self._pool.row(self._lag, place.xid, place.id)
        return max(0.0, float(row["lag_s"])) if row else 0.0

    async def note_reader(self, consumer: str, place: Place) -> None:
        await self._pool.write(self._note, consumer, place.xid, place.id)

    async def prune(self, consumers: Sequence[str], older_than_s: float) -> int:
        return len(await self._pool.write(self._prune, list(consumers), older_than_s))
