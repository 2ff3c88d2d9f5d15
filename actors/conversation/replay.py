"""The durable frames of a conversation, made again from its log.

Two ways: every entry at its own seq, for a room that missed some; and compacted, for a client that comes
back: each message once, in its latest state, at the seq of its latest change. It never writes.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence

from actors.conversation import rendering
from actors.delivery.rooms import Replayed
from actors.wire.frames import ConversationUpdated, LogFrame
from actors.wire.objects import UserCard
from storage.contracts.messaging import MessageLog
from storage.records.messaging import ChangeEntry, Entry, MessageEntry

Cards = Callable[[Sequence[str]], Awaitable[Mapping[str, UserCard]]]
HEAD_CHUNK = 1000


class Replay:
    """Implements `actors.delivery.rooms.Replay`."""

    def __init__(self, log: MessageLog, cards: Cards, framed: Callable[[bytes], bytes]) -> None:
        self._log = log
        self._cards = cards
        self._framed = framed

    async def frames(self, conversation_id: str, after: int, through: int) -> list[Replayed]:
        entries = await self._log.read(conversation_id, after, through)
        events = await self._events(entries, compacted=False, viewer_id=None)
        return [self._replayed(event) for event in events]

    async def heads(self, last_seqs: Sequence[tuple[str, int]]) -> dict[str, int]:
        heads = dict(last_seqs)
        grown = await self._log.probe(last_seqs)
        for conversation_id in grown:
            heads[conversation_id] = await self.head(conversation_id, heads[conversation_id])
        return heads

    async def head(self, conversation_id: str, reached: int) -> int:
        """The seq of the last entry of a log that is known to have reached `reached`."""
        while True:
            entries = await self._log.read(conversation_id, reached, reached + HEAD_CHUNK)
            if entries:
                reached = entries[-1].seq
            if len(entries) < HEAD_CHUNK:
                return reached

    async def changes(
        self, conversation_id: str, after: int, limit: int, viewer_id: str
    ) -> tuple[list[LogFrame], int, bool]:
        """The compacted frames of up to `limit` entries, the seq they are complete to, and if more follow."""
        entries = await self._log.read(conversation_id, after, after + limit + 1)
        more = len(entries) > limit
        entries = entries[:limit]
        last_seq = entries[-1].seq if entries else after
        return await self._events(entries, compacted=True, viewer_id=viewer_id), last_seq, more

    def _replayed(self, event: LogFrame) -> Replayed:
        left = event.changed.left if isinstance(event, ConversationUpdated) else None
        return Replayed(event.seq, self._framed(rendering.encode(event)), tuple(left or ()))

    async def _events(
        self, entries: Sequence[Entry], *, compacted: bool, viewer_id: str | None
    ) -> list[LogFrame]:
        changed = {entry.message_id for entry in entries if isinstance(entry, ChangeEntry)}
        now = {one.id: one for one in await self._log.messages(list(changed))}
        joined = {
            user_id
            for entry in entries
            if isinstance(entry, MessageEntry) and entry.membership is not None
            for user_id in entry.membership.joined
        }
        cards = await self._cards(list(joined)) if joined else {}
        events: list[LogFrame] = []
        last_seq = entries[-1].seq if entries else 0
        for entry in entries:
            match entry:
                case MessageEntry():
                    # Changed within this stretch: it stands there, at its latest change.
                    if not compacted or entry.changed_seq == entry.seq or entry.changed_seq > last_seq:
                        events.append(rendering.created(entry, cards, viewer_id))
                case ChangeEntry(message_id=message_id, seq=seq):
                    message = now.get(message_id)
                    if message is not None and (not compacted or message.changed_seq == seq):
                        events.append(rendering.updated(message, seq, viewer_id))
        return events
