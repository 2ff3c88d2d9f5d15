"""Writes conversation summaries in the background: last message, last seq, last sent seq of each member.

Many entries of one conversation become one update, which is retried while the store is unavailable. The
number of conversations per write is limited, longest waiting first, because each update costs the store as
much as a batch of messages. Readers do not depend on the summaries being current: they read the log above
`last_seq`.
"""

import asyncio
import logging
from itertools import islice

from actors.protocol.objects import MessageType
from actors.runtime.timer_wheel import TimerWheel
from config.limits import Limits
from storage.contracts.message_log import ChangeEntry, Entry, MessageEntry
from storage.contracts.messaging import ConversationStore, ConversationSummary, LastMessage
from storage.errors import Unavailable

_log = logging.getLogger(__name__)
CLOSE_BATCH_CONVERSATIONS = 500


class PendingSummary:
    """The unwritten summary of one conversation."""

    __slots__ = ("last_message", "last_sent_seqs", "last_seq")

    def __init__(self) -> None:
        self.last_message: MessageEntry | None = None
        self.last_seq = 0
        # The seq of each sender's last TEXT message.
        self.last_sent_seqs: dict[str, int] = {}

    def to_summary(self, conversation_id: str) -> ConversationSummary:
        last = self.last_message
        return ConversationSummary(
            conversation_id=conversation_id,
            last_seq=self.last_seq,
            last_message=None if last is None else to_last_message(last),
            last_sent_seqs=tuple(self.last_sent_seqs.items()),
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
        """Include a stored entry."""
        pending = self._pending.get(entry.conversation_id)
        if pending is None:
            pending = self._pending[entry.conversation_id] = PendingSummary()
            self._schedule_flush()
        pending.last_seq = max(pending.last_seq, entry.seq)
        if isinstance(entry, MessageEntry):
            if entry.message_type == MessageType.TEXT:
                sent_seqs = pending.last_sent_seqs
                sent_seqs[entry.sender_id] = max(entry.seq, sent_seqs.get(entry.sender_id, 0))
            if pending.last_message is None or entry.seq > pending.last_message.seq:
                pending.last_message = entry

    def add_change(self, change: ChangeEntry, newest: MessageEntry) -> None:
        """Include a stored change. `newest` is the last message before it, in its current state."""
        self.add_entry(change)
        pending = self._pending[change.conversation_id]
        if pending.last_message is None or newest.seq >= pending.last_message.seq:
            pending.last_message = newest

    async def close(self) -> None:
        """Write all pending summaries, and wait for those that are being written.

        Has no timeout; the caller sets the deadline.
        """
        self._batch_conversations = CLOSE_BATCH_CONVERSATIONS
        while self._pending or self._flush_task is not None:
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
        if self._flush_task is not None:
            # `close` has started one since the timer was set; a flush that ends schedules the next one.
            return
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
        unwritten = {conversation_id: self._pending.pop(conversation_id) for conversation_id in ids}
        try:
            await self._store.save_summaries(
                [pending.to_summary(conversation_id) for conversation_id, pending in unwritten.items()]
            )
        except Unavailable:
            for conversation_id, pending in unwritten.items():
                self._restore(conversation_id, pending)
            await asyncio.sleep(self._interval_s)

    def _restore(self, conversation_id: str, unwritten: PendingSummary) -> None:
        """Merge a summary that could not be written with the entries added since."""
        pending = self._pending.get(conversation_id)
        if pending is None:
            self._pending[conversation_id] = unwritten
            return
        for user_id, seq in unwritten.last_sent_seqs.items():
            pending.last_sent_seqs[user_id] = max(seq, pending.last_sent_seqs.get(user_id, 0))
        if pending.last_message is None:
            pending.last_message = unwritten.last_message


def to_last_message(message: MessageEntry) -> LastMessage:
    """Convert a message to the last message of a summary."""
    return LastMessage(message.content, message.sender_id, message.created_at_ms, message.seq)
