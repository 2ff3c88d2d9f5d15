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
