"""The end of a loop tick: every room that spoke and every outbox that was filled is written once.

The frames of a room are joined once for all its members. Where only one room spoke in a tick they go to
the transports directly, without a stop in the outboxes. It never holds anything over to a later tick.
"""

import asyncio
from typing import Protocol


class Flushing(Protocol):
    def flush(self) -> None: ...


class FlushingRoom(Protocol):
    def flush(self, *, alone: bool) -> None: ...


class Flusher:
    __slots__ = ("_armed", "_loop", "_outboxes", "_rooms")

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._rooms: list[FlushingRoom] = []
        self._outboxes: list[Flushing] = []
        self._armed = False

    def room(self, room: FlushingRoom) -> None:
        self._rooms.append(room)
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
        """Write everything now; also called when the server says goodbye."""
        self._armed = False
        rooms, self._rooms = self._rooms, []
        alone = len(rooms) == 1
        for room in rooms:
            room.flush(alone=alone)
        outboxes, self._outboxes = self._outboxes, []
        for outbox in outboxes:
            outbox.flush()
