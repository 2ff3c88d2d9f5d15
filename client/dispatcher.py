"""Routes received frames: replies to pending commands, events in order to the frame sink.

Tracks the position in the user stream, and builds the `resume` request for the next connection.
"""

import asyncio

from actors.protocol.commands import Resume
from actors.protocol.server_frames import (
    ConversationJoined,
    ConversationLeft,
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
    StreamFrame,
)
from client.conversation_sequencer import ConversationSequencer
from client.frame_sink import FrameSink
from client.pending_commands import PendingCommands
from client.state_resync import StateResync

RESUME_CONVERSATIONS_MAX = 1500


class Dispatcher:
    def __init__(
        self,
        pending_commands: PendingCommands,
        frame_sink: FrameSink,
        sequencer: ConversationSequencer,
        resync: StateResync,
    ) -> None:
        self._pending_commands = pending_commands
        self._frame_sink = frame_sink
        self._sequencer = sequencer
        self._resync = resync
        self.ready: Ready | None = None
        self.epoch = ""
        self.position = 0

    def resume_request(self) -> Resume | None:
        """Return where the next connection should resume; None before the first `ready`."""
        if self.ready is None:
            return None
        seqs = list(self._sequencer.delivered_seqs().items())
        return Resume(self.ready.session_id, self.epoch, self.position, dict(seqs[:RESUME_CONVERSATIONS_MAX]))

    def on_ready(self, ready: Ready, *, resuming: bool) -> None:
        """Handle `ready`. A resumed connection continues with a replay or with `resync`."""
        self.ready = ready
        self._sequencer.replaying = resuming
        if not resuming:
            self.epoch, self.position = ready.epoch, ready.position
            self._resync.start()

    def subscribe(self, conversation_id: str, after: int, *, connected: bool) -> None:
        if not self._sequencer.is_tracked(conversation_id):
            self._sequencer.track(conversation_id, after)
            if connected:
                self._resync.start()

    @property
    def unannounced_gaps(self) -> int:
        return self._sequencer.unannounced_gaps

    def delivered_seqs(self) -> dict[str, int]:
        return self._sequencer.delivered_seqs()

    async def dispatch(self, frame: ServerFrame) -> None:
        match frame:
            case Ok() | Error():
                self._pending_commands.on_reply(frame)
            case MessageCreated() | MessageUpdated() | ConversationUpdated():
                await self._sequencer.receive(frame)
            case Lagged(conversation_id=conversation_id, from_seq=from_seq, to_seq=to_seq):
                self._sequencer.track_live(conversation_id, from_seq - 1)
                self._sequencer.observe_head(conversation_id, to_seq)
            case Resumed(last_seqs=last_seqs):
                self._on_resumed(last_seqs)
            case Resync(epoch=epoch, position=position):
                self._sequencer.replaying = False
                self.epoch, self.position = epoch, position
                await self._frame_sink.put([frame])
                self._resync.start()
            case Hello() | Ready():
                pass
            case _ if isinstance(frame, StreamFrame):
                await self._dispatch_stream_frame(frame)
            case _:
                await self._frame_sink.put([frame])

    async def close(self) -> None:
        await asyncio.gather(self._resync.close(), self._sequencer.close())

    async def _dispatch_stream_frame(self, frame: StreamFrame) -> None:
        if frame.position <= self.position and not self._is_left_while_away(frame):
            return
        self.position = max(self.position, frame.position)
        if isinstance(frame, ConversationJoined):
            self._sequencer.track_joined(frame.conversation.id, frame.conversation.last_seq)
        elif isinstance(frame, ConversationLeft):
            self._sequencer.untrack(frame.conversation_id)
        await self._frame_sink.put([frame])

    def _is_left_while_away(self, frame: ServerFrame) -> bool:
        """Whether a replay reports that the user has left a conversation of the resume request.

        The server adds this frame if the stream has no such event after the position of the request. So it
        has the position of the stream, which may not be a new one.
        """
        return (
            isinstance(frame, ConversationLeft)
            and self._sequencer.replaying
            and self._sequencer.is_tracked(frame.conversation_id)
        )

    def _on_resumed(self, last_seqs: dict[str, int]) -> None:
        self._sequencer.replaying = False
        for conversation_id, seq in last_seqs.items():
            self._sequencer.mark_complete(conversation_id, seq)
        if len(self._sequencer.delivered_seqs()) > RESUME_CONVERSATIONS_MAX:
            # The others were not in the resume request: their missed frames must be fetched.
            self._resync.start()
