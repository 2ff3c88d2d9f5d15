"""The end of a loop tick: every room that spoke and every outbox that was filled is written once.

The frames of a room are joined once for all its members. Where only one room spoke in a tick they go to
the transports directly, without a stop in the outboxes.

A write is what a delivery costs, whatever it carries. So where more is said to crowds than can be told at
once, they pause after each telling for as long as it took: what is stored meanwhile shares the next write.
The pause is of all crowds of the instance. Rooms with few members here never wait for it.
"""

import asyncio
import time
from typing import Protocol

LARGE_ROOM = 20
"""Members online here, from which on a room may have to pause."""

PAUSE_MIN_S = 0.001
PAUSE_MAX_S = 0.025


class Flushable(Protocol):
    def flush(self) -> None: ...


class FlushableRoom(Protocol):
    @property
    def size(self) -> int:
        """How many members it has here."""

    def flush(self, *, alone: bool) -> bool:
        """Tell the members; answers whether frames shared a write."""


class Flusher:
    __slots__ = (
        "_large_rooms",
        "_loop",
        "_paused",
        "_scheduled",
        "_send_queues",
        "_shared_writes",
        "_small_rooms",
    )

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._small_rooms: list[FlushableRoom] = []
        self._large_rooms: list[FlushableRoom] = []
        self._send_queues: list[Flushable] = []
        self._scheduled = False
        self._paused = False
        # Whether frames shared a write when crowds were last told.
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
        self._loop.call_soon(self.flush)

    def flush(self) -> None:
        """Write everything, but for what a pause holds."""
        self._scheduled = False
        rooms, self._small_rooms = self._small_rooms, []
        crowds: list[FlushableRoom] = []
        if not self._paused:
            crowds, self._large_rooms = self._large_rooms, crowds
        alone = len(rooms) + len(crowds) == 1
        for room in rooms:
            room.flush(alone=alone)
        began, busy = time.monotonic(), False
        for room in crowds:
            busy |= room.flush(alone=alone)
        outboxes, self._send_queues = self._send_queues, []
        for outbox in outboxes:
            outbox.flush()
        if crowds:
            self._maybe_pause(time.monotonic() - began, shared_writes=busy)

    def _maybe_pause(self, took_s: float, *, shared_writes: bool) -> None:
        """Where messages shared a write, or did the time before: the first of a wave comes by itself."""
        before, self._shared_writes = self._shared_writes, shared_writes
        if took_s > PAUSE_MIN_S and (shared_writes or before):
            self._paused = True
            self._loop.call_later(min(took_s, PAUSE_MAX_S), self._resume)

    def _resume(self) -> None:
        self._paused = False
        if not self._large_rooms:
            self._shared_writes = False
        elif not self._scheduled:
            self._schedule()
