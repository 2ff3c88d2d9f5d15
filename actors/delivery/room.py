"""A room: the subscribers of one conversation on this instance, and the seq delivered to them.

Entries are delivered in seq order, once, through a `SequenceBuffer`; gaps are filled from the log. Fan-out is
synchronous.
"""

from collections.abc import Callable
from typing import Protocol

from actors.delivery.flusher import Delivery, Flusher
from actors.delivery.send_queue import SendQueue, SeqRange
from actors.protocol.sequence_buffer import SequenceBuffer
from actors.runtime.black_box import NO_BOXES, BlackBox, BlackBoxes

EPHEMERAL_SUBSCRIBERS_MAX = 1000
"""Rooms with more local subscribers than this get no ephemeral frames."""


class RoomSubscriber(Protocol):
    """Receives the events of a room: a session."""

    @property
    def send_queue(self) -> SendQueue: ...

    @property
    def user_id(self) -> str: ...

    def push_lagged(self, conversation_id: str, from_seq: int, to_seq: int) -> None:
        """Entries from `from_seq` to `to_seq` will not be delivered; the client must fetch them."""


class Room:
    __slots__ = (
        "_black_boxes",
        "_flusher",
        "_on_gap",
        "_sequence",
        "_tick_delivery",
        "_tick_frames",
        "_waiting_for_start",
        "id",
        "is_repairing",
        "known_head",
        "start_seq",
        "subscribers",
    )

    def __init__(
        self,
        conversation_id: str,
        flusher: Flusher,
        on_gap: "Callable[[Room], None]",
        black_boxes: BlackBoxes = NO_BOXES,
    ) -> None:
        self.id = conversation_id
        self._flusher = flusher
        self._on_gap = on_gap
        self._black_boxes = black_boxes
        # Mapped to their send queues, so that fan-out accesses nothing else of a subscriber.
        self.subscribers: dict[RoomSubscriber, SendQueue] = {}
        self._sequence: SequenceBuffer[bytes] = SequenceBuffer()
        self.start_seq = -1
        self.known_head = 0
        self.is_repairing = False
        self._tick_frames: list[bytes] | None = None
        # The first entry of the loop tick, which has waited longest. One entry is measured per write.
        self._tick_delivery: Delivery | None = None
        # Subscribers with a known seq, while the room's own seq is not known yet.
        self._waiting_for_start: list[tuple[RoomSubscriber, int]] | None = None

    @property
    def is_open(self) -> bool:
        """Whether the delivered seq is known, so that entries are delivered."""
        return self._sequence.started

    @property
    def delivered_seq(self) -> int:
        """The last seq delivered; negative before `start`."""
        return self._sequence.position

    @property
    def size(self) -> int:
        return len(self.subscribers)

    @property
    def black_box(self) -> BlackBox:
        """The conversation's box: a new one if it was evicted meanwhile."""
        return self._black_boxes.open(self.id)

    def start(self, head: int) -> None:
        """Start delivery after `head`, the last seq of the log when the room was opened."""
        self.start_seq = head
        held = self._sequence.start(head)
        waiting, self._waiting_for_start = self._waiting_for_start, None
        for subscriber, seq in waiting or ():
            if seq < head:
                subscriber.push_lagged(self.id, seq + 1, head)
        for seq, framed in held:
            self.deliver(seq, framed)
        if self.known_head > self.delivered_seq:
            self._on_gap(self)

    def deliver(self, seq: int, framed: bytes, delivery: Delivery | None = None) -> None:
        """Deliver the entry at `seq` with the next flush, or hold it until those before it are delivered.

        An entry that was delivered before is dropped. The time of a `delivery` is measured, but not of an
        entry that was held.
        """
        if self._sequence.next(seq):
            self._add_to_tick(framed)
            if self._tick_delivery is None:
                self._tick_delivery = delivery
            while (held := self._sequence.pop_next()) is not None:
                self._add_to_tick(held)
        elif self._sequence.hold(seq, framed):
            self.observe_head(seq)

    def observe_head(self, seq: int) -> None:
        """Record that the log contains `seq`, and report a gap if an open room has not delivered it."""
        self.known_head = max(self.known_head, seq)
        if self.is_open and seq > self.delivered_seq:
            self._on_gap(self)

    def deliver_ephemeral(self, framed: bytes, except_user_id: str) -> None:
        if len(self.subscribers) > EPHEMERAL_SUBSCRIBERS_MAX:
            return
        for subscriber, send_queue in self.subscribers.items():
            if subscriber.user_id != except_user_id:
                send_queue.push_ephemeral(framed)

    def remove_subscriber(self, subscriber: RoomSubscriber) -> None:
        """Remove a subscriber after flushing. It receives all entries delivered so far."""
        if self._tick_frames is not None:
            self.flush(alone=False)
        self.subscribers.pop(subscriber, None)

    def add_subscriber(self, subscriber: RoomSubscriber, known_seq: int | None = None) -> None:
        """Add a subscriber, which receives the entries after those delivered so far.

        If the client has state up to `known_seq`, the entries between are reported through `push_lagged`, at
        once or when the room starts.
        """
        if self._tick_frames is not None:
            self.flush(alone=False)
        self.subscribers[subscriber] = subscriber.send_queue
        if known_seq is None:
            return
        if self.is_open:
            if known_seq < self.delivered_seq:
                subscriber.push_lagged(self.id, known_seq + 1, self.delivered_seq)
        else:
            if self._waiting_for_start is None:
                self._waiting_for_start = []
            self._waiting_for_start.append((subscriber, known_seq))

    def flush(self, *, alone: bool) -> bool:
        """Write the frames of this loop tick; see `FlushableRoom`."""
        tick_frames, self._tick_frames = self._tick_frames, None
        if tick_frames is None:
            return False
        frames = tick_frames[0] if len(tick_frames) == 1 else b"".join(tick_frames)
        seq_range = SeqRange(self.id, self.delivered_seq - len(tick_frames) + 1, self.delivered_seq)
        self.black_box.add("delivered", "", "", seq_range.from_seq, seq_range.to_seq)
        if alone:
            for send_queue in self.subscribers.values():
                # `write_log`, inlined for the common case: the call would be a good part of the cost.
                if (
                    send_queue.queued_frames is None
                    and send_queue.encode_outbound is None
                    and not send_queue.paused
                ):
                    send_queue.writer.write(frames)
                else:
                    send_queue.write_log(frames, seq_range)
        else:
            for send_queue in self.subscribers.values():
                send_queue.push_log(frames, seq_range)
        if self._tick_delivery is not None:
            self._flusher.observe_delivery(self._tick_delivery)
            self._tick_delivery = None
        return len(tick_frames) > 1

    def _add_to_tick(self, framed: bytes) -> None:
        if self._tick_frames is None:
            self._tick_frames = [framed]
            self._flusher.schedule_room(self)
        else:
            self._tick_frames.append(framed)
