"""Measures this process's own load: a saturated load tester measures its own latency."""

import asyncio
import time
from typing import Final

CHECK_INTERVAL_S: Final = 0.05


class SelfMonitor:
    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._worst_s = 0.0
        self._due_s = 0.0
        self._timer: asyncio.TimerHandle | None = None
        self._schedule()

    def _schedule(self) -> None:
        self._due_s = time.monotonic() + CHECK_INTERVAL_S
        self._timer = self._loop.call_later(CHECK_INTERVAL_S, self._check)

    def _check(self) -> None:
        self._worst_s = max(self._worst_s, time.monotonic() - self._due_s)
        self._schedule()

    def take_lag_ms(self) -> float:
        """Return the worst event loop lag in ms since the last call."""
        worst_s, self._worst_s = self._worst_s, 0.0
        return worst_s * 1000

    def close(self) -> None:
        if self._timer is not None:
            self._timer.cancel()


def cpu_s() -> float:
    """Return the CPU time used by this process."""
    return time.process_time()
