"""Cursors and dead letters of a service's consumers, in its database."""

from storage.contracts.domain_events import Cursor, CursorUpdate, DeadLetter, OutboxEvent
from storage.errors import Conflict
from storage.postgres.pool import PostgresPool, Transaction
from storage.postgres.statement import load_statement

COMMON = "common"
CURSOR_CONFLICT = "cursor"


class PostgresCursors:
    """Implements `storage.contracts.domain_events.Cursors`."""

    def __init__(self, pool: PostgresPool) -> None:
        self._pool = pool
        self._get = load_statement(COMMON, "cursors", "cursor_get")
        self._insert = load_statement(COMMON, "cursors", "cursor_insert")
        self._advance = load_statement(COMMON, "cursors", "cursor_advance")
        self._insert_dead_letter = load_statement(COMMON, "cursors", "dead_letter_insert")
        self._list_dead_letters = load_statement(COMMON, "cursors", "dead_letter_list")
        self._count = load_statement(COMMON, "cursors", "dead_letter_count")
        self._delete_dead_letter = load_statement(COMMON, "cursors", "dead_letter_delete")

    async def get(self, consumer: str) -> Cursor | None:
        row = await self._pool.row(self._get, consumer)
        return Cursor(row["source"], row["xid"], row["id"]) if row else None

    async def create(self, consumer: str, cursor: Cursor) -> None:
        await self._pool.write(self._insert, consumer, cursor.source, cursor.xid, cursor.id)

    async def advance(self, update: CursorUpdate) -> None:
        if not await self._pool.write(self._advance, *_update_params(update)):
            raise Conflict(CURSOR_CONFLICT)

    async def advance_in(self, transaction: Transaction, update: CursorUpdate | None) -> None:
        """Advance a cursor in the transaction of its effect; None is ignored.

        Raises:
            Conflict: `cursor`: another reader has moved it.
        """
        if update is not None and await transaction.row(self._advance, *_update_params(update)) is None:
            raise Conflict(CURSOR_CONFLICT)

    async def add_dead_letter(
        self, consumer: str, event: OutboxEvent, reason: str, update: CursorUpdate | None
    ) -> None:
        async with self._pool.transaction() as transaction:
            await transaction.row(
                self._insert_dead_letter,
                consumer,
                event.id,
                event.key,
                event.type,
                event.payload.decode(),
                reason,
                event.created_at,
            )
            await self.advance_in(transaction, update)

    async def dead_letters(self, limit: int) -> list[DeadLetter]:
        rows = await self._pool.rows(self._list_dead_letters, limit)
        return [
            DeadLetter(
                id=row["id"],
                consumer=row["consumer"],
                event=OutboxEvent(
                    id=row["event_id"],
                    xid=0,
                    key=row["key"],
                    type=row["type"],
                    payload=row["payload"].encode(),
                    created_at=row["happened_at"],
                ),
                reason=row["reason"],
            )
            for row in rows
        ]

    async def dead_letter_count(self) -> int:
        row = await self._pool.row(self._count)
        return int(row["count"]) if row else 0

    async def delete_dead_letter(self, dead_letter_id: int) -> None:
        await self._pool.write(self._delete_dead_letter, dead_letter_id)


def _update_params(update: CursorUpdate) -> tuple[object, ...]:
    old, new = update.before, update.after
    return update.consumer, old.source, old.xid, old.id, new.source, new.xid, new.id
