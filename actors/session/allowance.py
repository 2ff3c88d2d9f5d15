"""A token bucket: what one user, or all newcomers, may still do. Spending never waits."""

import time
from collections.abc import Callable


class Allowance:
    __slots__ = ("_burst", "_clock", "_left", "_per_s", "_since")

    def __init__(self, per_s: float, burst: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._per_s = per_s
        self._burst = burst
        self._left = burst
        self._clock = clock
        self._since = clock()

    def spend(self) -> int:
        """Take one. 0 when there was one, else the milliseconds until there will be."""
        now = self._clock()
        self._left = min(self._burst, self._left + (now - self._since) * self._per_s)
        self._since = now
        if self._left >= 1.0:
            self._left -= 1.0
            return 0
        return max(1, round((1.0 - self._left) / self._per_s * 1000))
