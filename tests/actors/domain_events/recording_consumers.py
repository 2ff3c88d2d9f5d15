"""Consumers for tests that record every handled event as a row.

The transactional one writes rows in the transaction that advances the cursor, without deduplication, so that
an event handled twice is visible.
"""

from collections.abc import Awaitable, Callable, Sequence

from storage.contracts.domain_events import CursorUpdate, OutboxEvent
from storage.postgres.database import Database
from storage.postgres.statement import Statement

CREATE = Statement(
    "handled_events_create", "CREATE TABLE handled_events (number BIGSERIAL PRIMARY KEY, word TEXT)", ()
)
DROP = Statement("handled_events_drop", "DROP TABLE handled_events", ())
INSERT = Statement("handled_events_insert", "INSERT INTO handled_events (word) VALUES ($1)", ("word",))
LIST = Statement("handled_events_list", "SELECT word FROM handled_events ORDER BY number", ())
INSERT_EVENT = Statement(
    "outbox_insert",
    "INSERT INTO outbox (key, type, payload) VALUES ($1, 'word.published', '{}') RETURNING id",
    ("word",),
)


async def _no_op(*_: str) -> None:
    """Default hook."""


class TransactionalConsumer:
    """A `Consumer` with transactions. `before` and `after` run around each effect, in its transaction."""

    name = "recorder"

    def __init__(self, database: Database) -> None:
        self._database = database
        self.before_effect: Callable[[str], Awaitable[None]] = _no_op
        self.after_effect: Callable[[str], Awaitable[None]] = _no_op
        self.batches: list[list[str]] = []
        self.reset_count = 0

    async def handle(self, events: Sequence[OutboxEvent], cursor_update: CursorUpdate | None) -> None:
        async with self._database.pool.transaction() as transaction:
            for event in events:
                await self.before_effect(event.key)
                await transaction.row(INSERT, event.key)
                await self.after_effect(event.key)
            await self._database.cursors.advance_in(transaction, cursor_update)
        self.batches.append([event.key for event in events])

    async def on_outbox_restored(self) -> None:
        self.reset_count += 1

    @property
    def handled_count(self) -> int:
        """Number of events handled in committed transactions."""
        return sum(map(len, self.batches))

    async def list_effects(self) -> list[str]:
        """Return the handled events in order."""
        return [row["word"] for row in await self._database.pool.rows(LIST)]


class IdempotentConsumer:
    """A `Consumer` without transactions: records each event by its id, then advances the cursor."""

    name = "notes"

    def __init__(self, database: Database) -> None:
        self._cursors = database.cursors
        self.effects: dict[int, str] = {}
        self.effect_count = 0
        self.before_cursor_update: Callable[[], Awaitable[None]] = _no_op

    async def handle(self, events: Sequence[OutboxEvent], cursor_update: CursorUpdate | None) -> None:
        for event in events:
            self.effects[event.id] = event.key
            self.effect_count += 1
        await self.before_cursor_update()
        if cursor_update is not None:
            await self._cursors.advance(cursor_update)

    async def on_outbox_restored(self) -> None:
        """Event ids restart."""
        self.effects.clear()


async def publish_events(producer: Database, *words: str) -> None:
    """Publish one event for each word, in separate transactions."""
    for word in words:
        await producer.pool.write(INSERT_EVENT, word)
