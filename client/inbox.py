"""Everything that is received of conversations: each in order, gaps filled before later frames go on.

    socket -> take -> Progress -> outlet
                         | gap
                         +-> `changes` over HTTP, until it is whole again

One task fills the gap of a conversation, and while it does only it hands frames of that conversation on.
It never gives up on a gap while the client lives.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from actors.protocol.server_frames import LogFrame, ServerFrame
from client.backoff import Backoff
from client.errors import Refused, Unanswered
from client.http import Http
from client.progress import Progress
from client.timing import Timing

Put = Callable[[Sequence[ServerFrame]], Awaitable[None]]


class Inbox:
    """`http` gives the way to the server that is in use now, `put` hands frames on."""

    def __init__(
        self,
        http: Callable[[], Http],
        put: Put,
        timing: Timing,
        backoff: Callable[[], Backoff],
        sleep: Callable[[float], Awaitable[None]],
    ) -> None:
        self._http = http
        self._put = put
        self._timing = timing
        self._backoff = backoff
        self._sleep = sleep
        self._progress: dict[str, Progress] = {}
        self._filling: dict[str, asyncio.Task[None]] = {}
        self.replaying = False
        """Between `ready` and `resumed`: what comes is compacted, so a jump in it is no gap."""

        self.reviewing = False
        """Until the state was read anew: something may be missing, and we were told so."""

        self.silent_gaps = 0
        """Gaps that the server had not spoken of. Filled all the same; the contract knows none."""

    def knows(self, conversation_id: str) -> bool:
        return conversation_id in self._progress

    def positions(self) -> dict[str, int]:
        """Up to which seq each conversation was handed on, the latest active first."""
        return {one: progress.position for one, progress in reversed(self._progress.items())}

    def begin(self, conversation_id: str, position: int) -> None:
        """Hand on what is after `position`; no change where the conversation is known."""
        self._progress.setdefault(conversation_id, Progress(position, self._timing.held_frames))

    def join(self, conversation_id: str, position: int) -> None:
        """As `begin`, for one whose state at `position` is told to the application.

        A review may have found it further on before the news of it came. Nothing was handed on then, and
        what lies between is handed on after all.
        """
        known = self._progress.get(conversation_id)
        if known is None or not known.untouched or known.position <= position:
            self.begin(conversation_id, position)
            return
        self.forget(conversation_id)
        self.begin(conversation_id, position)
        self.expect(conversation_id, known.wanted)

    def forget(self, conversation_id: str) -> None:
        """Nothing of it is handed on from now on."""
        self._progress.pop(conversation_id, None)
        filling = self._filling.pop(conversation_id, None)
        if filling is not None:
            filling.cancel()

    async def take(self, frame: LogFrame) -> None:
        """A durable frame. The first one of an unknown conversation is where that one begins."""
        conversation_id = frame.conversation_id
        self.begin(conversation_id, frame.seq - 1)
        progress = self._progress.pop(conversation_id)
        self._progress[conversation_id] = progress
        if conversation_id in self._filling:
            progress.hold(frame)
            return
        ready = progress.jump(frame) if self.replaying else progress.take(frame)
        if progress.gap:
            self.silent_gaps += not self.reviewing
            self._fill(conversation_id, progress, ready)
        else:
            await self._put(ready)

    def expect(self, conversation_id: str, seq: int) -> None:
        """The conversation is known to go up to `seq`."""
        progress = self._progress.get(conversation_id)
        if progress is None:
            return
        progress.wanted = max(progress.wanted, seq)
        if progress.gap and conversation_id not in self._filling:
            self._fill(conversation_id, progress, [])

    def complete(self, conversation_id: str, seq: int) -> None:
        """All up to `seq` was handed on: a replay said so."""
        self.begin(conversation_id, seq)
        if conversation_id in self._filling:
            self.expect(conversation_id, seq)
        else:
            self._progress[conversation_id].fill([], seq)

    async def close(self) -> None:
        filling = list(self._filling.values())
        self._filling.clear()
        for task in filling:
            task.cancel()
        await asyncio.gather(*filling, return_exceptions=True)

    def _fill(self, conversation_id: str, progress: Progress, ready: list[LogFrame]) -> None:
        task = asyncio.ensure_future(self._filled(conversation_id, progress, ready))
        self._filling[conversation_id] = task

    async def _filled(self, conversation_id: str, progress: Progress, ready: list[LogFrame]) -> None:
        backoff = self._backoff()
        await self._put(ready)
        while progress.gap:
            before = progress.position
            if arrived := progress.fill([], before):
                await self._put(arrived)
                continue
            try:
                changes = await self._http().changes(conversation_id, before, self._timing.changes_page)
            except Refused as refused:
                if refused.status == 404:
                    # Not ours any more: what is still to be said of it comes through the user stream.
                    del self._filling[conversation_id]
                    self.forget(conversation_id)
                    return
                await self._sleep(backoff.delay_s(refused.retry_after_ms))
                continue
            except Unanswered:
                await self._sleep(backoff.delay_s())
                continue
            await self._put(progress.fill(changes.items, changes.last_seq))
            if progress.position > before:
                backoff.reset()
            else:
                await self._sleep(backoff.delay_s())
        del self._filling[conversation_id]
