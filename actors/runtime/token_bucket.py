"""A token bucket rate limiter. Its methods do not wait."""

import math
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

    def consume(self, cost: float = 1.0) -> int:
        """Take `cost` tokens. Returns 0, or the milliseconds until that many are available.

        A cost above the burst takes a full bucket.
        """
        now = self._clock()
        tokens = self._tokens + (now - self._refilled_at) * self._per_s
        if tokens > self._burst:  # noqa: PLR1730 - min() takes longer, and this runs for every frame
            tokens = self._burst
        self._refilled_at = now
        if cost > self._burst:  # noqa: PLR1730
            cost = self._burst
        if tokens >= cost:
            self._tokens = tokens - cost
            return 0
        self._tokens = tokens
        return max(1, math.ceil((cost - tokens) / self._per_s * 1000))

    @property
    def full(self) -> bool:
        """Whether the bucket is filled to its burst."""
        return self._tokens + (self._clock() - self._refilled_at) * self._per_s >= self._burst

    @property
    def tokens(self) -> float:
        """Tokens left after the last `consume`."""
        return self._tokens
