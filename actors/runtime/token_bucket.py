"""A token bucket rate limiter. Its methods do not wait."""

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
        """Take one token. Returns 0, or the milliseconds until a token is available."""
        now = self._clock()
        self._tokens = min(self._burst, self._tokens + (now - self._refilled_at) * self._per_s)
        self._refilled_at = now
        if self._tokens >= 1.0:
            self._tokens -= 1.0
            return 0
        return max(1, round((1.0 - self._tokens) / self._per_s * 1000))

    @property
    def full(self) -> bool:
        """Whether the bucket is filled to its burst."""
        return self._tokens + (self._clock() - self._refilled_at) * self._per_s >= self._burst
