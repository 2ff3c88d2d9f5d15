"""Between whom there is a block: asked by everything that shows somebody's things to somebody else.

What is asked is answered from the Social service's store, gathered per tick, never from memory; only
`apart_lately` remembers, for the way of a message, and no longer than copies may be old.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet

from actors.data_loader import DataLoader
from actors.protocol.errors import ApiError
from storage.contracts.social import SocialStore

CACHED_PAIRS_MAX = 50_000


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

    async def list_blocked_users(self, user_id: str) -> Sequence[str]:
        """Everybody between whom and that user there is a block."""
        return await self._loader.get(user_id) or ()

    async def find_blocked_pairs(self, pairs: Sequence[tuple[str, str]]) -> AbstractSet[tuple[str, str]]:
        """Those of the pairs between whom there is a block; one look-up for all."""
        hidden = await self._loader.get_many({one for one, _ in pairs})
        return {(one, other) for one, other in pairs if other in hidden.get(one, ())}

    async def is_blocked(self, user_id: str, other_id: str) -> bool:
        """Whether there is a block between the two."""
        return user_id != other_id and other_id in await self.list_blocked_users(user_id)

    async def require_visible(self, viewer_id: str, owner_id: str, code: str, detail: str) -> None:
        """Refuse with that code where there is a block: what one may not see does not exist."""
        if await self.is_blocked(viewer_id, owner_id):
            raise ApiError(code, detail)

    def cached_is_blocked(self, user_id: str, other_id: str) -> bool | None:
        """What is remembered of the two; None when they have to be asked for."""
        known = self._cache.get(_cache_key(user_id, other_id))
        if known is None or known[0] <= self._clock():
            return None
        return known[1]

    async def load_is_blocked(self, user_id: str, other_id: str) -> bool:
        """Ask, and remember for a moment."""
        pair = _cache_key(user_id, other_id)
        until = self._clock() + self._cache_ttl_s
        forgotten = self._invalidation_count
        apart = await self.is_blocked(user_id, other_id)
        if forgotten != self._invalidation_count:
            # Something changed while this was asked: the answer may be the old one.
            return apart
        self._cache.pop(pair, None)
        if len(self._cache) >= CACHED_PAIRS_MAX:
            del self._cache[next(iter(self._cache))]
        self._cache[pair] = (until, apart)
        return apart

    def invalidate(self, user_id: str, other_id: str) -> None:
        """Something has changed between the two."""
        self._invalidation_count += 1
        self._cache.pop(_cache_key(user_id, other_id), None)

    async def close(self) -> None:
        await self._loader.close()

    async def _load_blocks(self, user_ids: Sequence[str]) -> Mapping[str, Sequence[str]]:
        return await self._store.blocks(user_ids)


def _cache_key(user_id: str, other_id: str) -> tuple[str, str]:
    return (user_id, other_id) if user_id < other_id else (other_id, user_id)
