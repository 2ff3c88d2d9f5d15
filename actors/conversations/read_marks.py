"""Read marks: how far each member has read. Marks only move forward.

A mark is durable before it is published. The `read_by` lists of messages are written later, with many marks
of one reader coalesced. Unread counts are computed from the log.
"""

import asyncio
import logging
from collections.abc import Callable

from actors.conversations.conversation_views import ConversationView, ConversationViews
from actors.conversations.membership_notifier import MembershipNotifier
from actors.delivery.rooms import Rooms
from actors.protocol.objects import MessageType, ReadState
from actors.protocol.server_frames import ReadReceipt, server_frame_encoder
from actors.protocol.timestamps import now_ms, rfc3339_from_ms
from config.limits import READ_BY_MEMBERS_MAX, UNREAD_MAX
from storage.contracts.identifiers import entry_id
from storage.contracts.message_log import MessageEntry
from storage.contracts.messaging import MessagingStore, ReadMark
from storage.errors import Unavailable

_log = logging.getLogger(__name__)
RECEIPT_DELAY_S = 0.1


class ReadMarks:
    def __init__(
        self,
        store: MessagingStore,
        views: ConversationViews,
        rooms: Rooms,
        membership_notifier: MembershipNotifier,
        encode_frame: Callable[[bytes], bytes],
    ) -> None:
        self._store = store
        self._views = views
        self._rooms = rooms
        self._membership_notifier = membership_notifier
        self._encode_frame = encode_frame
        # By (conversation id, user id): (after, through, read at in ms) of the messages that were read.
        self._unwritten_ranges: dict[tuple[str, str], tuple[int, int, int]] = {}
        self._write_task: asyncio.Task[None] | None = None
        # By (conversation id, user id): (seq, read at in ms).
        self._queued_receipts: dict[tuple[str, str], tuple[int, int]] = {}
        self._receipt_timer: asyncio.TimerHandle | None = None

    async def mark_read(self, user_id: str, conversation_id: str, seq: int, member_count: int) -> ReadState:
        """Move a member's mark forward to `seq` and return the resulting state.

        Raises `Unavailable`, or `ApiError` if the user is not a member any more.
        """
        view = await self._views.get(user_id, conversation_id)
        if seq <= view.read_seq:
            return await self._views.read_state(user_id, view)
        read_at_ms = now_ms()
        read_seq = await self._store.advance_read_mark(ReadMark(conversation_id, user_id, seq, read_at_ms))
        self._queue_receipt(user_id, conversation_id, seq, read_at_ms, member_count)
        if member_count <= READ_BY_MEMBERS_MAX:
            self._queue_read_by(user_id, conversation_id, view.read_seq, seq, read_at_ms)
        # Counted after the mark moved, so that messages stored meanwhile are included.
        state = ReadState(
            read_seq, await self._store.count_unread(conversation_id, user_id, read_seq, UNREAD_MAX)
        )
        await self._membership_notifier.notify_read_mark(user_id, conversation_id, state)
        return state

    async def read_seqs(self, view: ConversationView) -> dict[str, list[tuple[int, int]]]:
        """Return up to which seq each member has read, and when in ms, as (seq, time) pairs.

        A member has up to two pairs: the read mark, unless the member has only joined, and the last TEXT message
        that the member sent.
        """
        conversation = view.record
        keys = [(conversation.id, user_id) for user_id in conversation.participants]
        read_seqs: dict[str, list[tuple[int, int]]] = {
            mark.user_id: [(mark.read_seq, mark.read_at_ms)]
            for mark in await self._store.get_read_marks(keys)
            if mark.read_at_ms
        }
        sent = await self._store.last_sent_seqs(conversation.id)
        for entry in await self._store.read(conversation.id, conversation.last_seq, view.last_seq):
            if isinstance(entry, MessageEntry) and entry.message_type == MessageType.TEXT:
                sent[entry.sender_id] = entry.seq
        last_messages = await self._store.find_messages(
            [entry_id(conversation.id, seq) for seq in sent.values()]
        )
        for message in last_messages:
            read_seqs.setdefault(message.sender_id, []).append((message.seq, message.created_at_ms))
        return read_seqs

    async def close(self) -> None:
        """Publish and write what is queued. Has no timeout; the caller sets the deadline."""
        if self._receipt_timer is not None:
            self._receipt_timer.cancel()
            self._publish_receipts()
        while self._write_task is not None:
            await asyncio.wait([self._write_task])

    def _queue_receipt(
        self, user_id: str, conversation_id: str, seq: int, read_at_ms: int, member_count: int
    ) -> None:
        if member_count > READ_BY_MEMBERS_MAX:
            return
        # Scrolling moves the mark many times, so only the latest within the delay is published.
        if not self._queued_receipts:
            self._receipt_timer = asyncio.get_running_loop().call_later(
                RECEIPT_DELAY_S, self._publish_receipts
            )
        receipt = (seq, read_at_ms)
        self._queued_receipts[conversation_id, user_id] = max(
            receipt, self._queued_receipts.get((conversation_id, user_id), receipt)
        )

    def _publish_receipts(self) -> None:
        receipts, self._queued_receipts = self._queued_receipts, {}
        for (conversation_id, user_id), (seq, read_at_ms) in receipts.items():
            payload = server_frame_encoder.encode(
                ReadReceipt(conversation_id, user_id, seq, rfc3339_from_ms(read_at_ms))
            )
            self._rooms.publish_ephemeral(conversation_id, payload, self._encode_frame(payload), user_id)

    def _queue_read_by(
        self, user_id: str, conversation_id: str, after: int, through: int, read_at_ms: int
    ) -> None:
        key = (conversation_id, user_id)
        unwritten = self._unwritten_ranges.get(key)
        if unwritten is not None:
            after = min(after, unwritten[0])
        # Bounds the write. Older messages get their readers from the mark.
        self._unwritten_ranges[key] = (max(after, through - UNREAD_MAX), through, read_at_ms)
        if self._write_task is None:
            self._write_task = asyncio.create_task(self._write_read_by())

    async def _write_read_by(self) -> None:
        try:
            while self._unwritten_ranges:
                (conversation_id, user_id), unwritten = next(iter(self._unwritten_ranges.items()))
                del self._unwritten_ranges[conversation_id, user_id]
                after, through, read_at_ms = unwritten
                try:
                    await self._store.mark_read_by(conversation_id, user_id, after, through, read_at_ms)
                except Unavailable:
                    # Readers are still shown from the marks; only the time of reading is less exact.
                    _log.debug("readers of messages could not be written")
        finally:
            self._write_task = None
