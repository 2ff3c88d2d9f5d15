"""Token bucket rate limiters. Their methods do not wait."""

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
        """Take `cost` tokens and return 0.

        If there are fewer, take none and return the milliseconds until there are enough. A cost above the
        burst takes a full bucket.
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

    def charge(self, cost: float) -> None:
        """Take `cost` tokens, also more than there are, down to a debt of one burst.

        For work whose cost is known only after `consume` admitted it: the next calls wait for it.
        """
        now = self._clock()
        tokens = min(self._burst, self._tokens + (now - self._refilled_at) * self._per_s)
        self._refilled_at = now
        self._tokens = max(-self._burst, tokens - cost)

    def wait_ms(self, cost: float) -> int:
        """Return what `consume` would, and take nothing."""
        tokens = min(self._burst, self._tokens + (self._clock() - self._refilled_at) * self._per_s)
        cost = min(self._burst, cost)
        if tokens >= cost:
            return 0
        return max(1, math.ceil((cost - tokens) / self._per_s * 1000))

    @property
    def full(self) -> bool:
        """Whether the bucket is filled to its burst."""
        return self._tokens + (self._clock() - self._refilled_at) * self._per_s >= self._burst

    @property
    def tokens(self) -> float:
        """Tokens left after the last `consume` or `charge`; negative if in debt."""
        return self._tokens


class TokenBuckets:
    """Token buckets of one rate limit, by key; at most `max_entries`.

    A full table evicts the least recently used bucket; its key starts with a full one next time. There are no
    timers: a bucket is refilled from the clock when it is used.
    """

    __slots__ = ("_buckets", "_burst", "_clock", "_max_entries", "_per_s")

    def __init__(
        self, per_s: float, burst: float, max_entries: int, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._per_s = per_s
        self._burst = burst
        self._max_entries = max_entries
        self._clock = clock
        self._buckets: dict[str, TokenBucket] = {}

    def get(self, key: str) -> TokenBucket:
        """Return the key's bucket, which is then the most recently used."""
        bucket = self._buckets.pop(key, None)
        if bucket is None:
            if len(self._buckets) >= self._max_entries:
                del self._buckets[next(iter(self._buckets))]
            bucket = TokenBucket(self._per_s, self._burst, self._clock)
        # Reinserted at the end: the first entry is the least recently used.
        self._buckets[key] = bucket
        return bucket

    def wait_ms(self, key: str, cost: float) -> int:
        """Return what `consume` of the key's bucket would; take nothing, and create no bucket."""
        bucket = self._buckets.get(key)
        return 0 if bucket is None else bucket.wait_ms(cost)

    def __len__(self) -> int:
        return len(self._buckets)
