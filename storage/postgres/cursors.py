"""Where the consumers of a service stand, in its own database. Never reads a feed."""

from storage.errors import Conflict
from storage.postgres.pool import PostgresPool, Transaction
from storage.postgres.statement import load_statement
from storage.records.sync import DeadLetter, DomainEvent, Place, Step

HOUSE = "house"
CONFLICT = "cursor"


class PostgresCursors:
    """A `Cursors`; stores whose effects move a cursor use `moved` inside their own transactions."""

    def __init__(self, pool: PostgresPool) -> None:
        self._pool = pool
        self._get = load_statement(HOUSE, "cursor_get")
        self._begin = load_statement(HOUSE, "cursor_begin")
        self._move = load_statement(HOUSE, "cursor_move")
        self._bury = load_statement(HOUSE, "dead_letter_insert")
        self._letters = load_statement(HOUSE, "dead_letter_list")
        self._count = load_statement(HOUSE, "dead_letter_count")
        self._drop = load_statement(HOUSE, "dead_letter_delete")

    async def place(self, consumer: str) -> Place | None:
        row = await self._pool.row(self._get, consumer)
        return Place(row["source"], row["xid"], row["id"]) if row else None

    async def begin(self, consumer: str, place: Place) -> None:
        await self._pool.write(self._begin, consumer, place.source, place.xid, place.id)

    async def move(self, step: Step) -> None:
        if not await self._pool.write(self._move, *_moving(step)):
            raise Conflict(CONFLICT)

    async def moved(self, transaction: Transaction, step: Step | None) -> None:
        """Move a cursor inside a transaction, if there is a step. Raises `Conflict`: `cursor`."""
        if step is not None and await transaction.row(self._move, *_moving(step)) is None:
            raise Conflict(CONFLICT)

    async def bury(self, consumer: str, event: DomainEvent, reason: str, step: Step | None) -> None:
        async with self._pool.transaction() as transaction:
            await transaction.row(
                self._bury,
                consumer,
                event.id,
                event.key,
                event.type,
                event.payload.decode(),
                reason,
                event.at,
            )
            await self.moved(transaction, step)

    async def dead_letters(self, limit: int) -> list[DeadLetter]:
        rows = await self._pool.rows(self._letters, limit)
        return [
            DeadLetter(
                id=row["id"],
                consumer=row["consumer"],
                event=DomainEvent(
                    id=row["event_id"],
                    xid=0,
                    key=row["key"],
                    type=row["type"],
                    payload=row["payload"].encode(),
                    at=row["happened_at"],
                ),
                reason=row["reason"],
            )
            for row in rows
        ]

    async def dead_letter_count(self) -> int:
        row = await self._pool.row(self._count)
        return int(row["count"]) if row else 0

    async def drop_dead_letter(self, letter_id: int) -> None:
        await self._pool.write(self._drop, letter_id)


def _moving(step: Step) -> tuple[object, ...]:
    old, new = step.before, step.after
    return step.consumer, old.source, old.xid, old.id, new.source, new.xid, new.id
