"""Rebuilds the durable events of a conversation from its log.

A room that missed entries gets each entry at its seq. A client that resumes gets a compacted log: each
message once, in its latest state, at the seq of its latest change.
"""

import asyncio
from collections.abc import Callable, Sequence

from actors.conversations import serializers
from actors.conversations.conversation_views import LoadCards
from actors.delivery.rooms import RepairedFrame
from actors.protocol.server_frames import ConversationUpdated, LogFrame
from storage.contracts.identifiers import is_id
from storage.contracts.message_log import ChangeEntry, Entry, MessageEntry, MessageLog

HEAD_CHUNK = 1000
HEADS_RUNNING_MAX = 8
"""Heads read at once. One after the other takes long for many conversations of a store that is far away."""

ENTRY_SEQS = 2**32
"""Seqs that the id of an entry can hold."""


async def find_message(log: MessageLog, message_id: str) -> MessageEntry | None:
    """Return a message of any conversation; None also for a malformed id. Raises `Unavailable`."""
    messages = await log.find_messages([message_id]) if is_id(message_id) else []
    return messages[0] if messages else None


class LogReader:
    """Implements `LogFrameReader` of `actors.delivery.rooms` and `MissedFrameReader` of `stream_recovery`."""

    def __init__(
        self, log: MessageLog, load_cards: LoadCards, encode_frame: Callable[[bytes], bytes]
    ) -> None:
        self._log = log
        self._load_cards = load_cards
        self._encode_frame = encode_frame

    async def read_frames(self, conversation_id: str, after: int, through: int) -> list[RepairedFrame]:
        entries = await self._log.read(conversation_id, after, through)
        events = await self._to_events(await self._with_messages(entries), None)
        return [self._to_repaired_frame(event) for event in events]

    async def read_heads(self, known_seqs: Sequence[tuple[str, int]]) -> dict[str, int]:
        heads = dict(known_seqs)
        advanced = list(await self._log.find_advanced(known_seqs))
        for start in range(0, len(advanced), HEADS_RUNNING_MAX):
            part = advanced[start : start + HEADS_RUNNING_MAX]
            seqs = await asyncio.gather(*(self.read_head(id_, heads[id_]) for id_ in part))
            heads.update(zip(part, seqs, strict=True))
        return heads

    async def read_head(self, conversation_id: str, known_head: int) -> int:
        """Return the seq of the last entry. `known_head` is a seq that the log contains."""
        while True:
            entries = await self._log.read(conversation_id, known_head, known_head + HEAD_CHUNK)
            if entries:
                known_head = entries[-1].seq
            if len(entries) < HEAD_CHUNK:
                return known_head

    async def read_changes(
        self, conversation_id: str, after: int, limit: int, viewer_id: str
    ) -> tuple[list[LogFrame], int, bool]:
        """Return the compacted events of at most `limit` entries, the seq they reach, and if more follow.

        The message of each event is as of the event's seq: one that changes during the read is left out, and
        then more follow.
        """
        entries = await self._log.read(conversation_id, after, after + limit + 1)
        has_more = len(entries) > limit
        entries = entries[:limit]
        last_seq = entries[-1].seq if entries else after
        messages = await self._with_messages(entries)
        if not has_more and any(message.changed_seq > last_seq for _, message in messages):
            has_more = await self.has_entry(conversation_id, last_seq + 1)
        return await self._to_events(_compact(messages, has_more=has_more), viewer_id), last_seq, has_more

    async def has_entry(self, conversation_id: str, seq: int) -> bool:
        """Whether the log has an entry at `seq`. Raises `Unavailable`."""
        return seq < ENTRY_SEQS and bool(await self._log.find_advanced([(conversation_id, seq - 1)]))

    async def read_compacted(
        self, conversation_id: str, after: int, through: int, viewer_id: str
    ) -> list[LogFrame]:
        """Return the compacted events with after < seq <= through, without messages that change later."""
        entries = await self._log.read(conversation_id, after, through)
        compacted = _compact(await self._with_messages(entries), has_more=True)
        return await self._to_events(compacted, viewer_id)

    def _to_repaired_frame(self, event: LogFrame) -> RepairedFrame:
        left = event.changed.left if isinstance(event, ConversationUpdated) else None
        return RepairedFrame(
            event.seq, self._encode_frame(serializers.encode_event(event)), tuple(left or ())
        )

    async def _with_messages(self, entries: Sequence[Entry]) -> list[tuple[int, MessageEntry]]:
        """Return the seq of each entry with its message in the current state, at least that of the entry."""
        changed = await self._load_changed_messages(entries)
        messages: list[tuple[int, MessageEntry]] = []
        for entry in entries:
            if isinstance(entry, ChangeEntry):
                message = changed[entry.message_id]
                if message.changed_seq < entry.seq:
                    # Stored, but not applied yet; after a crash only the next activation applies it.
                    message = message.with_state(entry.state, entry.seq)
            else:
                message = entry
            messages.append((entry.seq, message))
        return messages

    async def _load_changed_messages(self, entries: Sequence[Entry]) -> dict[str, MessageEntry]:
        ids = dict.fromkeys(entry.message_id for entry in entries if isinstance(entry, ChangeEntry))
        return {message.id: message for message in await self._log.find_messages(list(ids))}

    async def _to_events(
        self, messages: Sequence[tuple[int, MessageEntry]], viewer_id: str | None
    ) -> list[LogFrame]:
        joined = {
            user_id
            for _, message in messages
            if message.membership is not None
            for user_id in message.membership.joined
        }
        cards = await self._load_cards(list(joined)) if joined else {}
        return [
            serializers.to_created_event(message, cards, viewer_id)
            if seq == message.seq
            else serializers.to_updated_event(message, seq, viewer_id)
            for seq, message in messages
        ]


def _compact(
    messages: Sequence[tuple[int, MessageEntry]], *, has_more: bool
) -> list[tuple[int, MessageEntry]]:
    """Keep each message once, at its latest change. With `has_more`, drop messages that change later."""
    last_seq = messages[-1][0] if messages else 0
    latest: dict[str, tuple[int, MessageEntry]] = {}
    for seq, message in messages:
        # An earlier entry may have been read before the message changed.
        latest.pop(message.id, None)
        if not (has_more and message.changed_seq > last_seq):
            latest[message.id] = (seq, message)
    return list(latest.values())
