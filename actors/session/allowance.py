"""A token bucket: what one user may still do. Spending never waits."""

import time


class Allowance:
    __slots__ = ("_burst", "_left", "_per_s", "_since")

    def __init__(self, per_s: float, burst: float) -> None:
        self._per_s = per_s
        self._burst = burst
        self._left = burst
        self._since = time.monotonic()

    def spend(self) -> int:
        """Take one. 0 when there was one, else the milliseconds until there will be."""
        now = time.monotonic()
        self._left = min(self._burst, self._left + (now - self._since) * self._per_s)
        self._since = now
        if self._left >= 1.0:
            self._left -= 1.0
            return 0
        return max(1, round((1.0 - self._left) / self._per_s * 1000))
