"""How services hear of each other: a feed on one side, a cursor on the other. All raise `Unavailable`."""

from collections.abc import Sequence
from typing import Protocol

from storage.records.domain_events import Cursor, CursorUpdate, DeadLetter, OutboxEvent, OutboxSource


class Outbox(Protocol):
    """A service's published event feed. Only what nothing can come before any more is in it."""

    async def source(self) -> OutboxSource: ...

    async def read(self, cursor: Cursor, limit: int) -> list[OutboxEvent]:
        """The events behind that place, in the order of the feed. One index range."""

    async def reassign_xids(self) -> None:
        """Make events readable that came with a dump of another server; repeatable."""

    async def lag_s(self, cursor: Cursor) -> float:
        """How old the oldest event behind that place is; 0 where there is none."""

    async def save_reader_cursor(self, consumer: str, cursor: Cursor) -> None:
        """Tell up to where a consumer has read, so that what all have read can go."""

    async def prune(self, consumers: Sequence[str], older_than_s: float) -> int:
        """Drop what all of these have read and is older; answers how many."""


class Cursors(Protocol):
    """Where the consumers of one service stand, and what they could not take."""

    async def get(self, consumer: str) -> Cursor | None: ...

    async def create(self, consumer: str, cursor: Cursor) -> None:
        """A first place; one that stands already stays."""

    async def advance(self, update: CursorUpdate) -> None:
        """For consumers whose effect is elsewhere, and done. Raises `Conflict` if somebody else moved it."""

    async def add_dead_letter(
        self, consumer: str, event: OutboxEvent, reason: str, update: CursorUpdate | None
    ) -> None:
        """Keep an event as a dead letter and move on, in one transaction. Raises as `move` does."""

    async def dead_letters(self, limit: int) -> list[DeadLetter]: ...

    async def dead_letter_count(self) -> int: ...

    async def delete_dead_letter(self, dead_letter_id: int) -> None: ...


class IdempotencyKeys(Protocol):
    """The idempotency keys of one service."""

    async def prune(self, older_than_s: float) -> int:
        """Forget old ones; answers how many."""


class Locks(Protocol):
    """Locks over all instances, for economy and never for safety: one may be lost without a word."""

    async def try_acquire(self, name: str) -> bool:
        """Try to take it, or see that it is still held; False when another instance has it."""

    async def release_all(self) -> None:
        """Give all of them up."""
