"""How far one conversation has come: every durable frame once, in order of seq.

    take(frame) -> what may be handed on now; what is ahead is held, and `gap` says that some is missing

What it cannot hold is left to the log, which is asked for anyhow. It never waits and never asks.
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
        """Whether more is known to exist than was handed on."""
        return self.known_head > self.position

    @property
    def at_start(self) -> bool:
        """Whether nothing was handed on yet."""
        return self.position == self._start_position

    def receive(self, frame: LogFrame) -> list[LogFrame]:
        """A frame that came by itself: with it, those that had waited for it."""
        if frame.seq <= self.position:
            return []
        if frame.seq > self.position + 1:
            self.hold(frame)
            return []
        self.position = frame.seq
        self.known_head = max(self.known_head, frame.seq)
        return [frame, *self._release_held()]

    def hold(self, frame: LogFrame) -> None:
        """Keep a frame until what is before it has been handed on."""
        if frame.seq > self.position:
            self.known_head = max(self.known_head, frame.seq)
            if len(self._held) < self._held_max:
                self._held[frame.seq] = frame

    def receive_replayed(self, frame: LogFrame) -> list[LogFrame]:
        """A frame of a replay, which leaves out what a later change has overtaken."""
        return self.fill([frame], frame.seq)

    def fill(self, frames: Sequence[LogFrame], through: int) -> list[LogFrame]:
        """What the log holds up to `through`, compacted: with it, those that had waited for it."""
        ready = [frame for frame in frames if self.position < frame.seq <= through]
        if through > self.position:
            self.position = through
            self.known_head = max(self.known_head, through)
        return [*ready, *self._release_held()]

    def _release_held(self) -> list[LogFrame]:
        if not self._held:
            return []
        ready = []
        for seq in [seq for seq in self._held if seq <= self.position]:
            del self._held[seq]
        while (frame := self._held.pop(self.position + 1, None)) is not None:
            self.position = frame.seq
            ready.append(frame)
        return ready
