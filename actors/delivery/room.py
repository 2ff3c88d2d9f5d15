"""A room: the members of one conversation that are online here, and how far they have been told.

Delivers in seq order: the next entry at once, an earlier one never again, a later one after the gap
before it was filled from the log. Fan-out is synchronous; a room never waits and never stores.
"""

from collections.abc import Callable
from typing import Protocol

from actors.delivery.flusher import Flusher
from actors.delivery.outbox import Outbox, Stretch

HELD_MAX = 1000
"""Frames held over a gap; more are left to the log."""

HINT_MEMBERS_MAX = 1000
"""Past this many members online here a hint costs more than it tells."""


class Listener(Protocol):
    """A session as a room sees it."""

    @property
    def outbox(self) -> Outbox: ...

    @property
    def user_id(self) -> str: ...

    def lagged(self, conversation_id: str, from_seq: int, to_seq: int) -> None:
        """These were stored before the room could tell them: they are to be fetched."""


class Room:
    __slots__ = (
        "_flusher",
        "_gap",
        "_tick",
        "_told",
        "began",
        "held",
        "id",
        "listeners",
        "position",
        "repairing",
        "wanted",
    )

    def __init__(self, conversation_id: str, flusher: Flusher, gap: "Callable[[Room], None]") -> None:
        self.id = conversation_id
        self._flusher = flusher
        self._gap = gap
        # With the outbox of each, so that telling a crowd touches nothing else of it.
        self.listeners: dict[Listener, Outbox] = {}
        self.position = -1
        self.began = -1
        self.wanted = 0
        self.held: dict[int, bytes] | None = None
        self.repairing = False
        self._tick: list[bytes] | None = None
        # Who knows the conversation up to a seq while the room does not know its own yet.
        self._told: list[tuple[Listener, int]] | None = None

    @property
    def open(self) -> bool:
        """Whether it is known from which seq on its members are told."""
        return self.position >= 0

    @property
    def size(self) -> int:
        return len(self.listeners)

    def start(self, position: int) -> None:
        """From here on: the log stood at `position` when the first member came."""
        self.position = self.began = position
        told, self._told = self._told, None
        for listener, seq in told or ():
            if seq < position:
                listener.lagged(self.id, seq + 1, position)
        self._release()
        if self.wanted > self.position:
            self._gap(self)

    def deliver(self, seq: int, frame: bytes) -> None:
        """Tell the members the entry at `seq`, now or when its turn comes."""
        position = self.position
        if seq == position + 1 and position >= 0:
            self.position = seq
            if self._tick is None:
                self._tick = [frame]
                self._flusher.room(self)
            else:
                self._tick.append(frame)
            if self.held:
                self._release()
        elif seq > position:
            if self.held is None:
                self.held = {}
            if len(self.held) < HELD_MAX:
                self.held[seq] = frame
            self.expect(seq)

    def expect(self, seq: int) -> None:
        """The log goes up to `seq`: what is missing must come, or be fetched."""
        self.wanted = max(self.wanted, seq)
        if self.position >= 0 and seq > self.position:
            self._gap(self)

    def hint(self, frame: bytes, spare_user_id: str) -> None:
        if len(self.listeners) > HINT_MEMBERS_MAX:
            return
        for listener, outbox in self.listeners.items():
            if listener.user_id != spare_user_id:
                outbox.push_hint(frame)

    def leave(self, listener: Listener) -> None:
        """What was told so far still goes to the one who leaves; nothing after it does."""
        if self._tick is not None:
            self.flush(alone=False)
        self.listeners.pop(listener, None)

    def enter(self, listener: Listener, told: int | None = None) -> None:
        """From the next entry on. One who was told the state at seq `told` hears of what came between."""
        if self._tick is not None:
            self.flush(alone=False)
        self.listeners[listener] = listener.outbox
        if told is None:
            return
        if self.open:
            if told < self.position:
                listener.lagged(self.id, told + 1, self.position)
        else:
            if self._told is None:
                self._told = []
            self._told.append((listener, told))

    def flush(self, *, alone: bool) -> bool:
        tick, self._tick = self._tick, None
        if tick is None:
            return False
        frames = tick[0] if len(tick) == 1 else b"".join(tick)
        stretch = Stretch(self.id, self.position - len(tick) + 1, self.position)
        if alone:
            for outbox in self.listeners.values():
                # All that most members need, without a call: in a crowd that is a tenth of what they cost.
                if outbox.held is None and outbox.render is None and not outbox.blocked:
                    outbox.writer.write(frames)
                else:
                    outbox.push_log_now(frames, stretch)
        else:
            for outbox in self.listeners.values():
                outbox.push_log(frames, stretch)
        return len(tick) > 1

    def _release(self) -> None:
        held, self.held = self.held, None
        if not held:
            return
        for seq in sorted(held):
            self.deliver(seq, held[seq])
