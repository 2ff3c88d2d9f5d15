"""Puts the durable frames of each conversation in order and fills gaps over HTTP.

    socket -> receive -> SequenceTracker -> frame sink
                              | gap
                              +-> GET `changes`, until the sequence is complete

One task at a time fills the gaps of a conversation. While it runs, only that task delivers frames of the
conversation. It retries until the client is closed, or the server says that the user is not a member.
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
    """`http` returns a client for the current server; `put` delivers frames."""

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
        """Between `ready` and `resumed` the replay is compacted, so a skipped seq is no gap."""

        self.resyncing = False
        """A resync is in progress: gaps are expected and not counted."""

        self.unannounced_gaps = 0
        """Gaps that no `lagged` or `resync` announced. They are filled, but violate the protocol."""

    def is_tracked(self, conversation_id: str) -> bool:
        return conversation_id in self._trackers

    def delivered_seqs(self) -> dict[str, int]:
        """Return the last delivered seq of each conversation, most recently active first."""
        return {
            conversation_id: tracker.delivered_seq
            for conversation_id, tracker in reversed(self._trackers.items())
        }

    def track(self, conversation_id: str, after: int) -> None:
        """Deliver frames after a seq. No effect if the conversation is already tracked."""
        self._trackers.setdefault(conversation_id, SequenceTracker(after, self._settings.held_frames_max))

    def track_joined(self, conversation_id: str, last_seq: int) -> None:
        """Like `track`, for a `conversation.joined` whose state at `last_seq` is delivered.

        A resync may have found a later head before the event arrived. If nothing was delivered since, the
        frames between are delivered too.
        """
        known = self._trackers.get(conversation_id)
        if known is not None and known.at_start and last_seq < known.delivered_seq:
            self.untrack(conversation_id)
            self.track(conversation_id, last_seq)
            self.observe_head(conversation_id, known.known_head)
        self.track(conversation_id, last_seq)

    def track_listed(self, conversation_id: str, head: int) -> None:
        """Deliver frames after the head in a list. No effect if the conversation is already tracked.

        Frames that the server had sent before may arrive after the list: the first of them is the start then.
        """
        if conversation_id not in self._trackers:
            tracker = SequenceTracker(head, self._settings.held_frames_max, is_listed=True)
            self._trackers[conversation_id] = tracker

    def track_live(self, conversation_id: str, after: int) -> None:
        """Deliver frames after the seq `after`, for one that comes next, unless a start is known."""
        known = self._trackers.get(conversation_id)
        if known is None:
            self.track(conversation_id, after)
        elif known.is_listed:
            self.track_joined(conversation_id, after)

    def untrack(self, conversation_id: str) -> None:
        """Stop delivering frames of the conversation."""
        self._trackers.pop(conversation_id, None)
        task = self._fill_tasks.pop(conversation_id, None)
        if task is not None:
            task.cancel()

    async def receive(self, frame: LogFrame) -> None:
        """Handle a durable frame. The first frame of an unknown conversation sets its start."""
        conversation_id = frame.conversation_id
        self.track_live(conversation_id, frame.seq - 1)
        tracker = self._trackers.pop(conversation_id)
        self._trackers[conversation_id] = tracker
        if conversation_id in self._fill_tasks:
            tracker.hold(frame)
            return
        deliverable = tracker.receive_replayed(frame) if self.replaying else tracker.receive(frame)
        if tracker.has_gap:
            self.unannounced_gaps += not self.resyncing
            self._start_fill(conversation_id, tracker, deliverable)
        else:
            await self._put(deliverable)

    def observe_head(self, conversation_id: str, seq: int) -> None:
        """Note that the conversation's log reaches `seq`; fetch what is missing, if it is tracked."""
        tracker = self._trackers.get(conversation_id)
        if tracker is None:
            return
        tracker.known_head = max(tracker.known_head, seq)
        if tracker.has_gap and conversation_id not in self._fill_tasks:
            self._start_fill(conversation_id, tracker, [])

    def mark_complete(self, conversation_id: str, seq: int) -> None:
        """Note that a replay has delivered everything up to `seq`."""
        self.track(conversation_id, seq)
        if conversation_id in self._fill_tasks:
            self.observe_head(conversation_id, seq)
        else:
            self._trackers[conversation_id].fill([], seq)

    async def close(self) -> None:
        tasks = list(self._fill_tasks.values())
        self._fill_tasks.clear()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

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
            before = tracker.delivered_seq
            if released := tracker.fill([], before):
                await self._put(released)
                continue
            try:
                changes = await self._http().changes(
                    conversation_id, before, self._settings.changes_page_size
                )
            except RequestRejected as rejected:
                if rejected.status == 404:
                    # No longer a member: the user stream delivers `conversation.left`.
                    del self._fill_tasks[conversation_id]
                    self.untrack(conversation_id)
                    return
                await self._sleep(backoff.delay_s(rejected.retry_after_ms))
                continue
            except RequestTimeout:
                await self._sleep(backoff.delay_s())
                continue
            await self._put(tracker.fill(changes.items, changes.last_seq))
            if tracker.delivered_seq > before:
                backoff.reset()
            else:
                await self._sleep(backoff.delay_s())
        del self._fill_tasks[conversation_id]
