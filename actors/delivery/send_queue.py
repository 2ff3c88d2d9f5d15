"""The way out to one client: frames that wait for the end of the loop tick, or for a slow peer.

While the peer keeps up nothing is held longer than a tick. When the transport says that it is full the
frames wait here, bounded in bytes: over the soft limit hints are shed, and of the logs only what was spared
is noted, which the owner tells once there is room; what can be had nowhere else waits up to the hard limit,
over which the owner is told that the client is too slow. An outbox never waits and never reorders.
"""

from collections.abc import Callable, Mapping
from typing import Protocol

import msgspec

from actors.delivery.flusher import Flusher


class SeqRange(msgspec.Struct, frozen=True, gc=False):
    """A part of one conversation's log, both ends included."""

    conversation_id: str
    from_seq: int
    to_seq: int


class Writer(Protocol):
    """Where bytes go: the write side of a transport."""

    def write(self, data: bytes) -> None: ...


class SendQueueOwner(Protocol):
    """Whose outbox it is."""

    def too_slow(self) -> None:
        """More waits than may wait. Called at the end of each tick in which that is so."""

    def skipped(self, seq_range: SeqRange) -> None:
        """There is room again: this was left out, and nothing of that conversation was written behind it."""


class SendQueueLimits(Protocol):
    """The part of `config.limits.Limits` that an outbox keeps to."""

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
        self.shed_count = 0
        # What becomes of frames on their way to a client that wants fewer, or others; None is as they are.
        self.encode_outbound: Callable[[bytes], bytes] | None = None
        self._skipped: dict[str, SeqRange] | None = None

    @property
    def skipped(self) -> Mapping[str, SeqRange]:
        """What was left out of each log and is not told yet."""
        return self._skipped or {}

    def push(self, frame: bytes) -> None:
        """Leave a frame for the end of this tick."""
        if self.encode_outbound is not None:
            frame = self.encode_outbound(frame)
            if not frame:
                return
        held = self.queued_frames
        if held is None:
            self.queued_frames = [frame]
        else:
            held.append(frame)
        self.queued_bytes += len(frame)
        if not self.flush_scheduled:
            self.flush_scheduled = True
            self._flusher.schedule_queue(self)

    def push_ephemeral(self, frame: bytes) -> None:
        """As `push`, for what may be dropped: a client behind by the soft limit is spared it."""
        if self.queued_bytes > self._limits.send_queue_soft_bytes:
            self.shed_count += 1
            return
        self.push(frame)

    def push_log(self, frames: bytes, seq_range: SeqRange) -> None:
        """As `push`, for joined frames of a log: a client behind by the soft limit is told what it misses.

        So is one whom they would bring over the hard limit, as all that waited behind a gap may at once.
        """
        bounds = self._limits
        if self.paused and (
            self.queued_bytes > bounds.send_queue_soft_bytes
            or self.queued_bytes + len(frames) > bounds.send_queue_hard_bytes
        ):
            self._skip(seq_range)
        else:
            self.push(frames)

    def write_log(self, frames: bytes, seq_range: SeqRange) -> None:
        """As `push_log`, but written at once where nothing waits before it. For the end of a tick."""
        if self.queued_frames is None and not self.paused:
            if self.encode_outbound is not None:
                frames = self.encode_outbound(frames)
            if frames:
                self.writer.write(frames)
        else:
            self.push_log(frames, seq_range)

    def flush(self) -> None:
        """Write what waits, in one piece, unless the peer is not taking it."""
        self.flush_scheduled = False
        held = self.queued_frames
        if held is None:
            return
        if self.paused:
            if self.queued_bytes > self._limits.send_queue_hard_bytes:
                self._owner.too_slow()
            return
        self.queued_frames = None
        self.queued_bytes = 0
        self.writer.write(held[0] if len(held) == 1 else b"".join(held))

    def prepend_and_resume(self, frames: list[bytes]) -> None:
        """Put these before all that waits, and let everything go."""
        if self.encode_outbound is not None:
            frames = [rendered for frame in frames if (rendered := self.encode_outbound(frame))]
        self.queued_frames = [*frames, *(self.queued_frames or ())]
        self.queued_bytes += sum(map(len, frames))
        self.resume()

    def pause(self) -> None:
        """The transport is full: hold what comes."""
        self.paused = True

    def discard(self) -> None:
        """The socket is gone: nothing waits any more."""
        self.paused = True
        self.queued_frames = None
        self.queued_bytes = 0
        self._skipped = None

    def resume(self) -> None:
        """The transport takes bytes again: write what was held, and have told what was left out behind it."""
        self.paused = False
        self.flush()
        spared, self._skipped = self._skipped, None
        for stretch in (spared or {}).values():
            self._owner.skipped(stretch)

    def _skip(self, seq_range: SeqRange) -> None:
        self.shed_count += seq_range.to_seq - seq_range.from_seq + 1
        if self._skipped is None:
            self._skipped = {}
        before = self._skipped.get(seq_range.conversation_id)
        if before is not None:
            seq_range = SeqRange(seq_range.conversation_id, before.from_seq, seq_range.to_seq)
        self._skipped[seq_range.conversation_id] = seq_range
