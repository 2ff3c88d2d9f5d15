"""How far each member has read: marks that only move forward, and those who are told.

The mark is durable before anybody hears of it. What the messages themselves say of their readers is
written behind it, many marks of one reader as one. It never counts unread up or down: that is derived.
"""

import asyncio
import logging
from collections.abc import Callable

from actors.conversation.announcer import Announcer
from actors.conversation.views import View, Views
from actors.delivery.rooms import Rooms
from actors.wire.frames import ReadReceipt, frame_encoder
from actors.wire.moment import now_ms, rfc3339
from actors.wire.objects import ReadState
from config.limits import READ_BY_MEMBERS, UNREAD_MAX
from storage.contracts.messaging import MessagingStore
from storage.errors import Unavailable
from storage.records.identifiers import entry_id
from storage.records.messaging import MessageEntry, ReadMark

_log = logging.getLogger(__name__)
RECEIPTS_S = 0.1


class Reading:
    def __init__(
        self,
        store: MessagingStore,
        views: Views,
        rooms: Rooms,
        announcer: Announcer,
        framed: Callable[[bytes], bytes],
    ) -> None:
        self._store = store
        self._views = views
        self._rooms = rooms
        self._announcer = announcer
        self._framed = framed
        self._stretches: dict[tuple[str, str], tuple[int, int, int]] = {}
        self._writing: asyncio.Task[None] | None = None
        self._receipts: dict[tuple[str, str], tuple[int, int]] = {}
        self._telling: asyncio.TimerHandle | None = None

    async def mark(self, user_id: str, conversation_id: str, seq: int, member_count: int) -> ReadState:
        """Move the mark of a member to `seq`, if that is forward; answer where it stands.

        Raises `Unavailable`.
        """
        view = await self._views.one(user_id, conversation_id)
        if seq <= view.read_seq:
            return await self._views.read_state(user_id, view)
        read_at_ms = now_ms()
        stands = await self._store.mark(ReadMark(conversation_id, user_id, seq, read_at_ms))
        self._tell(user_id, conversation_id, seq, read_at_ms, member_count)
        if member_count <= READ_BY_MEMBERS:
            self._note(user_id, conversation_id, view.read_seq, seq, read_at_ms)
        # Counted behind the mark: what came meanwhile may have been told already.
        state = ReadState(stands, await self._store.unread(conversation_id, user_id, stands, UNREAD_MAX))
        await self._announcer.marked(user_id, conversation_id, state)
        return state

    async def places(self, view: View) -> dict[str, list[tuple[int, int]]]:
        """The (seq, time) up to which each member has read: by a mark, and by the last message sent."""
        conversation = view.record
        keys = [(conversation.id, user_id) for user_id in conversation.participants]
        places: dict[str, list[tuple[int, int]]] = {
            mark.user_id: [(mark.read_seq, mark.read_at_ms)] for mark in await self._store.marks(keys)
        }
        sent = await self._store.sent(conversation.id)
        for entry in await self._store.read(conversation.id, conversation.last_seq, view.last_seq):
            if isinstance(entry, MessageEntry):
                sent[entry.sender_id] = entry.seq
        last = await self._store.messages([entry_id(conversation.id, seq) for seq in sent.values()])
        for message in last:
            places.setdefault(message.sender_id, []).append((message.seq, message.created_at_ms))
        return places

    async def close(self) -> None:
        """Tell and write what is due. Ended by its caller's deadline."""
        if self._telling is not None:
            self._telling.cancel()
            self._tell_all()
        while self._writing is not None:
            await asyncio.wait([self._writing])

    def _tell(self, user_id: str, conversation_id: str, seq: int, read_at_ms: int, member_count: int) -> None:
        if member_count > READ_BY_MEMBERS:
            return
        # Only the latest of a moment is told: whoever scrolls reads many times.
        if not self._receipts:
            self._telling = asyncio.get_running_loop().call_later(RECEIPTS_S, self._tell_all)
        told = (seq, read_at_ms)
        self._receipts[conversation_id, user_id] = max(
            told, self._receipts.get((conversation_id, user_id), told)
        )

    def _tell_all(self) -> None:
        receipts, self._receipts = self._receipts, {}
        for (conversation_id, user_id), (seq, read_at_ms) in receipts.items():
            frame = frame_encoder.encode(ReadReceipt(conversation_id, user_id, seq, rfc3339(read_at_ms)))
            self._rooms.hint(conversation_id, frame, self._framed(frame), user_id)

    def _note(self, user_id: str, conversation_id: str, after: int, through: int, read_at_ms: int) -> None:
        key = (conversation_id, user_id)
        earlier = self._stretches.get(key)
        if earlier is not None:
            after = min(after, earlier[0])
        # Far back nobody looks at single readers any more: the mark itself says it.
        self._stretches[key] = (max(after, through - UNREAD_MAX), through, read_at_ms)
        if self._writing is None:
            self._writing = asyncio.create_task(self._write())

    async def _write(self) -> None:
        try:
            while self._stretches:
                (conversation_id, user_id), stretch = next(iter(self._stretches.items()))
                del self._stretches[conversation_id, user_id]
                after, through, read_at_ms = stretch
                try:
                    await self._store.mark_read_by(conversation_id, user_id, after, through, read_at_ms)
                except Unavailable:
                    # Readers are shown from the marks all the same; only the time of reading is coarser.
                    _log.warning("readers of messages were not written")
        finally:
            self._writing = None
