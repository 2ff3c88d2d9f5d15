"""People as one service shows them: from its own copies, and from their owner where a copy is missing.

A missing copy is not absence: the owner is asked before anybody gets `user.not_found`, and the copy is
filled. It never shows a name newer than the owner's.
"""

from collections.abc import Iterable, Sequence
from typing import Protocol

from actors.protocol.errors import ApiError
from actors.protocol.objects import UserCard
from storage.contracts.user_cache import UserCache, UserCardRecord, UserSnapshot

DELETED_USERNAME = "deleted"


class UserSource(Protocol):
    """The User service's read API."""

    async def find(self, ids: Sequence[str]) -> list[UserSnapshot]: ...


class UserCards:
    def __init__(self, user_cache: UserCache, user_source: UserSource) -> None:
        self._user_cache = user_cache
        self._user_source = user_source

    async def find(self, ids: Sequence[str]) -> dict[str, UserCard]:
        """Cards of those of the ids that exist."""
        found = {copy.id: copy for copy in await self._user_cache.find(ids)}
        missing = [one for one in dict.fromkeys(ids) if one not in found]
        found.update(await self._fetch_missing(missing))
        return {one.id: card_from_snapshot(one) for one in found.values() if not one.deleted}

    async def get(self, user_id: str) -> UserCard:
        """Raises `user.not_found`."""
        card = (await self.find([user_id])).get(user_id)
        if card is None:
            raise ApiError("user.not_found", "No such user.")
        return card

    async def for_records(self, records: Iterable[UserCardRecord]) -> dict[str, UserCard]:
        """A card for everybody who stands in those rows, by id."""
        cards: dict[str, UserCard] = {}
        missing: list[str] = []
        for record in records:
            if record.is_cached:
                cards[record.id] = card_from_record(record)
            else:
                missing.append(record.id)
        if missing:
            fetched = await self._fetch_missing(missing)
            for user_id in missing:
                copy = fetched.get(user_id)
                cards[user_id] = deleted_user_card(user_id) if copy is None else card_from_snapshot(copy)
        return cards

    async def _fetch_missing(self, ids: Sequence[str]) -> dict[str, UserSnapshot]:
        if not ids:
            return {}
        fetched = await self._user_source.find(list(dict.fromkeys(ids)))
        if fetched:
            await self._user_cache.apply(fetched, None)
        return {copy.id: copy for copy in fetched}


def card_from_snapshot(snapshot: UserSnapshot) -> UserCard:
    if snapshot.deleted:
        return deleted_user_card(snapshot.id)
    return UserCard(
        snapshot.id, snapshot.username, snapshot.display_name, snapshot.avatar_url, snapshot.verified
    )


def card_from_record(record: UserCardRecord) -> UserCard:
    if record.deleted:
        return deleted_user_card(record.id)
    return UserCard(record.id, record.username, record.display_name, record.avatar_url, record.verified)


def deleted_user_card(user_id: str) -> UserCard:
    """Says only that there was somebody."""
    return UserCard(user_id, DELETED_USERNAME, None, None, verified=False)
