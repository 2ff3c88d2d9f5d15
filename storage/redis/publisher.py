"""Sends frames out: those of one loop tick as one pipeline, on a connection of its own.

Bounded twice: frames that wait here, and frames that the server has not answered yet. Where either bound is
reached the oldest that still waits is dropped and counted. It never blocks, and never sends a frame again.
"""

import asyncio
from collections import deque

from storage.redis.address import Address
from storage.redis.connection import Connection, Reply, packed
from storage.redis.link import Link
from storage.redis.patience import Patience

UNANSWERED_MAX = 2000
"""Frames on their way at once: enough for a full pipe, few enough to lose with a connection."""


class Publisher:
    def __init__(self, address: Address, patience: Patience, queue_frames: int) -> None:
        self.link = Link(address, patience, "publisher", self._opened, self._lost)
        self._limit = queue_frames
        self._waiting: deque[bytes] = deque()
        self._connection: Connection | None = None
        self._scheduled = False
        self._idle = asyncio.Event()
        self._idle.set()
        self.published = 0
        self.dropped = 0

    @property
    def waiting(self) -> int:
        """Frames not yet answered, sent or not."""
        return len(self._waiting) + (self._connection.unanswered if self._connection is not None else 0)

    def publish(self, topic: str, frame: bytes) -> None:
        if self._connection is None:
            self.dropped += 1
            return
        if len(self._waiting) >= self._limit:
            self._waiting.popleft()
            self.dropped += 1
        self._waiting.append(packed(b"PUBLISH", topic, frame))
        if not self._scheduled:
            self._scheduled = True
            self._idle.clear()
            asyncio.get_running_loop().call_soon(self._flush)

    async def drain(self, within_s: float) -> None:
        """Wait until everything is answered or lost, but no longer than that."""
        try:
            async with asyncio.timeout(within_s):
                await self._idle.wait()
        except TimeoutError:
            return

    def _flush(self) -> None:
        self._scheduled = False
        connection = self._connection
        if connection is None or not self._waiting:
            self._settle()
            return
        count = min(len(self._waiting), UNANSWERED_MAX - connection.unanswered)
        if count == len(self._waiting):
            connection.send(b"".join(self._waiting), count)
            self._waiting.clear()
        elif count > 0:
            connection.send(b"".join([self._waiting.popleft() for _ in range(count)]), count)

    def _answered(self, reply: Reply) -> None:
        connection = self._connection
        if connection is None:
            return
        connection.unanswered -= 1
        if isinstance(reply, int):
            self.published += 1
        else:
            self.dropped += 1
        if self._waiting:
            if not self._scheduled:
                self._scheduled = True
                asyncio.get_running_loop().call_soon(self._flush)
        else:
            self._settle()

    def _settle(self) -> None:
        if self.waiting == 0:
            self._idle.set()

    def _opened(self, connection: Connection) -> None:
        connection.on_reply = self._answered
        self._connection = connection

    def _lost(self) -> None:
        self.dropped += self.waiting
        self._waiting.clear()
        self._connection = None
        self._idle.set()
