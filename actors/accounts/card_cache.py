"""Short-lived cache of user cards, loaded in one batch per loop tick.

A card is at most `CARD_CACHE_S` old. A user's own profile is always read from the store instead.
"""

import time
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence

from actors.data_loader import DataLoader
from actors.protocol.objects import UserCard
from config.accounts import CARD_CACHE_ENTRIES, CARD_CACHE_S

LoadUserCards = Callable[[Sequence[str]], Awaitable[Mapping[str, UserCard]]]


class CardCache:
    """Cards by user id, bounded in number and age."""

    __slots__ = ("_cache", "_clock", "_invalidation_count", "_loader")

    def __init__(self, load: LoadUserCards, clock: Callable[[], float] = time.monotonic) -> None:
        self._loader = DataLoader(load)
        self._clock = clock
        self._cache: dict[str, tuple[float, UserCard]] = {}
        self._invalidation_count = 0

    async def get(self, user_ids: Iterable[str]) -> dict[str, UserCard]:
        """Return the cards of users that exist. Raises what `load` raises, or `server.overloaded`."""
        now = self._clock()
        cards: dict[str, UserCard] = {}
        missing: list[str] = []
        for user_id in dict.fromkeys(user_ids):
            entry = self._cache.get(user_id)
            if entry is not None and entry[0] > now:
                cards[user_id] = entry[1]
            else:
                missing.append(user_id)
        if missing:
            count_before = self._invalidation_count
            loaded = await self._loader.get_many(missing)
            if count_before == self._invalidation_count:
                self._store(loaded, now + CARD_CACHE_S)
            cards.update(loaded)
        return cards

    def invalidate(self, user_id: str) -> None:
        """Drop a user's card. Results of loads in progress are not cached either."""
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
