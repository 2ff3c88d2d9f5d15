"""The message log in memory, with the two unique keys that are its fence.

A test may have an append store some entries and then fail, or take the store away. It never yields between
looking at a key and taking it.
"""

import asyncio
from collections.abc import Sequence

import msgspec

from storage.errors import Unavailable
from storage.records.messaging import (
    Appended,
    ChangeEntry,
    Duplicate,
    Entry,
    MessageEntry,
    ReadByRecord,
    Taken,
)


class MemoryMessageLog:
    """Implements `storage.contracts.messaging.MessageLog`."""

    def __init__(self) -> None:
        self._logs: dict[str, dict[int, Entry]] = {}
        self._places: dict[str, tuple[str, int]] = {}
        self._by_client: dict[tuple[str, str, str], Entry] = {}
        self._fail_after: int | None = None
        self.away = False
        """While true every method raises `Unavailable`."""

    def fail_next(self, after_storing: int) -> None:
        """Let the next append store so many entries and then raise `Unavailable`."""
        self._fail_after = after_storing

    async def append(self, entries: Sequence[Entry]) -> Appended:
        await self._reach()
        fail_after, self._fail_after = self._fail_after, None
        for stored, entry in enumerate(entries):
            if stored == fail_after:
                raise Unavailable("memory: told to fail")
            refused = self._take(entry)
            if refused is not None:
                return Appended(stored, refused)
        if fail_after is not None:
            raise Unavailable("memory: told to fail")
        return Appended(len(entries))

    def _take(self, entry: Entry) -> Taken | Duplicate | None:
        log = self._logs.setdefault(entry.conversation_id, {})
        client = (entry.conversation_id, entry.sender_id, entry.client_id)
        known = self._by_client.get(client)
        if known is not None:
            if (known.draft, known.seq) == (entry.draft, entry.seq):
                return None
            return Duplicate(log[known.seq])
        if entry.seq in log:
            return Taken()
        log[entry.seq] = self._by_client[client] = entry
        self._places[entry.id] = (entry.conversation_id, entry.seq)
        return None

    async def read(self, conversation_id: str, after: int, through: int) -> list[Entry]:
        await self._reach()
        return [entry for entry in self._sorted(conversation_id) if after < entry.seq <= through]

    async def probe(self, after: Sequence[tuple[str, int]]) -> set[str]:
        await self._reach()
        return {one for one, seq in after if seq + 1 in self._logs.get(one, ())}

    async def messages(self, ids: Sequence[str]) -> list[MessageEntry]:
        await self._reach()
        places = {self._places[one] for one in ids if one in self._places}
        found = (self._logs[conversation_id][seq] for conversation_id, seq in places)
        return [entry for entry in found if isinstance(entry, MessageEntry)]

    async def page(
        self, conversation_id: str, before: int, after: int, limit: int, *, newest: bool
    ) -> list[MessageEntry]:
        await self._reach()
        page = [message for message in self._messages(conversation_id) if after < message.seq < before]
        return page[: -limit - 1 : -1] if newest else page[:limit]

    async def unread(self, conversation_id: str, user_id: str, after: int, at_most: int) -> int:
        await self._reach()
        others = (
            one for one in self._messages(conversation_id) if one.seq > after and one.sender_id != user_id
        )
        return min(at_most, sum(one.message_type == "TEXT" and one.deleted_at_ms is None for one in others))

    async def apply(self, change: ChangeEntry) -> None:
        await self._reach()
        conversation_id, seq = self._places.get(change.message_id, ("", 0))
        message = self._logs.get(conversation_id, {}).get(seq)
        if isinstance(message, MessageEntry) and message.changed_seq < change.seq:
            effect = change.effect
            self._logs[conversation_id][seq] = msgspec.structs.replace(
                message,
                changed_seq=change.seq,
                content=effect.content,
                edited_at_ms=effect.edited_at_ms,
                deleted_at_ms=effect.deleted_at_ms,
                reactions=effect.reactions,
                first=effect.first,
            )

    async def mark_read_by(
        self, conversation_id: str, user_id: str, after: int, through: int, read_at_ms: int
    ) -> None:
        await self._reach()
        for message in self._messages(conversation_id):
            known = any(reader.user_id == user_id for reader in message.read_by)
            if after < message.seq <= through and message.sender_id != user_id and not known:
                read_by = (*message.read_by, ReadByRecord(user_id, read_at_ms))
                read = msgspec.structs.replace(message, read_by=read_by)
                self._logs[conversation_id][message.seq] = read

    async def check(self) -> None:
        """Raise `Unavailable` while the store is away."""
        await self._reach()

    async def _reach(self) -> None:
        await asyncio.sleep(0)
        if self.away:
            raise Unavailable("memory: away")

    def _sorted(self, conversation_id: str) -> list[Entry]:
        return [entry for _, entry in sorted(self._logs.get(conversation_id, {}).items())]

    def _messages(self, conversation_id: str) -> list[MessageEntry]:
        return [entry for entry in self._sorted(conversation_id) if isinstance(entry, MessageEntry)]
