"""Trying again what could not be taken in: dead letters one by one, or a whole feed from its beginning.

Consumers take an event twice without harm, so replaying is always safe. Never drops a letter that failed
again.
"""

from collections.abc import Mapping

import msgspec

from actors.sync.readers import Readers
from storage.contracts.domain_events import Cursors
from storage.records.domain_events import Cursor, CursorUpdate, DeadLetter

LETTERS = 1000


class Replayed(msgspec.Struct, frozen=True):
    """How one letter went; `failure` is None when it was taken."""

    letter: DeadLetter
    failure: str | None


class Replay:
    def __init__(self, readers: Readers, cursors: Mapping[str, Cursors]) -> None:
        self._readers = readers
        self._cursors = cursors

    async def letters(self) -> list[DeadLetter]:
        found = [await cursors.dead_letters(LETTERS) for cursors in self._cursors.values()]
        return [letter for some in found for letter in some]

    async def all(self) -> list[Replayed]:
        """Take every dead letter again; those that are taken go."""
        return [
            await self._again(cursors, letter)
            for cursors in self._cursors.values()
            for letter in await cursors.dead_letters(LETTERS)
        ]

    async def drop(self, service: str, letter_id: int) -> None:
        """Give a letter up."""
        await self._cursors[service].delete_dead_letter(letter_id)

    async def from_start(self, consumer: str) -> bool:
        """Have a consumer read all again that its feed still holds; False when there is no such consumer."""
        for cursors in self._cursors.values():
            place = await cursors.get(consumer)
            if place is not None:
                await cursors.advance(CursorUpdate(consumer, place, Cursor(place.source)))
                return True
        return False

    async def _again(self, cursors: Cursors, letter: DeadLetter) -> Replayed:
        reader = self._readers.reader(letter.consumer)
        if reader is None:
            return Replayed(letter, "there is no such consumer any more")
        try:
            await reader.replay(letter.event)
        except Exception as error:  # noqa: BLE001 - whatever it was, the letter stays
            return Replayed(letter, type(error).__name__)
        await cursors.delete_dead_letter(letter.id)
        return Replayed(letter, None)
