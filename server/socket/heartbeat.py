"""The heartbeat of all sockets: a ring of buckets, one of which is visited at each step.

Every socket is visited once a period: it is pinged, and one that gave no sign of life for two periods is
closed. New sockets are spread over the ring by chance, so a storm of connects makes no storm of pings.
It keeps no timer per socket.
"""

import random
from typing import Protocol

from actors.runtime.wheel import Wheel

STEPS = 50


class Beating(Protocol):
    def beat(self) -> None:
        """A period has passed."""


class Heartbeat:
    def __init__(self, wheel: Wheel, period_s: float) -> None:
        self._wheel = wheel
        self._step_s = period_s / STEPS
        self._ring: list[dict[Beating, None]] = [{} for _ in range(STEPS)]
        self._at = 0
        self._running = False

    def add(self, socket: Beating) -> int:
        """Visit this socket from now on; answers the bucket, for `remove`."""
        bucket = random.randrange(STEPS)  # noqa: S311 - spreads load, guards nothing
        self._ring[bucket][socket] = None
        if not self._running:
            self._running = True
            self._wheel.after(self._step_s, self._step)
        return bucket

    def remove(self, socket: Beating, bucket: int) -> None:
        self._ring[bucket].pop(socket, None)

    def _step(self) -> None:
        self._at = (self._at + 1) % STEPS
        for socket in list(self._ring[self._at]):
            socket.beat()
        if any(self._ring):
            self._wheel.after(self._step_s, self._step)
        else:
            self._running = False
