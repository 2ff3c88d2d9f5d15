"""The end of a loop tick: every room that spoke and every outbox that was filled is written once.

The frames of a room are joined once for all its members. Where only one room spoke in a tick they go to
the transports directly, without a stop in the outboxes.

A write is what a delivery costs, whatever it carries. So when more is said than can be told at once, rooms
pause after each telling for as long as it took: what is stored meanwhile shares the next write. Who speaks
to few, or alone, never waits; a crowd in which many speak waits for its own size.
"""

import asyncio
import time
from typing import Protocol

PAUSE_MIN_S = 0.001
PAUSE_MAX_S = 0.025


class Flushing(Protocol):
    def flush(self) -> None: ...


class FlushingRoom(Protocol):
    def flush(self, *, alone: bool) -> bool:
        """Tell the members; answers whether frames shared a write."""


class Flusher:
    __slots__ = ("_armed", "_crowded", "_loop", "_outboxes", "_pausing", "_rooms")

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._rooms: list[FlushingRoom] = []
        self._outboxes: list[Flushing] = []
        self._armed = False
        self._pausing = False
        # Whether frames shared a write when rooms were last told.
        self._crowded = False

    def room(self, room: FlushingRoom) -> None:
        self._rooms.append(room)
        if not self._armed and not self._pausing:
            self._arm()

    def outbox(self, outbox: Flushing) -> None:
        self._outboxes.append(outbox)
        if not self._armed:
            self._arm()

    def flush(self) -> None:
        """Write everything now, also what a pause holds."""
        self._flush_rooms()
        self._flush_outboxes()

    def _arm(self) -> None:
        self._armed = True
        self._loop.call_soon(self._tick)

    def _tick(self) -> None:
        self._armed = False
        if self._pausing or not self._rooms:
            self._flush_outboxes()
            return
        began, before = time.monotonic(), self._crowded
        self._crowded = self._flush_rooms()
        self._flush_outboxes()
        took_s = time.monotonic() - began
        if took_s > PAUSE_MIN_S and (self._crowded or before):
            self._pausing = True
            self._loop.call_later(min(took_s, PAUSE_MAX_S), self._go_on)

    def _go_on(self) -> None:
        self._pausing = False
        if self._rooms and not self._armed:
            self._arm()

    def _flush_rooms(self) -> bool:
        rooms, self._rooms = self._rooms, []
        alone = len(rooms) == 1
        joined = False
        for room in rooms:
            joined |= room.flush(alone=alone)
        return joined

    def _flush_outboxes(self) -> None:
        outboxes, self._outboxes = self._outboxes, []
        for outbox in outboxes:
            outbox.flush()
