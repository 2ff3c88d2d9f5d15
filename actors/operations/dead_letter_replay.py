"""Replays dead letters, or all retained events for one consumer.

Consumers are idempotent, so a replay is always safe. A dead letter is kept if it fails again.
"""

from collections.abc import Mapping

import msgspec

from actors.domain_events.readers import Readers
from storage.contracts.domain_events import Cursor, Cursors, CursorUpdate, DeadLetter

DEAD_LETTERS_MAX = 1000


class ReplayResult(msgspec.Struct, frozen=True):
    """Result of replaying one dead letter; `failure` is None on success."""

    dead_letter: DeadLetter
    failure: str | None


class DeadLetterReplay:
    def __init__(self, readers: Readers, cursors: Mapping[str, Cursors]) -> None:
        self._readers = readers
        self._cursors = cursors

    async def list_dead_letters(self) -> list[DeadLetter]:
        by_service = [await cursors.dead_letters(DEAD_LETTERS_MAX) for cursors in self._cursors.values()]
        return [dead_letter for dead_letters in by_service for dead_letter in dead_letters]

    async def replay_all(self) -> list[ReplayResult]:
        """Replay every dead letter, and delete those that succeed."""
        return [
            await self._replay(cursors, dead_letter)
            for cursors in self._cursors.values()
            for dead_letter in await cursors.dead_letters(DEAD_LETTERS_MAX)
        ]

    async def delete_dead_letter(self, service: str, dead_letter_id: int) -> None:
        """Delete a dead letter without replaying it."""
        await self._cursors[service].delete_dead_letter(dead_letter_id)

    async def reset_consumer(self, consumer: str) -> bool:
        """Reset a consumer's cursor, to read all retained events again. Returns False if there is none."""
        for cursors in self._cursors.values():
            cursor = await cursors.get(consumer)
            if cursor is not None:
                await cursors.advance(CursorUpdate(consumer, cursor, Cursor(cursor.source)))
                return True
        return False

    async def _replay(self, cursors: Cursors, dead_letter: DeadLetter) -> ReplayResult:
        reader = self._readers.get_reader(dead_letter.consumer)
        if reader is None:
            return ReplayResult(dead_letter, "the consumer no longer exists")
        try:
            await reader.replay(dead_letter.event)
        except Exception as error:  # noqa: BLE001 - the dead letter is kept after any failure
            return ReplayResult(dead_letter, type(error).__name__)
        await cursors.delete_dead_letter(dead_letter.id)
        return ReplayResult(dead_letter, None)
