"""Telling people through their own streams: who came into a conversation, who is out, who has read.

A stream frame reaches all devices of one user on every instance. It never raises for want of the broker:
what is lost then, the stream writer tells.
"""

import asyncio
import logging
from collections.abc import Mapping, Sequence

import msgspec

from actors.conversations import serializers
from actors.conversations.conversation_views import LoadCards
from actors.conversations.summary_writer import to_last_message
from actors.delivery.stream_writer import StreamWriter
from actors.protocol.errors import ApiError
from actors.protocol.objects import Conversation, ReadState, UserCard
from actors.protocol.server_frames import (
    ConversationJoined,
    ConversationLeft,
    ConversationMarked,
)
from config.limits import PARTICIPANTS_IN_OBJECT
from storage.contracts.messaging import ConversationRecord, ConversationStore, MessageEntry, ReadMark
from storage.errors import Unavailable

_log = logging.getLogger(__name__)


class MembershipNotifier:
    """Implements `actors.conversations.conversation_services.Announcer`."""

    def __init__(self, streams: StreamWriter, store: ConversationStore, load_cards: LoadCards) -> None:
        self._streams = streams
        self._store = store
        self._load_cards = load_cards

    async def notify_change(self, conversation: ConversationRecord, entry: MessageEntry) -> None:
        done = entry.membership
        if done is None:
            return
        if done.joined:
            # Whoever joins late has the history to read, not a thousand unread messages.
            marks = [ReadMark(conversation.id, one, entry.seq, entry.created_at_ms) for one in done.joined]
            try:
                await asyncio.gather(*(self._store.advance_read_mark(mark) for mark in marks))
            except Unavailable:
                _log.warning("read marks of new members were not written")
            # The document follows its log a moment later; what is told is as of this entry.
            known = msgspec.structs.replace(conversation, last_message=to_last_message(entry))
            await self.notify_joined(known, entry.seq, done.joined)
        if done.left:
            await self._streams.append(done.left, ConversationLeft(0, conversation.id))

    async def notify_joined(
        self, conversation: ConversationRecord, seq: int, user_ids: Sequence[str]
    ) -> None:
        """Tell those users that they are in; `seq` is where the log stood."""
        shown = await self._to_conversation(conversation, seq)
        await self._streams.append(user_ids, ConversationJoined(0, shown))

    async def notify_read_mark(self, user_id: str, conversation_id: str, state: ReadState) -> None:
        """Tell one's other devices how far one has read."""
        frame = ConversationMarked(0, conversation_id, state.read_seq, state.unread_count)
        await self._streams.append([user_id], frame)

    async def _to_conversation(self, conversation: ConversationRecord, seq: int) -> Conversation:
        cards: Mapping[str, UserCard] = {}
        try:
            cards = await self._load_cards(conversation.participants[:PARTICIPANTS_IN_OBJECT])
        except (Unavailable, ApiError):
            _log.warning("members are announced without their cards")
        return serializers.to_conversation(
            conversation, cards, last_seq=seq, read_seq=seq, unread_count=0, muted=False
        )
