"""User cards: read from the cache, loaded from the User service on a miss."""

import uuid
from collections.abc import Sequence

import pytest

from actors.protocol.errors import ApiError
from actors.protocol.objects import UserCard
from actors.user_cache.user_cards import DELETED_USERNAME, UserCards
from storage.contracts.user_cache import UserCardRecord, UserSnapshot
from storage.contracts.users import ProfileChange
from storage.errors import Unavailable
from tests.actors.user_cache.conftest import UserCacheSetup

UNKNOWN_USER_ID = str(uuid.uuid4())


class RecordingUserSource:
    """The User service with a recorded, breakable read API."""

    def __init__(self, setup: UserCacheSetup) -> None:
        self._owner = setup.user_snapshots
        self.calls: list[list[str]] = []
        self.unavailable = False

    async def find(self, ids: Sequence[str]) -> list[UserSnapshot]:
        self.calls.append(list(ids))
        if self.unavailable:
            raise Unavailable
        return await self._owner.find(ids)


@pytest.fixture
def owner(setup: UserCacheSetup) -> RecordingUserSource:
    return RecordingUserSource(setup)


@pytest.fixture
def people(setup: UserCacheSetup, owner: RecordingUserSource) -> UserCards:
    return UserCards(setup.user_cache, owner)


async def test_cache_miss_is_fetched_and_cached(
    setup: UserCacheSetup, people: UserCards, owner: RecordingUserSource
) -> None:
    """A miss is fetched once and then cached."""
    ana = await setup.register_user("Ana")
    card = UserCard(ana.id, ana.username, "Ana", None, verified=False)

    assert await people.get(ana.id) == card
    assert await people.find([ana.id, ana.id]) == {ana.id: card}
    assert owner.calls == [[ana.id]]
    assert [snapshot.username for snapshot in await setup.user_cache.find([ana.id])] == [ana.username]


async def test_only_missing_users_are_fetched(
    setup: UserCacheSetup, people: UserCards, owner: RecordingUserSource
) -> None:
    """Misses are fetched in one call without duplicates; unknown users are absent."""
    ana, ben, cyd = [await setup.register_user() for _ in range(3)]
    await people.get(ana.id)
    known = await people.find([ana.id, ben.id, UNKNOWN_USER_ID, cyd.id, ben.id])

    assert set(known) == {ana.id, ben.id, cyd.id}
    assert owner.calls == [[ana.id], [ben.id, UNKNOWN_USER_ID, cyd.id]]


async def test_unknown_user_is_not_found(people: UserCards) -> None:
    """An unknown or malformed id raises `user.not_found`."""
    for user_id in (UNKNOWN_USER_ID, "not-an-id"):
        with pytest.raises(ApiError) as refused:
            await people.get(user_id)
        assert (refused.value.code, refused.value.status) == ("user.not_found", 404)


async def test_deleted_user_is_not_found(
    setup: UserCacheSetup, people: UserCards, owner: RecordingUserSource
) -> None:
    """A tombstone is not fetched; lists show a placeholder."""
    ana = await setup.register_user("Ana")
    await people.get(ana.id)
    await setup.user_snapshots.delete(ana.id)
    gone = UserSnapshot(ana.id, "deleted", None, None, verified=False, version=2, deleted=True)
    await setup.user_cache.apply([gone], None)
    owner.calls.clear()

    with pytest.raises(ApiError) as refused:
        await people.get(ana.id)
    assert refused.value.code == "user.not_found"
    assert await people.find([ana.id]) == {}
    shown = await people.for_records([UserCardRecord(ana.id, "deleted", is_cached=True, deleted=True)])
    assert shown == {ana.id: UserCard(ana.id, DELETED_USERNAME, None, None, verified=False)}
    assert owner.calls == []


async def test_late_fetch_does_not_restore_a_deleted_user(setup: UserCacheSetup) -> None:
    """A fetch that started before the deletion does not replace the tombstone."""
    ana = await setup.register_user("Ana")

    class Slow(RecordingUserSource):
        async def find(self, ids: Sequence[str]) -> list[UserSnapshot]:
            found = await super().find(ids)
            await setup.user_cache.apply(
                [UserSnapshot(ana.id, "deleted", None, None, verified=False, version=2, deleted=True)], None
            )
            return found

    await UserCards(setup.user_cache, Slow(setup)).find([ana.id])
    (copy,) = await setup.user_cache.find([ana.id])

    assert copy.deleted


async def test_cards_for_records(
    setup: UserCacheSetup, people: UserCards, owner: RecordingUserSource
) -> None:
    """Cached users are not fetched, missing ones are fetched together, unknown ones get the placeholder."""
    ana = await setup.register_user("Ana")
    rows = [
        UserCardRecord("ben", "ben", "Ben", None, is_cached=True),
        UserCardRecord(ana.id),
        UserCardRecord(UNKNOWN_USER_ID),
        UserCardRecord(ana.id),
    ]
    shown = await people.for_records(rows)

    assert shown == {
        "ben": UserCard("ben", "ben", "Ben", None, verified=False),
        ana.id: UserCard(ana.id, ana.username, "Ana", None, verified=False),
        UNKNOWN_USER_ID: UserCard(UNKNOWN_USER_ID, DELETED_USERNAME, None, None, verified=False),
    }
    assert owner.calls == [[ana.id, UNKNOWN_USER_ID]]
    assert await people.for_records([]) == {}


async def test_cached_users_are_returned_without_the_user_service(
    setup: UserCacheSetup, people: UserCards, owner: RecordingUserSource
) -> None:
    """If the User service is unavailable, only misses fail, and not with `user.not_found`."""
    ana, ben = await setup.register_user("Ana"), await setup.register_user("Ben")
    await people.get(ana.id)
    owner.unavailable = True

    assert (await people.get(ana.id)).display_name == "Ana"
    with pytest.raises(Unavailable):
        await people.get(ben.id)


async def test_cached_card_changes_only_with_the_cache(
    setup: UserCacheSetup, people: UserCards, owner: RecordingUserSource
) -> None:
    """A cached name changes only when the cache is updated."""
    ana = await setup.register_user("Ana")
    await people.get(ana.id)
    await setup.user_store.change(ana.id, ProfileChange(display_name="Anna"))

    assert (await people.get(ana.id)).display_name == "Ana"
    await setup.user_cache.apply(await setup.user_snapshots.find([ana.id]), None)
    assert (await people.get(ana.id)).display_name == "Anna"
    assert len(owner.calls) == 1
