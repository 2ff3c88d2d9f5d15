"""Cards of people, for everything that shows a name: gathered per tick, remembered for a moment.

A card may be as old as the contract lets copies be, and no older. Never the source for a person's own
profile, which is always read afresh.
"""

import time
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence

from actors.data_loader import DataLoader
from actors.protocol.objects import UserCard
from config.accounts import CARD_CACHE_ENTRIES, CARD_CACHE_S

LoadUserCards = Callable[[Sequence[str]], Awaitable[Mapping[str, UserCard]]]


class CardCache:
    """Cards by user id; bounded in number and age."""

    __slots__ = ("_cache", "_clock", "_invalidation_count", "_loader")

    def __init__(self, load: LoadUserCards, clock: Callable[[], float] = time.monotonic) -> None:
        self._loader = DataLoader(load)
        self._clock = clock
        self._cache: dict[str, tuple[float, UserCard]] = {}
        self._invalidation_count = 0

    async def get(self, user_ids: Iterable[str]) -> dict[str, UserCard]:
        """Find the cards of those who exist. Raises what the load raised, or `server.overloaded`."""
        now = self._clock()
        found: dict[str, UserCard] = {}
        missing: list[str] = []
        for user_id in dict.fromkeys(user_ids):
            kept = self._cache.get(user_id)
            if kept is not None and kept[0] > now:
                found[user_id] = kept[1]
            else:
                missing.append(user_id)
        if missing:
            forgotten = self._invalidation_count
            loaded = await self._loader.get_many(missing)
            if forgotten == self._invalidation_count:
                self._store(loaded, now + CARD_CACHE_S)
            found.update(loaded)
        return found

    def invalidate(self, user_id: str) -> None:
        """Load that user's card anew when it is next asked for; keep no load that is under way."""
        self._cache.pop(user_id, None)
        self._invalidation_count += 1

    async def close(self) -> None:
        await self._loader.close()

    def _store(self, cards: Mapping[str, UserCard], expires_at: float) -> None:
        for user_id, card in cards.items():
            self._cache.pop(user_id, None)
            if len(self._cache) >= CARD_CACHE_ENTRIES:
                del self._cache[next(iter(self._cache))]
            self._cache[user_id] = (expires_at, card)
