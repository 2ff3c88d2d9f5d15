"""Cards of people, for everything that shows a name: gathered per tick, remembered for a moment.

A card may be as old as the contract lets copies be, and no older. Never the source for a person's own
profile, which is always read afresh.
"""

import time
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence

from actors.accounts.lookups import Lookups
from actors.protocol.objects import UserCard
from config.accounts import CARD_CACHE_ENTRIES, CARD_CACHE_S

Load = Callable[[Sequence[str]], Awaitable[Mapping[str, UserCard]]]


class CardCache:
    """Cards by user id; bounded in number and age."""

    __slots__ = ("_clock", "_forgotten", "_kept", "_lookups")

    def __init__(self, load: Load, clock: Callable[[], float] = time.monotonic) -> None:
        self._lookups = Lookups(load)
        self._clock = clock
        self._kept: dict[str, tuple[float, UserCard]] = {}
        self._forgotten = 0

    async def get(self, user_ids: Iterable[str]) -> dict[str, UserCard]:
        """Find the cards of those who exist. Raises what the load raised, or `server.overloaded`."""
        now = self._clock()
        found: dict[str, UserCard] = {}
        missing: list[str] = []
        for user_id in dict.fromkeys(user_ids):
            kept = self._kept.get(user_id)
            if kept is not None and kept[0] > now:
                found[user_id] = kept[1]
            else:
                missing.append(user_id)
        if missing:
            forgotten = self._forgotten
            loaded = await self._lookups.get_many(missing)
            if forgotten == self._forgotten:
                self._keep(loaded, now + CARD_CACHE_S)
            found.update(loaded)
        return found

    def forget(self, user_id: str) -> None:
        """Load that user's card anew when it is next asked for; keep no load that is under way."""
        self._kept.pop(user_id, None)
        self._forgotten += 1

    async def close(self) -> None:
        await self._lookups.close()

    def _keep(self, cards: Mapping[str, UserCard], until: float) -> None:
        for user_id, card in cards.items():
            self._kept.pop(user_id, None)
            if len(self._kept) >= CARD_CACHE_ENTRIES:
                del self._kept[next(iter(self._kept))]
            self._kept[user_id] = (until, card)
