"""Delivers the durable frames of one conversation once and in seq order.

    receive(frame) -> the frames that can be delivered now; later ones are held, and `has_gap` is set

Adds to `SequenceBuffer` what is known of the log: its head, and compacted parts that omit superseded entries.
"""

from collections.abc import Sequence

from actors.protocol.sequence_buffer import SequenceBuffer
from actors.protocol.server_frames import LogFrame


class SequenceTracker:
    __slots__ = ("_buffer", "_start_seq", "is_listed", "known_head")

    def __init__(self, after: int, held_max: int, *, is_listed: bool = False) -> None:
        self._buffer: SequenceBuffer[LogFrame] = SequenceBuffer(held_max)
        self._buffer.start(after)
        self._start_seq = self.known_head = after
        self.is_listed = is_listed
        """Whether the start is the head in a list, which may contain frames that are still to be received."""

    @property
    def delivered_seq(self) -> int:
        """The seq up to which frames were delivered."""
        return self._buffer.position

    @property
    def has_gap(self) -> bool:
        """Whether frames are known to exist that were not delivered."""
        return self.known_head > self.delivered_seq

    @property
    def at_start(self) -> bool:
        """Whether nothing was delivered yet."""
        return self.delivered_seq == self._start_seq

    def receive(self, frame: LogFrame) -> list[LogFrame]:
        """Take a live frame; return it and the held frames that follow it, if it is the next one."""
        if not self._buffer.next(frame.seq):
            self.hold(frame)
            return []
        self.known_head = max(self.known_head, frame.seq)
        return [frame, *self._release_held()]

    def hold(self, frame: LogFrame) -> None:
        """Keep a frame until the frames before it were delivered. Drop one that was delivered before."""
        if self._buffer.hold(frame.seq, frame):
            self.known_head = max(self.known_head, frame.seq)

    def receive_replayed(self, frame: LogFrame) -> list[LogFrame]:
        """Take a frame of a replay, which omits entries superseded by a later change."""
        return self.fill([frame], frame.seq)

    def fill(self, frames: Sequence[LogFrame], through: int) -> list[LogFrame]:
        """Take the compacted log up to `through`; return it and the held frames that follow it."""
        deliverable = [frame for frame in frames if self.delivered_seq < frame.seq <= through]
        self._buffer.skip_to(through)
        self.known_head = max(self.known_head, through)
        return [*deliverable, *self._release_held()]

    def _release_held(self) -> list[LogFrame]:
        released = []
        while (frame := self._buffer.pop_next()) is not None:
            released.append(frame)
        return released
