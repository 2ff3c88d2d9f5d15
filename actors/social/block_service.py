"""Block lookups, used wherever one user's content is shown to another. A block counts in both directions.

Lookups are batched per loop tick and always read the store. Only `cached_is_blocked` and `load_is_blocked`,
which message sending uses, cache their results. While `BlockComparison` works, it drops the results of newly
blocked pairs, and a result is cached for `COMPARED_TTL_S`; otherwise for `cache_ttl_s`.
"""

import math
import time
from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet

from actors.data_loader import DataLoader
from actors.protocol.errors import ApiError
from storage.contracts.social import SocialStore

CACHED_PAIRS_MAX = 50_000
COMPARED_TTL_S = 30.0
COMPARISON_AGE_MAX = 3
"""Intervals after which a comparison is too old to trust cached results; the interval is `cache_ttl_s`."""


class BlockService:
    def __init__(
        self, store: SocialStore, cache_ttl_s: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._store = store
        self._loader: DataLoader[Sequence[str]] = DataLoader(self._load_blocks)
        self._cache_ttl_s = cache_ttl_s
        self._clock = clock
        self._cache: dict[tuple[str, str], tuple[float, bool]] = {}
        self._invalidation_count = 0
        self.compared_at = -math.inf
        """When the last successful comparison with the store started, by `clock`."""

    async def list_blocked_users(self, user_id: str) -> Sequence[str]:
        """Return the users who blocked the user or are blocked by the user."""
        return await self._loader.get(user_id) or ()

    async def find_blocked_pairs(self, pairs: Sequence[tuple[str, str]]) -> AbstractSet[tuple[str, str]]:
        """Return the pairs with a block in either direction, by a single lookup."""
        blocked_ids = await self._loader.get_many({user_id for user_id, _ in pairs})
        return {
            (user_id, other_id) for user_id, other_id in pairs if other_id in blocked_ids.get(user_id, ())
        }

    async def is_blocked(self, user_id: str, other_id: str) -> bool:
        """Return whether one of the two users blocked the other."""
        return user_id != other_id and other_id in await self.list_blocked_users(user_id)

    async def require_visible(self, viewer_id: str, owner_id: str, code: str, detail: str) -> None:
        """Raise `ApiError(code, detail)` if there is a block: the content does not exist for the viewer."""
        if await self.is_blocked(viewer_id, owner_id):
            raise ApiError(code, detail)

    def cached_is_blocked(self, user_id: str, other_id: str) -> bool | None:
        """Return the cached result; None if it must be loaded."""
        cached = self._cache.get(_cache_key(user_id, other_id))
        if cached is None:
            return None
        loaded_at, is_blocked = cached
        now = self._clock()
        is_compared = now - self.compared_at <= COMPARISON_AGE_MAX * self._cache_ttl_s
        return (
            is_blocked if now - loaded_at < (COMPARED_TTL_S if is_compared else self._cache_ttl_s) else None
        )

    async def load_is_blocked(self, user_id: str, other_id: str) -> bool:
        """Read from the store and cache the result."""
        pair = _cache_key(user_id, other_id)
        loaded_at = self._clock()
        count_before = self._invalidation_count
        is_blocked = await self.is_blocked(user_id, other_id)
        if count_before != self._invalidation_count:
            # A block changed during the lookup, which may have read the old state: do not cache it.
            return is_blocked
        self._cache.pop(pair, None)
        if len(self._cache) >= CACHED_PAIRS_MAX:
            del self._cache[next(iter(self._cache))]
        self._cache[pair] = (loaded_at, is_blocked)
        return is_blocked

    def invalidate(self, user_id: str, other_id: str) -> None:
        """Drop the cached result after a block or unblock."""
        self._invalidation_count += 1
        self._cache.pop(_cache_key(user_id, other_id), None)

    def invalidate_all(self) -> None:
        """Drop all cached results."""
        self._invalidation_count += 1
        self._cache.clear()

    async def close(self) -> None:
        await self._loader.close()

    async def _load_blocks(self, user_ids: Sequence[str]) -> Mapping[str, Sequence[str]]:
        return await self._store.blocks(user_ids)


def _cache_key(user_id: str, other_id: str) -> tuple[str, str]:
    return (user_id, other_id) if user_id < other_id else (other_id, user_id)
