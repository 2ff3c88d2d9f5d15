"""How many new sockets are let in: so many a second, and a second's worth at once after a silence.

Whoever is turned away is told a moment of their own to come back at, one behind the other: a crowd that lost
its server comes in as it was told, not all at once again. It never looks at who comes.
"""

import math
import time
from collections.abc import Callable
from typing import Final

from actors.runtime.token_bucket import TokenBucket

RETRY_AFTER_MAX_S: Final = 30.0


class AdmissionLimiter:
    __slots__ = ("_clock", "_next_slot", "_per_s", "_token_bucket")

    def __init__(self, per_s: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._token_bucket = TokenBucket(per_s, per_s, clock)
        self._clock = clock
        self._per_s = per_s
        self._next_slot = clock()

    def admit_or_wait_ms(self) -> int:
        """0: come in. Else in how many ms there will be room for this one."""
        if self._token_bucket.consume() == 0:
            return 0
        now = self._clock()
        self._next_slot = min(max(self._next_slot, now) + 1.0 / self._per_s, now + RETRY_AFTER_MAX_S)
        return math.ceil((self._next_slot - now) * 1000)
