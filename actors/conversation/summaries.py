"""What lists show of conversations, written late: the last message, the last seq, and who sent up to where.

Many entries of one conversation become one update; an update that fails is made again. Only so many
conversations are written at a time, the longest waiting first, because each update costs the store as
much as a batch of messages. Readers never depend on it being early: they look at the log above `last_seq`.
"""

import asyncio
import logging
from itertools import islice

from actors.runtime.wheel import Wheel
from actors.wire.objects import MessageType
from config.limits import Limits
from storage.contracts.messaging import ConversationStore
from storage.errors import Unavailable
from storage.records.messaging import ChangeEntry, Entry, LastMessage, MessageEntry, Summary

_log = logging.getLogger(__name__)
AT_ONCE_WHEN_CLOSING = 500


class Tail:
    """The newest of one conversation that is not yet written."""

    __slots__ = ("last", "last_seq", "sent")

    def __init__(self) -> None:
        self.last: MessageEntry | None = None
        self.last_seq = 0
        self.sent: dict[str, int] = {}

    def summary(self, conversation_id: str) -> Summary:
        last = self.last
        return Summary(
            conversation_id=conversation_id,
            last_seq=self.last_seq,
            last_message=None if last is None else last_message(last),
            sent=tuple(self.sent.items()),
        )


class Summaries:
    def __init__(self, store: ConversationStore, wheel: Wheel, limits: Limits) -> None:
        self._store = store
        self._wheel = wheel
        self._interval_s = limits.flush_interval_ms / 1000
        self._at_once = limits.flush_conversations
        self._tails: dict[str, Tail] = {}
        self._flushing: asyncio.Task[None] | None = None
        self._armed = False

    def __len__(self) -> int:
        return len(self._tails)

    def note(self, entry: Entry) -> None:
        """An entry is stored."""
        tail = self._tails.get(entry.conversation_id)
        if tail is None:
            tail = self._tails[entry.conversation_id] = Tail()
            self._arm()
        tail.last_seq = max(tail.last_seq, entry.seq)
        if isinstance(entry, MessageEntry):
            if entry.message_type == MessageType.TEXT:
                tail.sent[entry.sender_id] = max(entry.seq, tail.sent.get(entry.sender_id, 0))
            if tail.last is None or entry.seq > tail.last.seq:
                tail.last = entry

    def note_change(self, change: ChangeEntry, newest: MessageEntry) -> None:
        """A change is stored; `newest` is the last message below it, as it is now."""
        self.note(change)
        tail = self._tails[change.conversation_id]
        if tail.last is None or newest.seq >= tail.last.seq:
            tail.last = newest

    async def close(self) -> None:
        """Write everything. Ended by its caller's deadline."""
        self._at_once = AT_ONCE_WHEN_CLOSING
        while self._tails:
            if self._flushing is None:
                self._flush()
            assert self._flushing is not None
            await asyncio.wait([self._flushing])

    def _arm(self) -> None:
        if not self._armed and self._flushing is None:
            self._armed = True
            self._wheel.after(self._interval_s, self._flush)

    def _flush(self) -> None:
        self._armed = False
        self._flushing = asyncio.create_task(self._write())
        self._flushing.add_done_callback(self._flushed)

    def _flushed(self, task: "asyncio.Task[None]") -> None:
        self._flushing = None
        if not task.cancelled() and task.exception() is not None:
            _log.error("summaries could not be written", exc_info=task.exception())
        if self._tails:
            self._arm()

    async def _write(self) -> None:
        ids = list(islice(self._tails, self._at_once))
        tails = {one: self._tails.pop(one) for one in ids}
        try:
            await self._store.flush([tails[one].summary(one) for one in ids])
        except Unavailable:
            for one in ids:
                self._keep(one, tails[one])
            await asyncio.sleep(self._interval_s)

    def _keep(self, conversation_id: str, old: Tail) -> None:
        """What could not be written joins what came since."""
        tail = self._tails.get(conversation_id)
        if tail is None:
            self._tails[conversation_id] = old
            return
        for user_id, seq in old.sent.items():
            tail.sent[user_id] = max(seq, tail.sent.get(user_id, 0))
        if tail.last is None:
            tail.last = old.last


def last_message(message: MessageEntry) -> LastMessage:
    """A message as lists show it."""
    return LastMessage(message.content, message.sender_id, message.created_at_ms, message.seq)
