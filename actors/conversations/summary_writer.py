"""What lists show of conversations, written late: the last message, the last seq, and who sent up to where.

Many entries of one conversation become one update; an update that fails is made again. Only so many
conversations are written at a time, the longest waiting first, because each update costs the store as
much as a batch of messages. Readers never depend on it being early: they look at the log above `last_seq`.
"""

import asyncio
import logging
from itertools import islice

from actors.protocol.objects import MessageType
from actors.runtime.timer_wheel import TimerWheel
from config.limits import Limits
from storage.contracts.messaging import (
    ChangeEntry,
    ConversationStore,
    ConversationSummary,
    Entry,
    LastMessage,
    MessageEntry,
)
from storage.errors import Unavailable

_log = logging.getLogger(__name__)
CLOSE_BATCH_CONVERSATIONS = 500


class PendingSummary:
    """The newest of one conversation that is not yet written."""

    __slots__ = ("last", "last_seq", "sent")

    def __init__(self) -> None:
        self.last: MessageEntry | None = None
        self.last_seq = 0
        self.sent: dict[str, int] = {}

    def to_summary(self, conversation_id: str) -> ConversationSummary:
        last = self.last
        return ConversationSummary(
            conversation_id=conversation_id,
            last_seq=self.last_seq,
            last_message=None if last is None else to_last_message(last),
            last_sent_seqs=tuple(self.sent.items()),
        )


class SummaryWriter:
    def __init__(self, store: ConversationStore, wheel: TimerWheel, limits: Limits) -> None:
        self._store = store
        self._wheel = wheel
        self._interval_s = limits.flush_interval_ms / 1000
        self._batch_conversations = limits.flush_conversations
        self._pending: dict[str, PendingSummary] = {}
        self._flush_task: asyncio.Task[None] | None = None
        self._scheduled = False

    def __len__(self) -> int:
        return len(self._pending)

    def add_entry(self, entry: Entry) -> None:
        """An entry is stored."""
        tail = self._pending.get(entry.conversation_id)
        if tail is None:
            tail = self._pending[entry.conversation_id] = PendingSummary()
            self._schedule_flush()
        tail.last_seq = max(tail.last_seq, entry.seq)
        if isinstance(entry, MessageEntry):
            if entry.message_type == MessageType.TEXT:
                tail.sent[entry.sender_id] = max(entry.seq, tail.sent.get(entry.sender_id, 0))
            if tail.last is None or entry.seq > tail.last.seq:
                tail.last = entry

    def add_change(self, change: ChangeEntry, newest: MessageEntry) -> None:
        """A change is stored; `newest` is the last message below it, as it is now."""
        self.add_entry(change)
        tail = self._pending[change.conversation_id]
        if tail.last is None or newest.seq >= tail.last.seq:
            tail.last = newest

    async def close(self) -> None:
        """Write everything. Ended by its caller's deadline."""
        self._batch_conversations = CLOSE_BATCH_CONVERSATIONS
        while self._pending:
            if self._flush_task is None:
                self._start_flush()
            assert self._flush_task is not None
            await asyncio.wait([self._flush_task])

    def _schedule_flush(self) -> None:
        if not self._scheduled and self._flush_task is None:
            self._scheduled = True
            self._wheel.call_later(self._interval_s, self._start_flush)

    def _start_flush(self) -> None:
        self._scheduled = False
        self._flush_task = asyncio.create_task(self._write_batch())
        self._flush_task.add_done_callback(self._on_flush_done)

    def _on_flush_done(self, task: "asyncio.Task[None]") -> None:
        self._flush_task = None
        if not task.cancelled() and task.exception() is not None:
            _log.error("summaries could not be written", exc_info=task.exception())
        if self._pending:
            self._schedule_flush()

    async def _write_batch(self) -> None:
        ids = list(islice(self._pending, self._batch_conversations))
        tails = {one: self._pending.pop(one) for one in ids}
        try:
            await self._store.save_summaries([tails[one].to_summary(one) for one in ids])
        except Unavailable:
            for one in ids:
                self._restore(one, tails[one])
            await asyncio.sleep(self._interval_s)

    def _restore(self, conversation_id: str, unwritten: PendingSummary) -> None:
        """What could not be written joins what came since."""
        tail = self._pending.get(conversation_id)
        if tail is None:
            self._pending[conversation_id] = unwritten
            return
        for user_id, seq in unwritten.sent.items():
            tail.sent[user_id] = max(seq, tail.sent.get(user_id, 0))
        if tail.last is None:
            tail.last = unwritten.last


def to_last_message(message: MessageEntry) -> LastMessage:
    """A message as lists show it."""
    return LastMessage(message.content, message.sender_id, message.created_at_ms, message.seq)
