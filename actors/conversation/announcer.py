"""Telling people through their own streams: who came into a conversation, who is out, who has read.

A stream frame reaches all devices of one user on every instance. What can not be told while the broker
is away is noted: on its return every stream begins a new epoch, and clients read their state anew. It
never raises for want of the broker, and never holds up a conversation for longer than one attempt.
"""

import asyncio
import logging
from collections.abc import Awaitable, Mapping, Sequence

from actors.conversation import rendering
from actors.conversation.views import Cards
from actors.wire.frames import (
    ConversationJoined,
    ConversationLeft,
    ConversationMarked,
    StreamFrame,
    frame_encoder,
)
from actors.wire.objects import Conversation, ReadState, UserCard
from actors.wire.refusal import Refusal
from config.limits import PARTICIPANTS_SHOWN
from storage.contracts.bus import UserStreams
from storage.contracts.messaging import ConversationStore
from storage.errors import Unavailable
from storage.records.messaging import ConversationRecord, MessageEntry, ReadMark

_log = logging.getLogger(__name__)
APPENDS_AT_ONCE = 100
POSITION = b'"position":0'


class Announcer:
    """Implements `actors.conversation.conversation.Announcer`."""

    def __init__(self, streams: UserStreams, store: ConversationStore, cards: Cards) -> None:
        self._streams = streams
        self._store = store
        self._cards = cards
        self.lost = 0

    async def announce(self, conversation: ConversationRecord, entry: MessageEntry) -> None:
        done = entry.membership
        if done is None:
            return
        if done.joined:
            # Whoever joins late has the history to read, not a thousand unread messages.
            marks = [ReadMark(conversation.id, one, entry.seq, entry.created_at_ms) for one in done.joined]
            try:
                await asyncio.gather(*(self._store.mark(mark) for mark in marks))
            except Unavailable:
                _log.warning("read marks of new members were not written")
            await self.joined(conversation, entry.seq, done.joined)
        if done.left:
            frame = ConversationLeft(0, conversation.id)
            await self._append([(user_id, frame) for user_id in done.left])

    async def joined(self, conversation: ConversationRecord, seq: int, user_ids: Sequence[str]) -> None:
        """Tell those users that they are in; `seq` is where the log stood."""
        shown = await self._show(conversation, seq)
        frame = ConversationJoined(0, shown)
        await self._append([(user_id, frame) for user_id in user_ids])

    async def marked(self, user_id: str, conversation_id: str, state: ReadState) -> None:
        """Tell one's other devices how far one has read."""
        frame = ConversationMarked(0, conversation_id, state.read_seq, state.unread_count)
        await self._append([(user_id, frame)])

    async def _show(self, conversation: ConversationRecord, seq: int) -> Conversation:
        cards: Mapping[str, UserCard] = {}
        try:
            cards = await self._cards(conversation.participants[:PARTICIPANTS_SHOWN])
        except (Unavailable, Refusal):
            _log.warning("members are announced without their cards")
        return rendering.conversation(
            conversation, cards, last_seq=seq, read_seq=seq, unread_count=0, muted=False
        )

    async def _append(self, frames: Sequence[tuple[str, StreamFrame]]) -> None:
        encoded: dict[int, tuple[bytes, bytes]] = {}
        for start in range(0, len(frames), APPENDS_AT_ONCE):
            appends: list[Awaitable[object]] = []
            for user_id, frame in frames[start : start + APPENDS_AT_ONCE]:
                if id(frame) not in encoded:
                    encoded[id(frame)] = _around_position(frame)
                head, tail = encoded[id(frame)]
                appends.append(self._streams.append(user_id, head, tail))
            failed = [
                one
                for one in await asyncio.gather(*appends, return_exceptions=True)
                if isinstance(one, BaseException)
            ]
            for one in failed:
                if not isinstance(one, Unavailable):
                    raise one
            if failed:
                self.lost += len(frames) - start
                _log.warning("stream frames were lost with the broker", extra={"frames": len(failed)})
                return


def _around_position(frame: StreamFrame) -> tuple[bytes, bytes]:
    """A frame encoded around its position, which only the stream knows."""
    assert frame.position == 0
    encoded = frame_encoder.encode(frame)
    head, _, tail = encoded.partition(POSITION)
    return head + POSITION[:-1], tail
