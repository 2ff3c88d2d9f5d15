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

CROWD = 20
"""Members online here, from which on a room may have to pause."""

PAUSE_MIN_S = 0.001
PAUSE_MAX_S = 0.025


class Flushing(Protocol):
    def flush(self) -> None: ...


class FlushingRoom(Protocol):
    @property
    def size(self) -> int:
        """How many members it has here."""

    def flush(self, *, alone: bool) -> bool:
        """Tell the members; answers whether frames shared a write."""


class Flusher:
    __slots__ = ("_armed", "_busy", "_crowds", "_few", "_loop", "_outboxes", "_pausing")

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._few: list[FlushingRoom] = []
        self._crowds: list[FlushingRoom] = []
        self._outboxes: list[Flushing] = []
        self._armed = False
        self._pausing = False
        # Whether frames shared a write when crowds were last told.
        self._busy = False

    def room(self, room: FlushingRoom) -> None:
        if room.size < CROWD:
            self._few.append(room)
        else:
            self._crowds.append(room)
            if self._pausing:
                return
        if not self._armed:
            self._arm()

    def outbox(self, outbox: Flushing) -> None:
        self._outboxes.append(outbox)
        if not self._armed:
            self._arm()

    def _arm(self) -> None:
        self._armed = True
        self._loop.call_soon(self.flush)

    def flush(self) -> None:
        """Write everything, but for what a pause holds."""
        self._armed = False
        rooms, self._few = self._few, []
        crowds: list[FlushingRoom] = []
        if not self._pausing:
            crowds, self._crowds = self._crowds, crowds
        alone = len(rooms) + len(crowds) == 1
        for room in rooms:
            room.flush(alone=alone)
        began, busy = time.monotonic(), False
        for room in crowds:
            busy |= room.flush(alone=alone)
        outboxes, self._outboxes = self._outboxes, []
        for outbox in outboxes:
            outbox.flush()
        if crowds:
            self._pause(time.monotonic() - began, busy=busy)

    def _pause(self, took_s: float, *, busy: bool) -> None:
        """Where messages shared a write, or did the time before: the first of a wave comes by itself."""
        before, self._busy = self._busy, busy
        if took_s > PAUSE_MIN_S and (busy or before):
            self._pausing = True
            self._loop.call_later(min(took_s, PAUSE_MAX_S), self._go_on)

    def _go_on(self) -> None:
        self._pausing = False
        if not self._crowds:
            self._busy = False
        elif not self._armed:
            self._arm()
