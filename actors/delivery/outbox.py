"""The way out to one client: frames that wait for the end of the loop tick, or for a slow peer.

While the peer keeps up nothing is held longer than a tick. When the transport says that it is full the
frames wait here, bounded in bytes; hints are shed over the soft limit, and over the hard limit the owner
is told that the client is too slow. An outbox never waits and never reorders.
"""

from typing import Protocol

from actors.delivery.flusher import Flusher


class Writer(Protocol):
    """Where bytes go: the write side of a transport."""

    def write(self, data: bytes) -> None: ...


class Owner(Protocol):
    """Whose outbox it is."""

    def too_slow(self) -> None:
        """More waits than may wait. Called at the end of each tick in which that is so."""


class Bounds(Protocol):
    """The part of `config.limits.Limits` that an outbox keeps to."""

    @property
    def outbox_soft_bytes(self) -> int: ...

    @property
    def outbox_hard_bytes(self) -> int: ...


class Outbox:
    __slots__ = ("_bounds", "_flusher", "_owner", "_writer", "blocked", "dirty", "held", "held_bytes", "shed")

    def __init__(self, owner: Owner, writer: Writer, flusher: Flusher, bounds: Bounds) -> None:
        self._owner = owner
        self._writer = writer
        self._flusher = flusher
        self._bounds = bounds
        self.held: list[bytes] | None = None
        self.held_bytes = 0
        self.blocked = False
        self.dirty = False
        self.shed = 0

    def push(self, frame: bytes) -> None:
        """Leave a frame for the end of this tick."""
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

    def push_now(self, frames: bytes) -> None:
        """Write at once where nothing waits before it. For a room's joined frames at the end of a tick."""
        if self.held is None and not self.blocked:
            self._writer.write(frames)
        else:
            self.push(frames)

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
        self._writer.write(held[0] if len(held) == 1 else b"".join(held))

    def begin(self, frames: list[bytes]) -> None:
        """Put these before all that waits, and let everything go."""
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

    def unblock(self) -> None:
        """The transport takes bytes again: write what was held."""
        self.blocked = False
        self.flush()
