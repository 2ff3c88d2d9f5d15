"""Token buckets in a bounded table: who asked how much of late.

A full table drops whoever has been silent longest, who then starts afresh. Never waits and never
keeps a timer: a bucket fills by the clock when it is looked at.
"""

import math
import time
from collections.abc import Callable

import msgspec


class Budget(msgspec.Struct, frozen=True):
    """So many a second, and so many at once after a silence."""

    per_s: float
    burst: int


class Grant(msgspec.Struct, frozen=True):
    """Whether it may be done, and what is left. `reset_s` is when the bucket is full again."""

    granted: bool
    limit: int
    remaining: int
    reset_s: int
    retry_after_ms: int | None


class _Bucket:
    __slots__ = ("at", "tokens")

    def __init__(self, tokens: float, at: float) -> None:
        self.tokens = tokens
        self.at = at


class TokenBuckets:
    """One budget, one bucket a key."""

    __slots__ = ("_buckets", "_budget", "_clock", "_entries_max")

    def __init__(self, budget: Budget, entries_max: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._budget = budget
        self._entries_max = entries_max
        self._clock = clock
        self._buckets: dict[str, _Bucket] = {}

    def take(self, key: str) -> Grant:
        """Take one token of the key's bucket, or say when there will be one."""
        now = self._clock()
        budget = self._budget
        bucket = self._buckets.pop(key, None)
        if bucket is None:
            if len(self._buckets) >= self._entries_max:
                del self._buckets[next(iter(self._buckets))]
            bucket = _Bucket(budget.burst, now)
        # Put back at the end: the first of the table is the longest silent.
        self._buckets[key] = bucket
        bucket.tokens = min(budget.burst, bucket.tokens + (now - bucket.at) * budget.per_s)
        bucket.at = now
        granted = bucket.tokens >= 1
        if granted:
            bucket.tokens -= 1
        return Grant(
            granted=granted,
            limit=budget.burst,
            remaining=int(bucket.tokens),
            reset_s=math.ceil((budget.burst - bucket.tokens) / budget.per_s),
            retry_after_ms=None if granted else math.ceil((1 - bucket.tokens) / budget.per_s * 1000),
        )

    def __len__(self) -> int:
        return len(self._buckets)
