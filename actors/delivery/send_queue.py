"""The send queue of one client: frames that wait for the end of the loop tick, or for a slow peer.

Frames are kept in order. While the peer keeps up, no frame waits longer than a tick. While the queue is
paused, because the transport is or because `ready` was not sent, it is bounded in bytes:

- Over the soft limit ephemeral frames are dropped and log frames are skipped. The skipped seq ranges are
  reported to the owner when the queue resumes.
- Frames that the client cannot fetch elsewhere wait up to the hard limit. Over it the owner is notified that
  the client is too slow.
"""

from collections.abc import Callable, Mapping
from typing import Protocol

import msgspec

from actors.delivery.flusher import Flusher


class SeqRange(msgspec.Struct, frozen=True, gc=False):
    """A range of one conversation's log, both ends included."""

    conversation_id: str
    from_seq: int
    to_seq: int


class Writer(Protocol):
    """The write side of a transport."""

    def write(self, data: bytes) -> None: ...


class SendQueueOwner(Protocol):
    """The connection that owns a send queue."""

    def on_too_slow(self) -> None:
        """The queue is over the hard limit. Called at the end of each tick that added a frame."""

    def on_skipped(self, seq_range: SeqRange) -> None:
        """The queue resumed and this range was skipped. No later entry of its log was written yet."""


class SendQueueLimits(Protocol):
    """The limits of a send queue, in bytes. Implemented by `config.limits.Limits`."""

    @property
    def send_queue_soft_bytes(self) -> int: ...

    @property
    def send_queue_hard_bytes(self) -> int: ...


class SendQueue:
    __slots__ = (
        "_flusher",
        "_limits",
        "_owner",
        "_skipped",
        "encode_outbound",
        "flush_scheduled",
        "paused",
        "queued_bytes",
        "queued_frames",
        "shed_count",
        "writer",
    )

    def __init__(
        self, owner: SendQueueOwner, writer: Writer, flusher: Flusher, limits: SendQueueLimits
    ) -> None:
        self._owner = owner
        self.writer = writer
        self._flusher = flusher
        self._limits = limits
        self.queued_frames: list[bytes] | None = None
        self.queued_bytes = 0
        self.paused = False
        self.flush_scheduled = False
        # Ephemeral frames dropped, and log entries skipped.
        self.shed_count = 0
        # Re-encodes or filters frames for this client; an empty result is not sent. None leaves frames as is.
        self.encode_outbound: Callable[[bytes], bytes] | None = None
        self._skipped: dict[str, SeqRange] | None = None

    @property
    def skipped_ranges(self) -> Mapping[str, SeqRange]:
        """Skipped ranges that are not reported yet, by conversation id."""
        return self._skipped or {}

    def push(self, framed: bytes) -> None:
        """Queue a frame for the end of this tick."""
        if self.encode_outbound is not None:
            framed = self.encode_outbound(framed)
            if not framed:
                return
        queued = self.queued_frames
        if queued is None:
            self.queued_frames = [framed]
        else:
            queued.append(framed)
        self.queued_bytes += len(framed)
        if not self.flush_scheduled:
            self.flush_scheduled = True
            self._flusher.schedule_queue(self)

    def push_ephemeral(self, framed: bytes) -> None:
        """Queue a frame, or drop it over the soft limit."""
        if self.queued_bytes > self._limits.send_queue_soft_bytes:
            self.shed_count += 1
            return
        self.push(framed)

    def push_log(self, framed: bytes, seq_range: SeqRange) -> None:
        """Queue joined frames of a log, or skip them while the queue is paused and over the soft limit.

        Frames that would exceed the hard limit are skipped too: those of a repaired gap can be that many.
        Once a range is skipped, all that follows it in its log is skipped until the range is reported.
        """
        limits = self._limits
        if self.paused and (
            self.queued_bytes > limits.send_queue_soft_bytes
            or self.queued_bytes + len(framed) > limits.send_queue_hard_bytes
            or seq_range.conversation_id in self.skipped_ranges
        ):
            self._skip(seq_range)
        else:
            self.push(framed)

    def write_log(self, framed: bytes, seq_range: SeqRange) -> None:
        """As `push_log`, but write immediately if the queue is empty. Call at the end of a tick."""
        if self.queued_frames is None and not self.paused:
            if self.encode_outbound is not None:
                framed = self.encode_outbound(framed)
            if framed:
                self.writer.write(framed)
        else:
            self.push_log(framed, seq_range)

    def flush(self) -> None:
        """Write all queued frames as one piece. While paused, report a queue over the hard limit instead."""
        self.flush_scheduled = False
        queued = self.queued_frames
        if queued is None:
            return
        if self.paused:
            if self.queued_bytes > self._limits.send_queue_hard_bytes:
                self._owner.on_too_slow()
            return
        self.queued_frames = None
        self.queued_bytes = 0
        self.writer.write(queued[0] if len(queued) == 1 else b"".join(queued))

    def prepend_and_resume(self, frames: list[bytes]) -> None:
        """Put frames before the queued ones, then resume."""
        if self.encode_outbound is not None:
            frames = [encoded for framed in frames if (encoded := self.encode_outbound(framed))]
        self.queued_frames = [*frames, *(self.queued_frames or ())]
        self.queued_bytes += sum(map(len, frames))
        self.resume()

    def pause(self) -> None:
        """Hold frames until `resume`: the transport's buffer is full, or `ready` is not sent yet."""
        self.paused = True

    def discard(self) -> None:
        """Drop all frames and skipped ranges, because the socket is closed."""
        self.paused = True
        self.queued_frames = None
        self.queued_bytes = 0
        self._skipped = None

    def resume(self) -> None:
        """Write the held frames, then report the skipped ranges to the owner."""
        self.paused = False
        self.flush()
        skipped, self._skipped = self._skipped, None
        for seq_range in (skipped or {}).values():
            self._owner.on_skipped(seq_range)

    def _skip(self, seq_range: SeqRange) -> None:
        self.shed_count += seq_range.to_seq - seq_range.from_seq + 1
        if self._skipped is None:
            self._skipped = {}
        earlier = self._skipped.get(seq_range.conversation_id)
        if earlier is not None:
            seq_range = SeqRange(seq_range.conversation_id, earlier.from_seq, seq_range.to_seq)
        self._skipped[seq_range.conversation_id] = seq_range
