"""Limits on attempts that all instances count together, and the networks known from earlier successes."""

from collections.abc import Sequence
from typing import Protocol

import msgspec


class AttemptLimit(msgspec.Struct, frozen=True):
    """`burst` attempts at once, and one more every `interval_ms`. `key` names what is counted."""

    key: str
    interval_ms: int
    burst: int


class AttemptLimits(Protocol):
    """Counts attempts per key. Keys expire by themselves when their budget is full again.

    If the store loses its data, counting starts again.
    All methods raise `Unavailable`.
    """

    async def take(self, limits: Sequence[AttemptLimit]) -> int:
        """Take one attempt of every limit, or of none. Atomic.

        Returns:
            0, or the milliseconds after which all of them have one.
        """

    async def refund(self, limits: Sequence[AttemptLimit]) -> None:
        """Give back one attempt of every limit, up to `burst`."""

    async def add_known(self, key: str, member: str, max_members: int, lifetime_s: int) -> None:
        """Add a member to the set `key`. The oldest beyond `max_members` are dropped.

        The set expires `lifetime_s` after the last addition.
        """

    async def is_known(self, key: str, member: str) -> bool:
        """Return whether the set `key` has the member."""
