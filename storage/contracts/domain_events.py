"""Domain events between services: the producer's outbox, the consumer's cursor.

All methods raise `Unavailable`.
"""

from collections.abc import Sequence
from typing import Protocol

from storage.records.domain_events import Cursor, CursorUpdate, DeadLetter, OutboxEvent, OutboxSource


class Outbox(Protocol):
    """A service's published event feed.

    Returns only rows below `pg_snapshot_xmin`, so that no later commit can precede a row already read.
    """

    async def source(self) -> OutboxSource:
        """Return the identity of this database and its highest event id."""

    async def read(self, cursor: Cursor, limit: int) -> list[OutboxEvent]:
        """Return up to `limit` events after `cursor`, in feed order. Cost: one index range."""

    async def reassign_xids(self) -> None:
        """Give rows restored from another server's dump transaction ids of this server. Idempotent."""

    async def lag_s(self, cursor: Cursor) -> float:
        """Return the age of the oldest event after `cursor`, in seconds; 0 if there is none."""

    async def save_reader_cursor(self, consumer: str, cursor: Cursor) -> None:
        """Record how far a consumer has read, so that `prune` can delete what all have read."""

    async def prune(self, consumers: Sequence[str], older_than_s: float) -> int:
        """Delete events that all `consumers` have read and that are older; return how many."""


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
        """Store an event as a dead letter and advance, in one transaction. Raises like `advance`."""

    async def dead_letters(self, limit: int) -> list[DeadLetter]: ...

    async def dead_letter_count(self) -> int: ...

    async def delete_dead_letter(self, dead_letter_id: int) -> None: ...


class IdempotencyKeys(Protocol):
    """The idempotency keys of one service."""

    async def prune(self, older_than_s: float) -> int:
        """Delete keys older than `older_than_s`; return how many."""


class Locks(Protocol):
    """Advisory locks across instances. They save work only: one may be lost without notice."""

    async def try_acquire(self, name: str) -> bool:
        """Acquire the lock, or confirm that this instance still holds it.

        Returns:
            False if another instance holds it.
        """

    async def release_all(self) -> None:
        """Release every lock that this instance holds."""
