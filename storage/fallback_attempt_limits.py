"""Attempt limits that count in this process while the shared store is away."""

from collections.abc import Sequence

from storage.contracts.attempt_limits import AttemptLimit, AttemptLimits
from storage.errors import Unavailable


class FallbackAttemptLimits:
    """Implements `storage.contracts.attempt_limits.AttemptLimits`; never raises `Unavailable`.

    While the shared store is away, every instance counts for itself from full budgets: N instances then allow
    N times the attempts. What is remembered is kept in both, so an instance still knows what it has seen.
    """

    def __init__(self, shared: AttemptLimits, local: AttemptLimits) -> None:
        self._shared = shared
        self._local = local

    async def take(self, limits: Sequence[AttemptLimit]) -> int:
        try:
            return await self._shared.take(limits)
        except Unavailable:
            return await self._local.take(limits)

    async def refund(self, limits: Sequence[AttemptLimit]) -> None:
        try:
            await self._shared.refund(limits)
        except Unavailable:
            await self._local.refund(limits)

    async def add_known(self, key: str, member: str, max_members: int, lifetime_s: int) -> None:
        await self._local.add_known(key, member, max_members, lifetime_s)
        try:
            await self._shared.add_known(key, member, max_members, lifetime_s)
        except Unavailable:
            return

    async def is_known(self, key: str, member: str) -> bool:
        try:
            return await self._shared.is_known(key, member)
        except Unavailable:
            return await self._local.is_known(key, member)
