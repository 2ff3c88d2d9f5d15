"""Delivers the durable frames of one conversation once and in seq order.

    receive(frame) -> the frames that can be delivered now; later ones are held, and `has_gap` is set

Frames that exceed the hold limit are dropped: filling the gap from the log delivers them.
"""

from collections.abc import Sequence

from actors.protocol.server_frames import LogFrame


class SequenceTracker:
    __slots__ = ("_held", "_held_max", "_start_position", "known_head", "position")

    def __init__(self, position: int, held_max: int) -> None:
        self.position = self._start_position = position
        self.known_head = position
        self._held: dict[int, LogFrame] = {}
        self._held_max = held_max

    @property
    def has_gap(self) -> bool:
        """Whether frames are known to exist that were not delivered."""
        return self.known_head > self.position

    @property
    def at_start(self) -> bool:
        """Whether nothing was delivered yet."""
        return self.position == self._start_position

    def receive(self, frame: LogFrame) -> list[LogFrame]:
        """Take a live frame; return it and the held frames that follow it, if it is the next one."""
        if frame.seq <= self.position:
            return []
        if frame.seq > self.position + 1:
            self.hold(frame)
            return []
        self.position = frame.seq
        self.known_head = max(self.known_head, frame.seq)
        return [frame, *self._release_held()]

    def hold(self, frame: LogFrame) -> None:
        """Keep a frame until the frames before it were delivered."""
        if frame.seq > self.position:
            self.known_head = max(self.known_head, frame.seq)
            if len(self._held) < self._held_max:
                self._held[frame.seq] = frame

    def receive_replayed(self, frame: LogFrame) -> list[LogFrame]:
        """Take a frame of a replay, which omits entries superseded by a later change."""
        return self.fill([frame], frame.seq)

    def fill(self, frames: Sequence[LogFrame], through: int) -> list[LogFrame]:
        """Take the compacted log up to `through`; return it and the held frames that follow it."""
        deliverable = [frame for frame in frames if self.position < frame.seq <= through]
        if through > self.position:
            self.position = through
            self.known_head = max(self.known_head, through)
        return [*deliverable, *self._release_held()]

    def _release_held(self) -> list[LogFrame]:
        if not self._held:
            return []
        released = []
        for seq in [seq for seq in self._held if seq <= self.position]:
            del self._held[seq]
        while (frame := self._held.pop(self.position + 1, None)) is not None:
            self.position = frame.seq
            released.append(frame)
        return released
