"""Reminders of events in PostgreSQL. Instances that claim at the same time skip each other's rows."""

from collections.abc import Sequence
from datetime import datetime

from storage.postgres.pool import PostgresPool
from storage.postgres.statement import load_statement
from storage.postgres.uuid_params import to_uuid, to_uuids

SERVICE = "events"


class PostgresEventReminders:
    """Implements `storage.contracts.event_reminders.ReminderStore`."""

    def __init__(self, pool: PostgresPool) -> None:
        self._pool = pool
        self._claim = load_statement(SERVICE, "reminders", "reminders_claim")
        self._move = load_statement(SERVICE, "reminders", "reminders_move")
        self._overdue = load_statement(SERVICE, "reminders", "reminders_overdue")
        self._reminded = load_statement(SERVICE, "reminders", "reminded_user_list")

    async def publish_due(self, limit: int) -> int:
        (row,) = await self._pool.write(self._claim, limit)
        return int(row["claimed"])

    async def move(self, limit: int) -> int | None:
        (row,) = await self._pool.write(self._move, limit)
        return None if row["moved"] is None else int(row["moved"])

    async def overdue_s(self) -> float:
        row = await self._pool.row(self._overdue)
        return 0.0 if row is None else float(row["overdue_s"])

    async def find_reminded(self, event_id: str, start: datetime, user_ids: Sequence[str]) -> list[str]:
        rows = await self._pool.rows(self._reminded, to_uuid(event_id), start, to_uuids(user_ids))
        return [str(row["user_id"]) for row in rows]
