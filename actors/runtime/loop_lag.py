"""Event loop lag: how late a timer fires, measured once a second.

A lagging loop delays every connection of the instance.
"""

import asyncio

PERIOD_S = 1.0


class LoopLag:
    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self.last_s = 0.0
        self._due = loop.time() + PERIOD_S
        self._timer = loop.call_at(self._due, self._measure)

    def close(self) -> None:
        self._timer.cancel()

    def _measure(self) -> None:
        now = self._loop.time()
        self.last_s = max(0.0, now - self._due)
        self._due = now + PERIOD_S
        self._timer = self._loop.call_at(self._due, self._measure)
