"""User cards for the responses of one service: read from its user cache, loaded on a miss.

A cache miss is not proof of absence: the User service is queried before `user.not_found` is raised, and the
cache is filled.
"""

from collections.abc import Iterable, Sequence
from typing import Protocol

from actors.protocol.errors import ApiError
from actors.protocol.objects import UserCard
from storage.contracts.user_cache import UserCache, UserCardRecord, UserSnapshot

DELETED_USERNAME = "deleted"


class UserSource(Protocol):
    """Read API of the User service."""

    async def find(self, ids: Sequence[str]) -> list[UserSnapshot]: ...


class UserCards:
    def __init__(self, user_cache: UserCache, user_source: UserSource) -> None:
        self._user_cache = user_cache
        self._user_source = user_source

    async def find(self, ids: Sequence[str]) -> dict[str, UserCard]:
        """Return the cards of the users that exist, by id."""
        snapshots = {snapshot.id: snapshot for snapshot in await self._user_cache.find(ids)}
        missing = [user_id for user_id in dict.fromkeys(ids) if user_id not in snapshots]
        snapshots.update(await self._fetch_missing(missing))
        return {
            snapshot.id: card_from_snapshot(snapshot)
            for snapshot in snapshots.values()
            if not snapshot.deleted
        }

    async def get(self, user_id: str) -> UserCard:
        """Return one user's card. Raises `user.not_found`."""
        card = (await self.find([user_id])).get(user_id)
        if card is None:
            raise ApiError("user.not_found", "No such user.")
        return card

    async def for_records(self, records: Iterable[UserCardRecord]) -> dict[str, UserCard]:
        """Return a card for every user in the rows, by id; a placeholder for users that no longer exist."""
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
                snapshot = fetched.get(user_id)
                cards[user_id] = (
                    deleted_user_card(user_id) if snapshot is None else card_from_snapshot(snapshot)
                )
        return cards

    async def _fetch_missing(self, ids: Sequence[str]) -> dict[str, UserSnapshot]:
        if not ids:
            return {}
        fetched = await self._user_source.find(list(dict.fromkeys(ids)))
        if fetched:
            await self._user_cache.apply(fetched, None)
        return {snapshot.id: snapshot for snapshot in fetched}


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
    """Placeholder for a deleted user."""
    return UserCard(user_id, DELETED_USERNAME, None, None, verified=False)
