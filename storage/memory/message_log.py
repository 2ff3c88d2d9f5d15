"""In-memory message log with the two unique keys of the real one.

A test can let an append fail after some entries, or make the store unavailable. Checking and taking a key is
atomic: there is no await in between.
"""

import asyncio
from collections.abc import Sequence

import msgspec

from storage.contracts.message_log import (
    Appended,
    ChangeEntry,
    Duplicates,
    Entry,
    MessageEntry,
    ReadByRecord,
    SeqConflict,
)
from storage.errors import Unavailable


class MemoryMessageLog:
    """Implements `storage.contracts.message_log.MessageLog`."""

    def __init__(self) -> None:
        self._logs: dict[str, dict[int, Entry]] = {}
        self._seq_by_id: dict[str, tuple[str, int]] = {}
        self._by_client: dict[tuple[str, str, str], Entry] = {}
        self._fail_after: int | None = None
        self.unavailable = False
        """While True, every method raises `Unavailable`."""

    def fail_next(self, after_storing: int) -> None:
        """Make the next append store that many entries and then raise `Unavailable`."""
        self._fail_after = after_storing

    async def append(self, entries: Sequence[Entry]) -> Appended:
        await self._yield_or_fail()
        fail_after, self._fail_after = self._fail_after, None
        for stored_count, entry in enumerate(entries):
            if stored_count == fail_after:
                raise Unavailable("memory: injected failure")
            conflict = self._insert(entry)
            if isinstance(conflict, Duplicates):
                conflict = self._find_duplicates(entries[stored_count:])
            if conflict is not None:
                return Appended(stored_count, conflict)
        if fail_after is not None:
            raise Unavailable("memory: injected failure")
        return Appended(len(entries))

    async def find_conflicts(
        self, batches: Sequence[Sequence[Entry]]
    ) -> list[SeqConflict | Duplicates | None]:
        await self._yield_or_fail()
        return [
            self._find_conflict(batch)
            if batch[0].seq in self._logs.get(batch[0].conversation_id, {})
            else None
            for batch in batches
        ]

    def _find_conflict(self, entries: Sequence[Entry]) -> SeqConflict | Duplicates | None:
        conflict = self._insert(entries[0])
        return self._find_duplicates(entries) if isinstance(conflict, Duplicates) else conflict

    def _insert(self, entry: Entry) -> SeqConflict | Duplicates | None:
        log = self._logs.setdefault(entry.conversation_id, {})
        client = (entry.conversation_id, entry.sender_id, entry.client_id)
        known = self._by_client.get(client)
        if known is not None:
            if (known.attempt_id, known.seq) == (entry.attempt_id, entry.seq):
                return None
            return Duplicates((log[known.seq],))
        if entry.seq in log:
            return SeqConflict()
        log[entry.seq] = self._by_client[client] = entry
        self._seq_by_id[entry.id] = (entry.conversation_id, entry.seq)
        return None

    def _find_duplicates(self, entries: Sequence[Entry]) -> Duplicates:
        log_id = entries[0].conversation_id
        log = self._logs[log_id]
        keys = [
            (log_id, entry.sender_id, entry.client_id) for entry in entries if entry.conversation_id == log_id
        ]
        known = (self._by_client[key] for key in keys if key in self._by_client)
        return Duplicates(tuple(log[entry.seq] for entry in known))

    async def read(self, conversation_id: str, after: int, through: int) -> list[Entry]:
        await self._yield_or_fail()
        return [entry for entry in self._sorted_entries(conversation_id) if after < entry.seq <= through]

    async def find_advanced(self, after: Sequence[tuple[str, int]]) -> set[str]:
        await self._yield_or_fail()
        return {log_id for log_id, seq in after if seq + 1 in self._logs.get(log_id, ())}

    async def find_messages(self, ids: Sequence[str]) -> list[MessageEntry]:
        await self._yield_or_fail()
        locations = {self._seq_by_id[entry_id] for entry_id in ids if entry_id in self._seq_by_id}
        entries = (self._logs[conversation_id][seq] for conversation_id, seq in locations)
        return [entry for entry in entries if isinstance(entry, MessageEntry)]

    async def find_by_client_id(self, conversation_id: str, sender_id: str, client_id: str) -> Entry | None:
        await self._yield_or_fail()
        known = self._by_client.get((conversation_id, sender_id, client_id))
        return None if known is None else self._logs[conversation_id][known.seq]

    async def page_messages(
        self, conversation_id: str, before: int, after: int, limit: int, *, newest: bool
    ) -> list[MessageEntry]:
        await self._yield_or_fail()
        page = [message for message in self._sorted_messages(conversation_id) if after < message.seq < before]
        return page[: -limit - 1 : -1] if newest else page[:limit]

    async def count_unread(self, conversation_id: str, user_id: str, after: int, limit: int) -> int:
        await self._yield_or_fail()
        unread_count = sum(
            message.message_type == "TEXT" and message.deleted_at_ms is None
            for message in self._sorted_messages(conversation_id)
            if message.seq > after and message.sender_id != user_id
        )
        return min(limit, unread_count)

    async def apply_change(self, change: ChangeEntry) -> None:
        await self._yield_or_fail()
        conversation_id, seq = self._seq_by_id.get(change.message_id, ("", 0))
        message = self._logs.get(conversation_id, {}).get(seq)
        if isinstance(message, MessageEntry) and message.changed_seq < change.seq:
            self._logs[conversation_id][seq] = message.with_state(change.state, change.seq)

    async def mark_read_by(
        self, conversation_id: str, user_id: str, after: int, through: int, read_at_ms: int
    ) -> None:
        await self._yield_or_fail()
        for message in self._sorted_messages(conversation_id):
            is_marked = any(reader.user_id == user_id for reader in message.read_by)
            if after < message.seq <= through and message.sender_id != user_id and not is_marked:
                read_by = (*message.read_by, ReadByRecord(user_id, read_at_ms))
                marked = msgspec.structs.replace(message, read_by=read_by)
                self._logs[conversation_id][message.seq] = marked

    async def check(self) -> None:
        """Raise `Unavailable` while the store is unavailable."""
        await self._yield_or_fail()

    async def _yield_or_fail(self) -> None:
        await asyncio.sleep(0)
        if self.unavailable:
            raise Unavailable("memory: unavailable")

    def _sorted_entries(self, conversation_id: str) -> list[Entry]:
        return [entry for _, entry in sorted(self._logs.get(conversation_id, {}).items())]

    def _sorted_messages(self, conversation_id: str) -> list[MessageEntry]:
        return [entry for entry in self._sorted_entries(conversation_id) if isinstance(entry, MessageEntry)]
