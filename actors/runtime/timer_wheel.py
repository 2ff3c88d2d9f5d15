"""A timer wheel for the many timers of the process: heartbeats, idle actors, gaps, head announcements.

Timers are kept in buckets of one tick of the wheel, driven by a single event loop timer that is armed only
while timers exist. A timer fires at most one tick late, besides the lag of the event loop, and not early. A
callback must not block.
"""

import asyncio
import logging
import math
from collections.abc import Callable
from contextvars import Context

_log = logging.getLogger(__name__)


class Timer:
    """A scheduled callback. `cancel` after it has fired has no effect."""

    __slots__ = ("callback",)

    def __init__(self, callback: Callable[[], None]) -> None:
        self.callback: Callable[[], None] | None = callback

    def cancel(self) -> None:
        self.callback = None


class TimerWheel:
    __slots__ = ("_buckets", "_handle", "_loop", "_next_tick", "_tick_s")

    def __init__(self, loop: asyncio.AbstractEventLoop, tick_s: float = 0.05) -> None:
        self._loop = loop
        self._tick_s = tick_s
        self._buckets: dict[int, list[Timer]] = {}
        self._next_tick = 0
        self._handle: asyncio.TimerHandle | None = None

    def __len__(self) -> int:
        """The timers that have not fired, cancelled ones included."""
        return sum(len(bucket) for bucket in self._buckets.values())

    def call_later(self, delay_s: float, callback: Callable[[], None]) -> Timer:
        """Call `callback` once, `delay_s` from now, rounded up to a tick. Its exceptions are logged."""
        timer = Timer(callback)
        due = math.floor((self._loop.time() + delay_s) / self._tick_s) + 1
        bucket = self._buckets.get(due)
        if bucket is None:
            self._buckets[due] = [timer]
            if self._handle is None or due < self._next_tick:
                self._schedule(due)
        else:
            bucket.append(timer)
        return timer

    def close(self) -> None:
        """Drop all timers; none fires any more."""
        if self._handle is not None:
            self._handle.cancel()
            self._handle = None
        self._buckets.clear()

    def _schedule(self, due_tick: int) -> None:
        if self._handle is not None:
            self._handle.cancel()
        self._next_tick = due_tick
        self._handle = self._loop.call_at(due_tick * self._tick_s, self._fire_due, context=Context())

    def _fire_due(self) -> None:
        self._handle = None
        now = math.floor(self._loop.time() / self._tick_s + 1e-9)
        for due in sorted(tick for tick in self._buckets if tick <= now):
            for timer in self._buckets.pop(due):
                callback, timer.callback = timer.callback, None
                if callback is not None:
                    try:
                        callback()
                    except Exception:  # noqa: BLE001 - a failing callback must not stop the wheel
                        _log.exception("timer callback failed")
        if self._buckets:
            # A callback that set a timer has armed the loop for that one; an older timer may be due earlier.
            due = min(self._buckets)
            if self._handle is None or due < self._next_tick:
                self._schedule(due)
