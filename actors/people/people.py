"""People as one service shows them: from its own copies, and from their owner where a copy is missing.

A missing copy is not absence: the owner is asked before anybody gets `user.not_found`, and the copy is
filled. It never shows a name newer than the owner's.
"""

from collections.abc import Iterable, Sequence
from typing import Protocol

from actors.protocol.errors import ApiError
from actors.protocol.objects import UserCard
from storage.contracts.user_cache import UserCache
from storage.records.user_cache import UserCardRecord, UserSnapshot

GONE = "deleted"


class Owner(Protocol):
    """The User service's read API."""

    async def find(self, ids: Sequence[str]) -> list[UserSnapshot]: ...


class People:
    def __init__(self, copies: UserCache, owner: Owner) -> None:
        self._copies = copies
        self._owner = owner

    async def known(self, ids: Sequence[str]) -> dict[str, UserCard]:
        """Cards of those of the ids that exist."""
        found = {copy.id: copy for copy in await self._copies.find(ids)}
        missing = [one for one in dict.fromkeys(ids) if one not in found]
        found.update(await self._fetch(missing))
        return {one.id: card_of_copy(one) for one in found.values() if not one.deleted}

    async def card(self, user_id: str) -> UserCard:
        """Raises `user.not_found`."""
        card = (await self.known([user_id])).get(user_id)
        if card is None:
            raise ApiError("user.not_found", "No such user.")
        return card

    async def shown(self, records: Iterable[UserCardRecord]) -> dict[str, UserCard]:
        """A card for everybody who stands in those rows, by id."""
        cards: dict[str, UserCard] = {}
        missing: list[str] = []
        for record in records:
            if record.is_cached:
                cards[record.id] = card_of_record(record)
            else:
                missing.append(record.id)
        if missing:
            fetched = await self._fetch(missing)
            for user_id in missing:
                copy = fetched.get(user_id)
                cards[user_id] = gone(user_id) if copy is None else card_of_copy(copy)
        return cards

    async def _fetch(self, ids: Sequence[str]) -> dict[str, UserSnapshot]:
        if not ids:
            return {}
        fetched = await self._owner.find(list(dict.fromkeys(ids)))
        if fetched:
            await self._copies.apply(fetched, None)
        return {copy.id: copy for copy in fetched}


def card_of_copy(copy: UserSnapshot) -> UserCard:
    if copy.deleted:
        return gone(copy.id)
    return UserCard(copy.id, copy.username, copy.display_name, copy.avatar_url, copy.verified)


def card_of_record(record: UserCardRecord) -> UserCard:
    if record.deleted:
        return gone(record.id)
    return UserCard(record.id, record.username, record.display_name, record.avatar_url, record.verified)


def gone(user_id: str) -> UserCard:
    """Says only that there was somebody."""
    return UserCard(user_id, GONE, None, None, verified=False)
