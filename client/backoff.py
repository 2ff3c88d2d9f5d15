"""Exponential backoff with full jitter.

The whole delay is random, so that clients that lost the same server do not all reconnect at once.
"""

import math
from collections.abc import Callable


class Backoff:
    """Computes delays; the caller sleeps.

    `jitter` returns a number from 0 to 1. The bound starts at `base_s`, doubles with each failure and is
    capped at `cap_s`.
    """

    __slots__ = ("_base_s", "_cap_s", "_failures", "_jitter")

    def __init__(self, base_s: float, cap_s: float, jitter: Callable[[], float]) -> None:
        self._base_s = base_s
        self._cap_s = cap_s
        self._jitter = jitter
        self._failures = 0

    def delay_s(self, retry_after_ms: int | None = None) -> float:
        """Return the next delay and count a failure.

        With `retry_after_ms` the delay is that time plus up to `base_s`, because other clients may have
        been given the same time, and no failure is counted.
        """
        if retry_after_ms:
            return retry_after_ms / 1000 + self._base_s * self._jitter()
        bound_s = min(self._cap_s, math.ldexp(self._base_s, min(self._failures, 32)))
        self._failures += 1
        return bound_s * self._jitter()

    def reset(self) -> None:
        """Forget the failures counted so far."""
        self._failures = 0


class RetryBudget:
    """Bounds the retries of all requests of a client: `burst` at once, then `per_s` a second.

    So a client with many unanswered requests does not add its retries to the load of a server that is
    overloaded (generic cell rate algorithm, ITU-T I.371).
    """

    __slots__ = ("_burst_s", "_clock", "_interval_s", "_next_at")

    def __init__(self, per_s: float, burst: int, clock: Callable[[], float]) -> None:
        self._interval_s = 1 / per_s
        self._burst_s = burst / per_s
        self._clock = clock
        self._next_at = 0.0

    def delay_s(self) -> float:
        """Reserve a retry. Return the time until it may be made."""
        now = self._clock()
        self._next_at = max(self._next_at, now - self._burst_s) + self._interval_s
        return max(0.0, self._next_at - now)
