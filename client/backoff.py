"""How long to wait before trying again: exponential, with full jitter.

The whole delay is left to chance, so that many clients that lost one server do not come back together.
It never waits itself.
"""

import math
from collections.abc import Callable


class Backoff:
    """`chance` gives a number from 0 to 1; the first delay is at most `base_s`, none is above `cap_s`."""

    __slots__ = ("_base_s", "_cap_s", "_failures", "_jitter")

    def __init__(self, base_s: float, cap_s: float, jitter: Callable[[], float]) -> None:
        self._base_s = base_s
        self._cap_s = cap_s
        self._jitter = jitter
        self._failures = 0

    def delay_s(self, retry_after_ms: int | None = None) -> float:
        """The next delay: longer on average each time, or what the server asked for.

        On top of that comes a little chance, for there may be many who were told the same.
        """
        if retry_after_ms:
            return retry_after_ms / 1000 + self._base_s * self._jitter()
        bound_s = min(self._cap_s, math.ldexp(self._base_s, min(self._failures, 32)))
        self._failures += 1
        return bound_s * self._jitter()

    def reset(self) -> None:
        """It went well: the next failure is the first again."""
        self._failures = 0
