"""Black boxes: the last events of each session and conversation, in memory, for operators.

    command, reply, drop, resume, close -> BlackBox.add -> the newest `EVENTS_PER_BOX` of them

An event is a tuple; nothing is formatted before an operator reads it. Events contain ids, codes and numbers,
but no text of users and no token. `BlackBoxes` bounds the number of boxes and the bytes of all events.
"""

import time
from collections.abc import Callable
from typing import Final, TypeAlias

import msgspec

EVENTS_PER_BOX: Final = 200
EVENT_BYTES: Final = 300
"""Bytes that an event is counted as: its tuple, time, ids and numbers. `bench/diagnostics.py` measures it."""

BOX_BYTES: Final = 500
"""Bytes that an empty box with its entry in the index is counted as."""

RecordedEvent: TypeAlias = tuple[float, str, str, str, int, int]
"""Unix time, kind, subject (an id), detail (a code or an id), and the two numbers of `EVENT_NUMBERS`."""

EVENT_NUMBERS: Final = {
    "received": ("seq",),
    "repaired": ("from_seq", "to_seq"),
    "delivered": ("from_seq", "to_seq"),
    "skipped": ("from_seq", "to_seq"),
    "lagged": ("from_seq", "to_seq"),
    "replayed": ("from_seq", "to_seq"),
    "conflict": ("seq",),
    "activated": ("head_seq",),
    "passivated": ("head_seq",),
    "forwarded": ("drafts",),
    "stored": ("seq", "waited_ms"),
    "duplicate": ("seq", "waited_ms"),
    "unchanged": ("seq", "waited_ms"),
    "refused": ("seq", "waited_ms"),
    "command": ("frame_id",),
    "ok": ("frame_id", "seq"),
    "error": ("frame_id",),
    "resumed": ("stream_frames", "log_frames"),
    "paused": ("queued_bytes",),
    "continued": ("queued_bytes",),
    "disconnected": ("unsent_bytes",),
    "closed": ("code",),
}
"""What the numbers of an event are, by kind. Kinds that are absent have none."""


class BlackBox:
    """The last events of one session or conversation. `key` is unique among the boxes of its kind."""

    __slots__ = ("_boxes", "_events", "_next", "capacity", "closed_at_s", "key", "opened_at_s", "user_id")

    def __init__(self, boxes: "BlackBoxes | None", key: str, user_id: str, capacity: int) -> None:
        self._boxes = boxes
        self._events: list[RecordedEvent] = []
        self._next = 0
        self.key = key
        self.user_id = user_id
        self.capacity = capacity
        self.opened_at_s = 0.0
        self.closed_at_s = 0.0

    def add(
        self, kind: str, subject: str = "", detail: str = "", number_1: int = 0, number_2: int = 0
    ) -> None:
        """Append an event; `EVENT_NUMBERS` says what the numbers are. A full box drops its oldest event.

        Cost: one tuple and one append.
        """
        event = (time.time(), kind, subject, detail, number_1, number_2)
        if len(self._events) < self.capacity:
            self._events.append(event)
            if self._boxes is not None:
                self._boxes.count_event()
        elif self.capacity:
            self._events[self._next] = event
            self._next = (self._next + 1) % self.capacity

    def events(self) -> list[RecordedEvent]:
        """Return the events, oldest first."""
        return [*self._events[self._next :], *self._events[: self._next]]

    @property
    def recorded_since_s(self) -> float:
        """The Unix time since which no event was dropped."""
        is_full = len(self._events) == self.capacity
        return self._events[self._next][0] if is_full and self._events else self.opened_at_s

    def clear(self) -> int:
        """Drop the events and record no more. Return how many there were."""
        count = len(self._events)
        self._events, self._next, self.capacity = [], 0, 0
        return count


NO_BOX: Final = BlackBox(None, "", "", 0)
"""Records nothing."""


class BlackBoxStatistics(msgspec.Struct, frozen=True):
    """`bytes` is an estimate; `evicted` counts boxes removed by a limit."""

    boxes: int
    events: int
    bytes: int
    evicted: int


class BlackBoxes:
    """The boxes of one kind, by key. At a limit the oldest closed box is evicted, or the oldest open one.

    A box that is evicted while in use records nothing any more; `open` then returns another one. With
    `boxes_max` 0 there are no boxes.
    """

    def __init__(self, boxes_max: int, bytes_max: int) -> None:
        self._boxes_max = min(boxes_max, bytes_max // (2 * BOX_BYTES))
        self._events_max = (bytes_max - self._boxes_max * BOX_BYTES) // EVENT_BYTES
        self._open: dict[str, BlackBox] = {}
        self._closed: dict[str, BlackBox] = {}
        self._events = 0
        self._evicted = 0

    def statistics(self) -> BlackBoxStatistics:
        boxes = len(self._open) + len(self._closed)
        return BlackBoxStatistics(boxes, self._events, self._bytes(), self._evicted)

    def open(self, key: str, user_id: str = "", opened_at_s: float = 0.0) -> BlackBox:
        """Return the box of a key; a new or closed one becomes the newest of the open ones.

        A new one is for what exists since `opened_at_s`, by default now.
        """
        if not self._boxes_max:
            return NO_BOX
        box = self._open.get(key)
        if box is not None:
            return box
        box = self._closed.pop(key, None)
        if box is None:
            if len(self._open) + len(self._closed) >= self._boxes_max:
                self._evict_oldest()
            box = BlackBox(self, key, user_id, EVENTS_PER_BOX)
            box.opened_at_s = opened_at_s or time.time()
        box.closed_at_s = 0.0
        self._open[key] = box
        return box

    def close(self, box: BlackBox) -> None:
        """Keep the box of what has ended until a limit evicts it."""
        if self._open.get(box.key) is box:
            del self._open[box.key]
            self._closed[box.key] = box
            box.closed_at_s = time.time()

    def find(self, key: str) -> BlackBox | None:
        box = self._open.get(key)
        return self._closed.get(key) if box is None else box

    def select(self, matches: Callable[[BlackBox], bool], limit: int) -> list[BlackBox]:
        """Return up to `limit` matching boxes, the newest first. Reads all of them."""
        boxes = [*self._closed.values(), *self._open.values()]
        found = [box for box in boxes if matches(box)]
        return sorted(found, key=lambda box: -box.opened_at_s)[:limit]

    def count_event(self) -> None:
        """Count an event that a box stored. Called by boxes only."""
        self._events += 1
        if self._events > self._events_max:
            self._evict_oldest()

    def _bytes(self) -> int:
        return self._events * EVENT_BYTES + (len(self._open) + len(self._closed)) * BOX_BYTES

    def _evict_oldest(self) -> None:
        boxes = self._closed or self._open
        self._events -= boxes.pop(next(iter(boxes))).clear()
        self._evicted += 1


NO_BOXES: Final = BlackBoxes(0, 0)
"""Keeps nothing."""
