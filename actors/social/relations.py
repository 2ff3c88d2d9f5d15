"""Between whom there is a block: asked by everything that shows somebody's things to somebody else.

What is asked is answered from the Social service's store, gathered per tick, never from memory; only
`apart_lately` remembers, for the way of a message, and no longer than copies may be old.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet

from actors.accounts.lookups import Lookups
from actors.protocol.errors import ApiError
from storage.contracts.social import SocialStore

REMEMBERED_PAIRS = 50_000


class Relations:
    def __init__(
        self, store: SocialStore, remembered_s: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._store = store
        self._lookups: Lookups[Sequence[str]] = Lookups(self._load)
        self._remembered_s = remembered_s
        self._clock = clock
        self._pairs: dict[tuple[str, str], tuple[float, bool]] = {}
        self._forgotten = 0

    async def hidden(self, user_id: str) -> Sequence[str]:
        """Everybody between whom and that user there is a block."""
        return await self._lookups.get(user_id) or ()

    async def parted(self, pairs: Sequence[tuple[str, str]]) -> AbstractSet[tuple[str, str]]:
        """Those of the pairs between whom there is a block; one look-up for all."""
        hidden = await self._lookups.get_many({one for one, _ in pairs})
        return {(one, other) for one, other in pairs if other in hidden.get(one, ())}

    async def apart(self, one: str, other: str) -> bool:
        """Whether there is a block between the two."""
        return one != other and other in await self.hidden(one)

    async def need_sight(self, viewer_id: str, owner_id: str, code: str, detail: str) -> None:
        """Refuse with that code where there is a block: what one may not see does not exist."""
        if await self.apart(viewer_id, owner_id):
            raise ApiError(code, detail)

    def cached_is_blocked(self, user_id: str, other_id: str) -> bool | None:
        """What is remembered of the two; None when they have to be asked for."""
        known = self._pairs.get(_pair(user_id, other_id))
        if known is None or known[0] <= self._clock():
            return None
        return known[1]

    async def load_is_blocked(self, user_id: str, other_id: str) -> bool:
        """Ask, and remember for a moment."""
        pair = _pair(user_id, other_id)
        until = self._clock() + self._remembered_s
        forgotten = self._forgotten
        apart = await self.apart(user_id, other_id)
        if forgotten != self._forgotten:
            # Something changed while this was asked: the answer may be the old one.
            return apart
        self._pairs.pop(pair, None)
        if len(self._pairs) >= REMEMBERED_PAIRS:
            del self._pairs[next(iter(self._pairs))]
        self._pairs[pair] = (until, apart)
        return apart

    def forget(self, one: str, other: str) -> None:
        """Something has changed between the two."""
        self._forgotten += 1
        self._pairs.pop(_pair(one, other), None)

    async def close(self) -> None:
        await self._lookups.close()

    async def _load(self, user_ids: Sequence[str]) -> Mapping[str, Sequence[str]]:
        return await self._store.blocks(user_ids)


def _pair(one: str, other: str) -> tuple[str, str]:
    return (one, other) if one < other else (other, one)
