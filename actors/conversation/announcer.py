"""Telling people through their own streams: who came into a conversation, who is out, who has read.

A stream frame reaches all devices of one user on every instance. What can not be told while the broker
is away is lost, and that is told: at once to those who are here, and on its return to everybody, by a new
epoch of all streams. It never raises for want of the broker, and never tries a frame twice.
"""

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence

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
RENEW_S = 0.2
RENEW_MAX_S = 5.0
POSITION = b'"position":0'


class Announcer:
    """Implements `actors.conversation.house.Announcer`."""

    def __init__(self, streams: UserStreams, store: ConversationStore, cards: Cards) -> None:
        self._streams = streams
        self._store = store
        self._cards = cards
        self._on_lost: Callable[[Sequence[str]], None] = lambda _user_ids: None
        self._on_renewed: Callable[[], None] = lambda: None
        self._renewing: asyncio.Task[None] | None = None

    def on_loss(self, lost: Callable[[Sequence[str]], None], renewed: Callable[[], None]) -> None:
        """`lost` is called with the users who were to be told; `renewed` once a new epoch has begun."""
        self._on_lost = lost
        self._on_renewed = renewed

    async def close(self) -> None:
        if self._renewing is not None:
            self._renewing.cancel()
            await asyncio.gather(self._renewing, return_exceptions=True)

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
            await self._append(done.left, ConversationLeft(0, conversation.id))

    async def joined(self, conversation: ConversationRecord, seq: int, user_ids: Sequence[str]) -> None:
        """Tell those users that they are in; `seq` is where the log stood."""
        shown = await self._show(conversation, seq)
        await self._append(user_ids, ConversationJoined(0, shown))

    async def marked(self, user_id: str, conversation_id: str, state: ReadState) -> None:
        """Tell one's other devices how far one has read."""
        frame = ConversationMarked(0, conversation_id, state.read_seq, state.unread_count)
        await self._append([user_id], frame)

    async def _show(self, conversation: ConversationRecord, seq: int) -> Conversation:
        cards: Mapping[str, UserCard] = {}
        try:
            cards = await self._cards(conversation.participants[:PARTICIPANTS_SHOWN])
        except (Unavailable, Refusal):
            _log.warning("members are announced without their cards")
        return rendering.conversation(
            conversation, cards, last_seq=seq, read_seq=seq, unread_count=0, muted=False
        )

    async def _append(self, user_ids: Sequence[str], frame: StreamFrame) -> None:
        head, tail = _around_position(frame)
        for start in range(0, len(user_ids), APPENDS_AT_ONCE):
            some = user_ids[start : start + APPENDS_AT_ONCE]
            appends = (self._streams.append(user_id, head, tail) for user_id in some)
            failed = [
                one
                for one in await asyncio.gather(*appends, return_exceptions=True)
                if isinstance(one, BaseException)
            ]
            for one in failed:
                if not isinstance(one, Unavailable):
                    raise one
            if failed:
                self._lose(user_ids[start:])
                return

    def _lose(self, user_ids: Sequence[str]) -> None:
        _log.warning("stream frames were lost with the broker", extra={"frames": len(user_ids)})
        self._on_lost(user_ids)
        if self._renewing is None:
            self._renewing = asyncio.create_task(self._renew())

    async def _renew(self) -> None:
        """Begin a new epoch as soon as the broker takes it."""
        delay_s = RENEW_S
        while True:
            try:
                await self._streams.renew()
            except Unavailable:
                await asyncio.sleep(delay_s)
                delay_s = min(delay_s * 2, RENEW_MAX_S)
            else:
                break
        self._renewing = None
        self._on_renewed()


def _around_position(frame: StreamFrame) -> tuple[bytes, bytes]:
    """A frame encoded around its position, which only the stream knows."""
    assert frame.position == 0
    encoded = frame_encoder.encode(frame)
    head, _, tail = encoded.partition(POSITION)
    return head + POSITION[:-1], tail
