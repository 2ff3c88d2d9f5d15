"""What is done with each frame that comes: answers to those who asked, the rest in order to the outlet.

It keeps the place in the user stream, and knows what a connection has to be told to resume. It never
opens a connection.
"""

import asyncio
from collections.abc import Awaitable, Callable

from actors.protocol.commands import Resume
from actors.protocol.server_frames import (
    ConversationJoined,
    ConversationLeft,
    ConversationMarked,
    ConversationUpdated,
    Error,
    Hello,
    Lagged,
    MessageCreated,
    MessageUpdated,
    Ok,
    Ready,
    Resumed,
    Resync,
    ServerFrame,
)
from client.asks import Asks
from client.backoff import Backoff
from client.http import Http
from client.inbox import Inbox
from client.outlet import Outlet
from client.review import Review
from client.timing import Timing

RESUME_CONVERSATIONS = 1500


class Reception:
    """`http` gives the way to the server that is in use now."""

    def __init__(
        self,
        asks: Asks,
        outlet: Outlet,
        http: Callable[[], Http],
        timing: Timing,
        backoff: Callable[[], Backoff],
        *,
        discover: bool,
        sleep: Callable[[float], Awaitable[None]],
    ) -> None:
        self._asks = asks
        self._outlet = outlet
        self._inbox = Inbox(http, outlet.put, timing, backoff, sleep)
        self._review = Review(self._inbox, outlet.put, http, backoff, sleep, discover=discover)
        self.ready: Ready | None = None
        self.epoch = ""
        self.position = 0

    def resume(self) -> Resume | None:
        """From where the next connection has to go on; None before the first."""
        if self.ready is None:
            return None
        positions = list(self._inbox.positions().items())
        return Resume(
            self.ready.session_id, self.epoch, self.position, dict(positions[:RESUME_CONVERSATIONS])
        )

    def begin(self, ready: Ready, *, resumes: bool) -> None:
        """A connection is ready; one that resumes goes on with a replay, or with `resync`."""
        self.ready = ready
        self._inbox.replaying = resumes
        if not resumes:
            self.epoch, self.position = ready.epoch, ready.position
            self._review.start()

    def follow(self, conversation_id: str, after: int, *, connected: bool) -> None:
        if not self._inbox.knows(conversation_id):
            self._inbox.begin(conversation_id, after)
            if connected:
                self._review.start()

    @property
    def silent_gaps(self) -> int:
        return self._inbox.silent_gaps

    def positions(self) -> dict[str, int]:
        return self._inbox.positions()

    async def hear(self, frame: ServerFrame) -> None:
        match frame:
            case Ok() | Error():
                self._asks.answered(frame)
            case MessageCreated() | MessageUpdated() | ConversationUpdated():
                await self._inbox.take(frame)
            case Lagged(conversation_id=conversation_id, from_seq=from_seq, to_seq=to_seq):
                self._inbox.begin(conversation_id, from_seq - 1)
                self._inbox.expect(conversation_id, to_seq)
            case ConversationJoined() | ConversationLeft() | ConversationMarked():
                await self._hear_stream(frame)
            case Resumed(last_seqs=last_seqs):
                self._resumed(last_seqs)
            case Resync(epoch=epoch, position=position):
                self._inbox.replaying = False
                self.epoch, self.position = epoch, position
                await self._outlet.put([frame])
                self._review.start()
            case Hello() | Ready():
                pass
            case _:
                await self._outlet.put([frame])

    async def close(self) -> None:
        await asyncio.gather(self._review.close(), self._inbox.close())

    async def _hear_stream(self, frame: ConversationJoined | ConversationLeft | ConversationMarked) -> None:
        if frame.position <= self.position:
            return
        self.position = frame.position
        if isinstance(frame, ConversationJoined):
            self._inbox.join(frame.conversation.id, frame.conversation.last_seq)
        elif isinstance(frame, ConversationLeft):
            self._inbox.forget(frame.conversation_id)
        await self._outlet.put([frame])

    def _resumed(self, last_seqs: dict[str, int]) -> None:
        self._inbox.replaying = False
        for conversation_id, seq in last_seqs.items():
            self._inbox.complete(conversation_id, seq)
        if len(self._inbox.positions()) > RESUME_CONVERSATIONS:
            # The rest was live only: what was missed of it is known to the store alone.
            self._review.start()
