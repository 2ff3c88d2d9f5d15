"""Limits how often a user adds or invites others, and how often a user is added or invited.

Token buckets of this instance, in bounded tables. An addition of several users takes all of its tokens, or
none.
"""

import math
import time
from collections.abc import Callable, Sequence

from actors.protocol.errors import ApiError
from config.limits import Limits

BUCKETS_MAX = 20_000


class AdditionLimiter:
    def __init__(self, limits: Limits, clock: Callable[[], float] = time.monotonic) -> None:
        self._by_actor = _Buckets(limits.additions_per_s, limits.additions_burst, clock)
        self._by_recipient = _Buckets(
            limits.additions_per_recipient_per_s, limits.additions_per_recipient_burst, clock
        )

    def consume(self, actor_id: str, user_ids: Sequence[str]) -> None:
        """Take a token of the actor for each user, and one of each user.

        Raises:
            ApiError: rate.limited, with the time until there will be enough.
        """
        others = [user_id for user_id in dict.fromkeys(user_ids) if user_id != actor_id]
        if not others:
            return
        wait_s = max(
            self._by_actor.wait_s(actor_id, len(others)),
            *(self._by_recipient.wait_s(user_id, 1) for user_id in others),
        )
        if wait_s > 0:
            raise ApiError(
                "rate.limited",
                "Too many users were added or invited; retry after `retry_after_ms`.",
                retry_after_ms=math.ceil(wait_s * 1000),
            )
        self._by_actor.take(actor_id, len(others))
        for user_id in others:
            self._by_recipient.take(user_id, 1)


class _Buckets:
    """Token buckets by key: (tokens, when they were counted). The least recently used gives way."""

    __slots__ = ("_buckets", "_burst", "_clock", "_per_s")

    def __init__(self, per_s: float, burst: float, clock: Callable[[], float]) -> None:
        self._per_s = per_s
        self._burst = burst
        self._clock = clock
        self._buckets: dict[str, tuple[float, float]] = {}

    def wait_s(self, key: str, count: int) -> float:
        """Return when the bucket will have `count` tokens, at most a full bucket; 0 if it has them."""
        return max(0.0, (min(count, self._burst) - self._tokens(key)) / self._per_s)

    def take(self, key: str, count: int) -> None:
        tokens = self._tokens(key)
        self._buckets.pop(key, None)
        if len(self._buckets) >= BUCKETS_MAX:
            del self._buckets[next(iter(self._buckets))]
        self._buckets[key] = (tokens - min(count, self._burst), self._clock())

    def _tokens(self, key: str) -> float:
        tokens, counted_at = self._buckets.get(key, (self._burst, 0.0))
        return min(self._burst, tokens + (self._clock() - counted_at) * self._per_s)
