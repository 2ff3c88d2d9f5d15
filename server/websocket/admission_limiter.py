"""Limits the rate of new websocket connections of an instance.

Rejected clients get staggered retry delays, so that clients that lost their server together reconnect at the
admitted rate and not all at once again.
"""

import math
import time
from collections.abc import Callable
from typing import Final

from actors.runtime.token_bucket import TokenBucket

RETRY_AFTER_MAX_S: Final = 30.0


class AdmissionLimiter:
    """Admits `per_s` connections a second, with a burst of one second's worth."""

    __slots__ = ("_clock", "_next_slot", "_per_s", "_token_bucket")

    def __init__(self, per_s: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._token_bucket = TokenBucket(per_s, per_s, clock)
        self._clock = clock
        self._per_s = per_s
        self._next_slot = clock()

    def admit_or_wait_ms(self) -> int:
        """Return 0 to admit a connection, else the milliseconds after which it should retry.

        Delays grow by one slot per rejection, up to `RETRY_AFTER_MAX_S`.
        """
        if self._token_bucket.consume() == 0:
            return 0
        now = self._clock()
        self._next_slot = min(max(self._next_slot, now) + 1.0 / self._per_s, now + RETRY_AFTER_MAX_S)
        return math.ceil((self._next_slot - now) * 1000)
