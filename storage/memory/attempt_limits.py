"""In-memory attempt limits of one process. Bounded; they do not raise `Unavailable`.

Sets of known members do not expire.
"""

import time
from collections.abc import Callable, Sequence
from typing import Final

from storage.contracts.attempt_limits import AttemptLimit

KEYS_MAX: Final = 50_000
"""Limits, and sets, that are kept. Those whose last change is oldest are dropped first."""


class MemoryAttemptLimits:
    """Implements `storage.contracts.attempt_limits.AttemptLimits`, as the Redis scripts do."""

    def __init__(self, clock: Callable[[], float] = time.monotonic, max_keys: int = KEYS_MAX) -> None:
        self._clock = clock
        self._max_keys = max_keys
        self._full_at: dict[str, float] = {}
        self._known: dict[str, dict[str, None]] = {}

    async def take(self, limits: Sequence[AttemptLimit]) -> int:
        now = self._now_ms()
        waits = [
            self._full_at.get(limit.key, now) - now - limit.interval_ms * (limit.burst - 1)
            for limit in limits
        ]
        wait_ms = max(waits, default=0.0)
        if wait_ms > 0:
            return max(1, round(wait_ms))
        for limit in limits:
            self._set(limit.key, max(now, self._full_at.get(limit.key, now)) + limit.interval_ms)
        return 0

    async def refund(self, limits: Sequence[AttemptLimit]) -> None:
        for limit in limits:
            if limit.key in self._full_at:
                self._set(limit.key, self._full_at[limit.key] - limit.interval_ms)

    async def add_known(self, key: str, member: str, max_members: int, lifetime_s: int) -> None:  # noqa: ARG002 - the bound on keys replaces the lifetime
        members = self._known.pop(key, {})
        members.pop(member, None)
        members[member] = None
        while len(members) > max_members:
            del members[next(iter(members))]
        self._known[key] = members
        while len(self._known) > self._max_keys:
            del self._known[next(iter(self._known))]

    async def is_known(self, key: str, member: str) -> bool:
        return member in self._known.get(key, ())

    def __len__(self) -> int:
        return len(self._full_at)

    def _set(self, key: str, full_at: float) -> None:
        self._full_at.pop(key, None)
        if full_at <= self._now_ms():
            return
        self._full_at[key] = full_at
        while len(self._full_at) > self._max_keys:
            del self._full_at[next(iter(self._full_at))]

    def _now_ms(self) -> float:
        return self._clock() * 1000
