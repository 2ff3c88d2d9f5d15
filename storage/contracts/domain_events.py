"""Domain events between services: the producer's outbox, the consumer's cursor.

An outbox is ordered by (xid, id): by the id of the transaction, which its first write assigns, then by the
order of its inserts. All methods raise `Unavailable`.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

import msgspec


class OutboxEvent(msgspec.Struct, frozen=True):
    """A published domain event. `payload` is JSON; `key` identifies the object it is about.

    `xid` is the id of the transaction that wrote it; 0 in a dead letter.
    """

    id: int
    xid: int
    key: str
    type: str
    payload: bytes
    created_at: datetime


class OutboxSource(msgspec.Struct, frozen=True):
    """Identity of a producer's database, and its highest event id. A restored database has a new `name`."""

    name: str
    last_id: int


class Cursor(msgspec.Struct, frozen=True):
    """A position in an outbox: all events up to here have been handled."""

    source: str
    xid: int = 0
    id: int = 0


class CursorUpdate(msgspec.Struct, frozen=True):
    """Advances a consumer's cursor, in the transaction of the effect of the events in between."""

    consumer: str
    before: Cursor
    after: Cursor


class DeadLetter(msgspec.Struct, frozen=True):
    """An event that a consumer failed to handle. `reason` is the error's type, not its text."""

    id: int
    consumer: str
    event: OutboxEvent
    reason: str


class Outbox(Protocol):
    """A service's published events."""

    async def source(self) -> OutboxSource:
        """Return the identity of this database and its highest event id."""

    async def read(self, cursor: Cursor, limit: int) -> list[OutboxEvent]:
        """Return up to `limit` events after `cursor`, in the order of the outbox. Cost: one index range.

        Only events of transactions older than every running one, so that no later commit can precede an
        event that was read.
        """

    async def reassign_xids(self) -> None:
        """Give rows restored from another server's dump transaction ids of this server. Idempotent."""

    async def lag_s(self, cursor: Cursor) -> float:
        """Return the age of the oldest event after `cursor`, in seconds; 0 if there is none."""

    async def save_reader_cursor(self, consumer: str, cursor: Cursor) -> None:
        """Record how far a consumer has read, so that `prune` can delete what all have read."""

    async def prune(self, consumers: Sequence[str], older_than_s: float) -> int:
        """Delete events that all `consumers` have read and that are older; return how many.

        Deletes nothing until each consumer has recorded a cursor.
        """


class Cursors(Protocol):
    """Cursors and dead letters of the consumers of one service."""

    async def get(self, consumer: str) -> Cursor | None: ...

    async def create(self, consumer: str, cursor: Cursor) -> None:
        """Store a consumer's first cursor; keep an existing one."""

    async def advance(self, update: CursorUpdate) -> None:
        """Advance the cursor alone, for consumers whose effect is already durable in another store.

        Raises:
            Conflict: `cursor`: another reader has moved it.
        """

    async def add_dead_letter(
        self, consumer: str, event: OutboxEvent, reason: str, update: CursorUpdate | None
    ) -> None:
        """Store an event as a dead letter, and advance if `update` is given, in one transaction.

        An event that is a dead letter of the consumer already is not stored again. Raises like `advance`.
        """

    async def dead_letters(self, limit: int) -> list[DeadLetter]:
        """Return dead letters, oldest first."""

    async def dead_letter_count(self) -> int: ...

    async def delete_dead_letter(self, dead_letter_id: int) -> None: ...
