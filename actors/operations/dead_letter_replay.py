"""Trying again what could not be taken in: dead letters one by one, or a whole feed from its beginning.

Consumers take an event twice without harm, so replaying is always safe. Never drops a letter that failed
again.
"""

from collections.abc import Mapping

import msgspec

from actors.domain_events.readers import Readers
from storage.contracts.domain_events import Cursor, Cursors, CursorUpdate, DeadLetter

DEAD_LETTERS_MAX = 1000


class ReplayResult(msgspec.Struct, frozen=True):
    """How one letter went; `failure` is None when it was taken."""

    dead_letter: DeadLetter
    failure: str | None


class DeadLetterReplay:
    def __init__(self, readers: Readers, cursors: Mapping[str, Cursors]) -> None:
        self._readers = readers
        self._cursors = cursors

    async def list_dead_letters(self) -> list[DeadLetter]:
        found = [await cursors.dead_letters(DEAD_LETTERS_MAX) for cursors in self._cursors.values()]
        return [letter for some in found for letter in some]

    async def replay_all(self) -> list[ReplayResult]:
        """Take every dead letter again; those that are taken go."""
        return [
            await self._replay(cursors, letter)
            for cursors in self._cursors.values()
            for letter in await cursors.dead_letters(DEAD_LETTERS_MAX)
        ]

    async def delete_dead_letter(self, service: str, dead_letter_id: int) -> None:
        """Give a letter up."""
        await self._cursors[service].delete_dead_letter(dead_letter_id)

    async def reset_consumer(self, consumer: str) -> bool:
        """Have a consumer read all again that its feed still holds; False when there is no such consumer."""
        for cursors in self._cursors.values():
            place = await cursors.get(consumer)
            if place is not None:
                await cursors.advance(CursorUpdate(consumer, place, Cursor(place.source)))
                return True
        return False

    async def _replay(self, cursors: Cursors, dead_letter: DeadLetter) -> ReplayResult:
        reader = self._readers.get_reader(dead_letter.consumer)
        if reader is None:
            return ReplayResult(dead_letter, "there is no such consumer any more")
        try:
            await reader.replay(dead_letter.event)
        except Exception as error:  # noqa: BLE001 - whatever it was, the letter stays
            return ReplayResult(dead_letter, type(error).__name__)
        await cursors.delete_dead_letter(dead_letter.id)
        return ReplayResult(dead_letter, None)
