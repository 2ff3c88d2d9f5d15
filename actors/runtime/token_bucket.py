"""A token bucket: what one user, or all newcomers, may still do. Spending never waits."""

import time
from collections.abc import Callable


class TokenBucket:
    __slots__ = ("_burst", "_clock", "_per_s", "_refilled_at", "_tokens")

    def __init__(self, per_s: float, burst: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._per_s = per_s
        self._burst = burst
        self._tokens = burst
        self._clock = clock
        self._refilled_at = clock()

    def consume(self) -> int:
        """Take one. 0 when there was one, else the milliseconds until there will be."""
        now = self._clock()
        self._tokens = min(self._burst, self._tokens + (now - self._refilled_at) * self._per_s)
        self._refilled_at = now
        if self._tokens >= 1.0:
            self._tokens -= 1.0
            return 0
        return max(1, round((1.0 - self._tokens) / self._per_s * 1000))

    @property
    def full(self) -> bool:
        """Whether the bucket has refilled to its burst."""
        return self._tokens + (self._clock() - self._refilled_at) * self._per_s >= self._burst
