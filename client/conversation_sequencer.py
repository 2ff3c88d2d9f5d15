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
from client.client_settings import ClientSettings
from client.errors import RequestRejected, RequestTimeout
from client.http_client import HttpClient
from client.sequence_tracker import SequenceTracker

PutFrames = Callable[[Sequence[ServerFrame]], Awaitable[None]]


class ConversationSequencer:
    """`http` gives the way to the server that is in use now, `put` hands frames on."""

    def __init__(
        self,
        http: Callable[[], HttpClient],
        put: PutFrames,
        settings: ClientSettings,
        make_backoff: Callable[[], Backoff],
        sleep: Callable[[float], Awaitable[None]],
    ) -> None:
        self._http = http
        self._put = put
        self._settings = settings
        self._make_backoff = make_backoff
        self._sleep = sleep
        self._trackers: dict[str, SequenceTracker] = {}
        self._fill_tasks: dict[str, asyncio.Task[None]] = {}
        self.replaying = False
        """Between `ready` and `resumed`: what comes is compacted, so a jump in it is no gap."""

        self.resyncing = False
        """Until the state was read anew: something may be missing, and we were told so."""

        self.unannounced_gaps = 0
        """Gaps that the server had not spoken of. Filled all the same; the contract knows none."""

    def is_tracked(self, conversation_id: str) -> bool:
        return conversation_id in self._trackers

    def positions(self) -> dict[str, int]:
        """Up to which seq each conversation was handed on, the latest active first."""
        return {one: progress.position for one, progress in reversed(self._trackers.items())}

    def track(self, conversation_id: str, position: int) -> None:
        """Hand on what is after `position`; no change where the conversation is known."""
        self._trackers.setdefault(conversation_id, SequenceTracker(position, self._settings.held_frames_max))

    def track_joined(self, conversation_id: str, position: int) -> None:
        """As `begin`, for one whose state at `position` is told to the application.

        A review may have found it further on before the news of it came. Nothing was handed on then, and
        what lies between is handed on after all.
        """
        known = self._trackers.get(conversation_id)
        if known is None or not known.at_start or known.position <= position:
            self.track(conversation_id, position)
            return
        self.untrack(conversation_id)
        self.track(conversation_id, position)
        self.observe_head(conversation_id, known.known_head)

    def untrack(self, conversation_id: str) -> None:
        """Nothing of it is handed on from now on."""
        self._trackers.pop(conversation_id, None)
        filling = self._fill_tasks.pop(conversation_id, None)
        if filling is not None:
            filling.cancel()

    async def receive(self, frame: LogFrame) -> None:
        """A durable frame. The first one of an unknown conversation is where that one begins."""
        conversation_id = frame.conversation_id
        self.track(conversation_id, frame.seq - 1)
        progress = self._trackers.pop(conversation_id)
        self._trackers[conversation_id] = progress
        if conversation_id in self._fill_tasks:
            progress.hold(frame)
            return
        ready = progress.receive_replayed(frame) if self.replaying else progress.receive(frame)
        if progress.has_gap:
            self.unannounced_gaps += not self.resyncing
            self._start_fill(conversation_id, progress, ready)
        else:
            await self._put(ready)

    def observe_head(self, conversation_id: str, seq: int) -> None:
        """The conversation is known to go up to `seq`."""
        progress = self._trackers.get(conversation_id)
        if progress is None:
            return
        progress.known_head = max(progress.known_head, seq)
        if progress.has_gap and conversation_id not in self._fill_tasks:
            self._start_fill(conversation_id, progress, [])

    def mark_complete(self, conversation_id: str, seq: int) -> None:
        """All up to `seq` was handed on: a replay said so."""
        self.track(conversation_id, seq)
        if conversation_id in self._fill_tasks:
            self.observe_head(conversation_id, seq)
        else:
            self._trackers[conversation_id].fill([], seq)

    async def close(self) -> None:
        filling = list(self._fill_tasks.values())
        self._fill_tasks.clear()
        for task in filling:
            task.cancel()
        await asyncio.gather(*filling, return_exceptions=True)

    def _start_fill(
        self, conversation_id: str, tracker: SequenceTracker, deliverable: list[LogFrame]
    ) -> None:
        task = asyncio.ensure_future(self._fill_gap(conversation_id, tracker, deliverable))
        self._fill_tasks[conversation_id] = task

    async def _fill_gap(
        self, conversation_id: str, tracker: SequenceTracker, deliverable: list[LogFrame]
    ) -> None:
        backoff = self._make_backoff()
        await self._put(deliverable)
        while tracker.has_gap:
            before = tracker.position
            if arrived := tracker.fill([], before):
                await self._put(arrived)
                continue
            try:
                changes = await self._http().changes(
                    conversation_id, before, self._settings.changes_page_size
                )
            except RequestRejected as refused:
                if refused.status == 404:
                    # Not ours any more: what is still to be said of it comes through the user stream.
                    del self._fill_tasks[conversation_id]
                    self.untrack(conversation_id)
                    return
                await self._sleep(backoff.delay_s(refused.retry_after_ms))
                continue
            except RequestTimeout:
                await self._sleep(backoff.delay_s())
                continue
            await self._put(tracker.fill(changes.items, changes.last_seq))
            if tracker.position > before:
                backoff.reset()
            else:
                await self._sleep(backoff.delay_s())
        del self._fill_tasks[conversation_id]
