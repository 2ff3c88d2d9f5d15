"""A bounded table of token buckets, one per key.

A full table evicts the least recently used bucket; its key starts with a full one next time. No timers:
a bucket is refilled from the clock when it is used.
"""

import math
import time
from collections.abc import Callable

import msgspec


class RateLimit(msgspec.Struct, frozen=True):
    """`per_s` tokens a second, accumulated up to `burst`."""

    per_s: float
    burst: int


class RateDecision(msgspec.Struct, frozen=True):
    """Result of taking a token. The bucket is full again in `reset_s` seconds."""

    allowed: bool
    limit: int
    remaining: int
    reset_s: int
    retry_after_ms: int | None


class _Bucket:
    __slots__ = ("tokens", "updated_at")

    def __init__(self, tokens: float, updated_at: float) -> None:
        self.tokens = tokens
        self.updated_at = updated_at


class TokenBucketTable:
    """Token buckets of one rate limit, by key; at most `max_entries`."""

    __slots__ = ("_buckets", "_clock", "_max_entries", "_rate_limit")

    def __init__(
        self, rate_limit: RateLimit, max_entries: int, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._rate_limit = rate_limit
        self._max_entries = max_entries
        self._clock = clock
        self._buckets: dict[str, _Bucket] = {}

    def consume(self, key: str) -> RateDecision:
        """Take one token of the key's bucket, or return when there will be one."""
        now = self._clock()
        budget = self._rate_limit
        bucket = self._buckets.pop(key, None)
        if bucket is None:
            if len(self._buckets) >= self._max_entries:
                del self._buckets[next(iter(self._buckets))]
            bucket = _Bucket(budget.burst, now)
        # Reinserted at the end: the first entry is the least recently used.
        self._buckets[key] = bucket
        bucket.tokens = min(budget.burst, bucket.tokens + (now - bucket.updated_at) * budget.per_s)
        bucket.updated_at = now
        granted = bucket.tokens >= 1
        if granted:
            bucket.tokens -= 1
        return RateDecision(
            allowed=granted,
            limit=budget.burst,
            remaining=int(bucket.tokens),
            reset_s=math.ceil((budget.burst - bucket.tokens) / budget.per_s),
            retry_after_ms=None if granted else math.ceil((1 - bucket.tokens) / budget.per_s * 1000),
        )

    def __len__(self) -> int:
        return len(self._buckets)
