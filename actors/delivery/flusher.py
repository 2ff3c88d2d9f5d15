"""Writes at the end of each loop tick: every room and send queue with new frames is flushed once.

A loop tick is one iteration of the event loop. The frames of a room are joined once for all its subscribers.
If only one room has frames in a tick, they go directly to the transports and bypass the send queues.

A write costs the same for any number of frames. So when large rooms have more frames than they can deliver
one by one, they pause after each flush for as long as it took, up to `PAUSE_MAX_S`, and frames stored
meanwhile share the next write. The pause applies to all large rooms of the instance. It delays no small room
and no send queue.
"""

import asyncio
import time
from collections.abc import Callable
from contextvars import Context
from typing import Final, NamedTuple, Protocol

from actors.runtime.tracing import DeliveryTrace
from storage.histogram import Histogram, HistogramStatistics

LARGE_ROOM = 20
"""Number of local subscribers from which a room is large and may pause."""

DELIVERY_BOUNDS_S: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)

PAUSE_MIN_S = 0.001
PAUSE_MAX_S = 0.025


class Flushable(Protocol):
    def flush(self) -> None: ...


class Delivery(NamedTuple):
    """An entry on its way to the sockets: when it was stored (Unix time), and whether by another instance."""

    stored_at_s: float
    is_remote: bool


class FlushableRoom(Protocol):
    @property
    def size(self) -> int:
        """Number of subscribers: the sessions of members on this instance."""

    def flush(self, *, alone: bool) -> bool:
        """Write the frames to the subscribers. Return whether several frames shared a write.

        `alone` means that no other room is flushed in this tick.
        """


class Flusher:
    __slots__ = (
        "_clock",
        "_delivery_seconds",
        "_delivery_traces",
        "_large_rooms",
        "_loop",
        "_paused",
        "_scheduled",
        "_send_queues",
        "_shared_writes",
        "_small_rooms",
        "_unmeasured",
    )

    def __init__(self, loop: asyncio.AbstractEventLoop, clock: Callable[[], float] = time.monotonic) -> None:
        self._loop = loop
        self._clock = clock
        self._small_rooms: list[FlushableRoom] = []
        self._large_rooms: list[FlushableRoom] = []
        self._send_queues: list[Flushable] = []
        self._unmeasured: list[Delivery] = []
        self._delivery_traces: list[tuple[DeliveryTrace, int]] = []
        self._delivery_seconds = {is_remote: Histogram(DELIVERY_BOUNDS_S) for is_remote in (False, True)}
        self._scheduled = False
        self._paused = False
        # Whether frames shared a write in the last flush of large rooms.
        self._shared_writes = False

    def schedule_room(self, room: FlushableRoom) -> None:
        if room.size < LARGE_ROOM:
            self._small_rooms.append(room)
        else:
            self._large_rooms.append(room)
            if self._paused:
                return
        if not self._scheduled:
            self._schedule()

    def schedule_queue(self, send_queue: Flushable) -> None:
        self._send_queues.append(send_queue)
        if not self._scheduled:
            self._schedule()

    def _schedule(self) -> None:
        self._scheduled = True
        self._loop.call_soon(self.flush, context=Context())

    def observe_delivery(self, delivery: Delivery) -> None:
        """Measure a delivery once the send queues are written: called by a room that is flushed."""
        self._unmeasured.append(delivery)

    def end_after_flush(self, trace: DeliveryTrace, sessions: int) -> None:
        """End the trace of a delivery to `sessions` once the send queues of this tick are written."""
        self._delivery_traces.append((trace, sessions))
        if not self._scheduled:
            self._schedule()

    def delivery_statistics(self, *, remote: bool) -> HistogramStatistics:
        """Return the seconds from the storage of an entry, here or by another instance, to the transports."""
        return self._delivery_seconds[remote].statistics()

    def flush(self) -> None:
        """Flush all scheduled rooms and send queues, except large rooms during a pause."""
        self._scheduled = False
        rooms, self._small_rooms = self._small_rooms, []
        large_rooms: list[FlushableRoom] = []
        if not self._paused:
            large_rooms, self._large_rooms = self._large_rooms, large_rooms
        alone = len(rooms) + len(large_rooms) == 1
        for room in rooms:
            room.flush(alone=alone)
        started, shared_writes = self._clock(), False
        for room in large_rooms:
            shared_writes |= room.flush(alone=alone)
        send_queues, self._send_queues = self._send_queues, []
        for send_queue in send_queues:
            send_queue.flush()
        if self._unmeasured:
            self._measure_deliveries()
        if self._delivery_traces:
            traces, self._delivery_traces = self._delivery_traces, []
            for trace, sessions in traces:
                trace.end(sessions)
        if large_rooms:
            self._maybe_pause(self._clock() - started, shared_writes=shared_writes)

    def _measure_deliveries(self) -> None:
        unmeasured, self._unmeasured = self._unmeasured, []
        # Wall-clock time: the entry may come from another machine.
        now_s = time.time()
        for delivery in unmeasured:
            self._delivery_seconds[delivery.is_remote].observe(max(0.0, now_s - delivery.stored_at_s))

    def _maybe_pause(self, duration_s: float, *, shared_writes: bool) -> None:
        """Pause if frames shared a write in this flush or the last one.

        The last one counts because the first frame of a burst is flushed by itself.
        """
        before, self._shared_writes = self._shared_writes, shared_writes
        if duration_s > PAUSE_MIN_S and (shared_writes or before):
            self._paused = True
            self._loop.call_later(min(duration_s, PAUSE_MAX_S), self._resume)

    def _resume(self) -> None:
        self._paused = False
        if not self._large_rooms:
            self._shared_writes = False
        elif not self._scheduled:
            self._schedule()
