"""A room: the members of one conversation that are online here, and how far they have been told.

Delivers in seq order: the next entry at once, an earlier one never again, a later one after the gap
before it was filled from the log. Fan-out is synchronous; a room never waits and never stores.
"""

from collections.abc import Callable
from typing import Protocol

from actors.delivery.flusher import Flusher
from actors.delivery.send_queue import SendQueue, SeqRange

HELD_FRAMES_MAX = 1000
"""Frames held over a gap; more are left to the log."""

EPHEMERAL_MEMBERS_MAX = 1000
"""Past this many members online here a hint costs more than it tells."""


class RoomSubscriber(Protocol):
    """A session as a room sees it."""

    @property
    def send_queue(self) -> SendQueue: ...

    @property
    def user_id(self) -> str: ...

    def lagged(self, conversation_id: str, from_seq: int, to_seq: int) -> None:
        """These were stored before the room could tell them: they are to be fetched."""


class Room:
    __slots__ = (
        "_flusher",
        "_on_gap",
        "_tick_frames",
        "_waiting_for_start",
        "held_frames",
        "id",
        "is_repairing",
        "known_head",
        "position",
        "start_position",
        "subscribers",
    )

    def __init__(self, conversation_id: str, flusher: Flusher, on_gap: "Callable[[Room], None]") -> None:
        self.id = conversation_id
        self._flusher = flusher
        self._on_gap = on_gap
        # With the outbox of each, so that telling a crowd touches nothing else of it.
        self.subscribers: dict[RoomSubscriber, SendQueue] = {}
        self.position = -1
        self.start_position = -1
        self.known_head = 0
        self.held_frames: dict[int, bytes] | None = None
        self.is_repairing = False
        self._tick_frames: list[bytes] | None = None
        # Who knows the conversation up to a seq while the room does not know its own yet.
        self._waiting_for_start: list[tuple[RoomSubscriber, int]] | None = None

    @property
    def is_open(self) -> bool:
        """Whether it is known from which seq on its members are told."""
        return self.position >= 0

    @property
    def size(self) -> int:
        return len(self.subscribers)

    def start(self, position: int) -> None:
        """From here on: the log stood at `position` when the first member came."""
        self.position = self.start_position = position
        told, self._waiting_for_start = self._waiting_for_start, None
        for listener, seq in told or ():
            if seq < position:
                listener.lagged(self.id, seq + 1, position)
        self._deliver_held()
        if self.known_head > self.position:
            self._on_gap(self)

    def deliver(self, seq: int, frame: bytes) -> None:
        """Tell the members the entry at `seq`, now or when its turn comes."""
        position = self.position
        if seq == position + 1 and position >= 0:
            self.position = seq
            if self._tick_frames is None:
                self._tick_frames = [frame]
                self._flusher.schedule_room(self)
            else:
                self._tick_frames.append(frame)
            if self.held_frames:
                self._deliver_held()
        elif seq > position:
            if self.held_frames is None:
                self.held_frames = {}
            if len(self.held_frames) < HELD_FRAMES_MAX:
                self.held_frames[seq] = frame
            self.observe_head(seq)

    def observe_head(self, seq: int) -> None:
        """The log goes up to `seq`: what is missing must come, or be fetched."""
        self.known_head = max(self.known_head, seq)
        if self.position >= 0 and seq > self.position:
            self._on_gap(self)

    def deliver_ephemeral(self, frame: bytes, except_user_id: str) -> None:
        if len(self.subscribers) > EPHEMERAL_MEMBERS_MAX:
            return
        for listener, outbox in self.subscribers.items():
            if listener.user_id != except_user_id:
                outbox.push_ephemeral(frame)

    def remove_subscriber(self, subscriber: RoomSubscriber) -> None:
        """What was told so far still goes to the one who leaves; nothing after it does."""
        if self._tick_frames is not None:
            self.flush(alone=False)
        self.subscribers.pop(subscriber, None)

    def add_subscriber(self, subscriber: RoomSubscriber, known_seq: int | None = None) -> None:
        """From the next entry on. One who was told the state at seq `told` hears of what came between."""
        if self._tick_frames is not None:
            self.flush(alone=False)
        self.subscribers[subscriber] = subscriber.send_queue
        if known_seq is None:
            return
        if self.is_open:
            if known_seq < self.position:
                subscriber.lagged(self.id, known_seq + 1, self.position)
        else:
            if self._waiting_for_start is None:
                self._waiting_for_start = []
            self._waiting_for_start.append((subscriber, known_seq))

    def flush(self, *, alone: bool) -> bool:
        tick, self._tick_frames = self._tick_frames, None
        if tick is None:
            return False
        frames = tick[0] if len(tick) == 1 else b"".join(tick)
        stretch = SeqRange(self.id, self.position - len(tick) + 1, self.position)
        if alone:
            for outbox in self.subscribers.values():
                # All that most members need, without a call: in a crowd that is a tenth of what they cost.
                if outbox.queued_frames is None and outbox.encode_outbound is None and not outbox.paused:
                    outbox.writer.write(frames)
                else:
                    outbox.write_log(frames, stretch)
        else:
            for outbox in self.subscribers.values():
                outbox.push_log(frames, stretch)
        return len(tick) > 1

    def _deliver_held(self) -> None:
        held, self.held_frames = self.held_frames, None
        if not held:
            return
        for seq in sorted(held):
            self.deliver(seq, held[seq])
