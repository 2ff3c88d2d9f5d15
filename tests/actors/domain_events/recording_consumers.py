"""A service for tests whose effect can be counted: a row for each time that an event was taken.

The rows are written in the transaction that moves the cursor. It guards itself against nothing, so that
what is taken twice is seen twice.
"""

from collections.abc import Awaitable, Callable, Sequence

from storage.contracts.domain_events import CursorUpdate, OutboxEvent
from storage.postgres.database import Database
from storage.postgres.statement import Statement

CREATE = Statement("tally_create", "CREATE TABLE tally (number BIGSERIAL PRIMARY KEY, word TEXT)", ())
DROP = Statement("tally_drop", "DROP TABLE tally", ())
INSERT = Statement("tally_insert", "INSERT INTO tally (word) VALUES ($1)", ("word",))
LIST = Statement("tally_list", "SELECT word FROM tally ORDER BY number", ())
INSERT_EVENT = Statement(
    "outbox_say", "INSERT INTO outbox (key, type, payload) VALUES ($1, 'said', '{}') RETURNING id", ("word",)
)


async def _no_op(*_: str) -> None:
    """As most events are taken."""


class TransactionalConsumer:
    """A `Consumer` with transactions. `before` and `after` stand around each effect, in its transaction."""

    name = "tally"

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

    async def on_feed_reset(self) -> None:
        self.reset_count += 1

    @property
    def handled_count(self) -> int:
        """How many events were taken here, and their transactions have ended well."""
        return sum(map(len, self.batches))

    async def list_effects(self) -> list[str]:
        """What was taken, in the order in which it was."""
        return [row["word"] for row in await self._database.pool.rows(LIST)]


class IdempotentConsumer:
    """A `Consumer` without transactions: it notes each event under its id, then moves the cursor."""

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

    async def on_feed_reset(self) -> None:
        """Ids begin anew."""
        self.effects.clear()


async def publish_events(producer: Database, *words: str) -> None:
    """Publish an event for each, every one in a transaction of its own."""
    for word in words:
        await producer.pool.write(INSERT_EVENT, word)
