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


class Stretch(msgspec.Struct, frozen=True, gc=False):
    """A part of one conversation's log, both ends included."""

    conversation_id: str
    from_seq: int
    to_seq: int


class Writer(Protocol):
    """Where bytes go: the write side of a transport."""

    def write(self, data: bytes) -> None: ...


class Owner(Protocol):
    """Whose outbox it is."""

    def too_slow(self) -> None:
        """More waits than may wait. Called at the end of each tick in which that is so."""

    def spared(self, stretch: Stretch) -> None:
        """There is room again: this was left out, and nothing of that conversation was written behind it."""


class Bounds(Protocol):
    """The part of `config.limits.Limits` that an outbox keeps to."""

    @property
    def outbox_soft_bytes(self) -> int: ...

    @property
    def outbox_hard_bytes(self) -> int: ...


class Outbox:
    __slots__ = (
        "_bounds",
        "_flusher",
        "_owner",
        "_spared",
        "blocked",
        "dirty",
        "held",
        "held_bytes",
        "render",
        "shed",
        "writer",
    )

    def __init__(self, owner: Owner, writer: Writer, flusher: Flusher, bounds: Bounds) -> None:
        self._owner = owner
        self.writer = writer
        self._flusher = flusher
        self._bounds = bounds
        self.held: list[bytes] | None = None
        self.held_bytes = 0
        self.blocked = False
        self.dirty = False
        self.shed = 0
        # What becomes of frames on their way to a client that wants fewer, or others; None is as they are.
        self.render: Callable[[bytes], bytes] | None = None
        self._spared: dict[str, Stretch] | None = None

    @property
    def spared(self) -> Mapping[str, Stretch]:
        """What was left out of each log and is not told yet."""
        return self._spared or {}

    def push(self, frame: bytes) -> None:
        """Leave a frame for the end of this tick."""
        if self.render is not None:
            frame = self.render(frame)
            if not frame:
                return
        held = self.held
        if held is None:
            self.held = [frame]
        else:
            held.append(frame)
        self.held_bytes += len(frame)
        if not self.dirty:
            self.dirty = True
            self._flusher.outbox(self)

    def push_hint(self, frame: bytes) -> None:
        """As `push`, for what may be dropped: a client behind by the soft limit is spared it."""
        if self.held_bytes > self._bounds.outbox_soft_bytes:
            self.shed += 1
            return
        self.push(frame)

    def push_log(self, frames: bytes, stretch: Stretch) -> None:
        """As `push`, for joined frames of a log: a client behind by the soft limit is told what it misses.

        So is one whom they would bring over the hard limit, as all that waited behind a gap may at once.
        """
        bounds = self._bounds
        if self.blocked and (
            self.held_bytes > bounds.outbox_soft_bytes
            or self.held_bytes + len(frames) > bounds.outbox_hard_bytes
        ):
            self._spare(stretch)
        else:
            self.push(frames)

    def push_log_now(self, frames: bytes, stretch: Stretch) -> None:
        """As `push_log`, but written at once where nothing waits before it. For the end of a tick."""
        if self.held is None and not self.blocked:
            if self.render is not None:
                frames = self.render(frames)
            if frames:
                self.writer.write(frames)
        else:
            self.push_log(frames, stretch)

    def flush(self) -> None:
        """Write what waits, in one piece, unless the peer is not taking it."""
        self.dirty = False
        held = self.held
        if held is None:
            return
        if self.blocked:
            if self.held_bytes > self._bounds.outbox_hard_bytes:
                self._owner.too_slow()
            return
        self.held = None
        self.held_bytes = 0
        self.writer.write(held[0] if len(held) == 1 else b"".join(held))

    def begin(self, frames: list[bytes]) -> None:
        """Put these before all that waits, and let everything go."""
        if self.render is not None:
            frames = [rendered for frame in frames if (rendered := self.render(frame))]
        self.held = [*frames, *(self.held or ())]
        self.held_bytes += sum(map(len, frames))
        self.unblock()

    def block(self) -> None:
        """The transport is full: hold what comes."""
        self.blocked = True

    def drop(self) -> None:
        """The socket is gone: nothing waits any more."""
        self.blocked = True
        self.held = None
        self.held_bytes = 0
        self._spared = None

    def unblock(self) -> None:
        """The transport takes bytes again: write what was held, and have told what was left out behind it."""
        self.blocked = False
        self.flush()
        spared, self._spared = self._spared, None
        for stretch in (spared or {}).values():
            self._owner.spared(stretch)

    def _spare(self, stretch: Stretch) -> None:
        self.shed += stretch.to_seq - stretch.from_seq + 1
        if self._spared is None:
            self._spared = {}
        before = self._spared.get(stretch.conversation_id)
        if before is not None:
            stretch = Stretch(stretch.conversation_id, before.from_seq, stretch.to_seq)
        self._spared[stretch.conversation_id] = stretch
