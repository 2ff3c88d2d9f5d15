"""People as a service shows them: from its copies, and from their owner where a copy is missing."""

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
    """The User service, as asked through a line that may break; counts the questions."""

    def __init__(self, houses: UserCacheSetup) -> None:
        self._owner = houses.user_snapshots
        self.calls: list[list[str]] = []
        self.unavailable = False

    async def find(self, ids: Sequence[str]) -> list[UserSnapshot]:
        self.calls.append(list(ids))
        if self.unavailable:
            raise Unavailable
        return await self._owner.find(ids)


@pytest.fixture
def owner(houses: UserCacheSetup) -> RecordingUserSource:
    return RecordingUserSource(houses)


@pytest.fixture
def people(houses: UserCacheSetup, owner: RecordingUserSource) -> UserCards:
    return UserCards(houses.user_cache, owner)


async def test_cache_miss_is_fetched_and_cached(
    houses: UserCacheSetup, people: UserCards, owner: RecordingUserSource
) -> None:
    """Nobody has told of her yet: the owner is asked, once, and the copy filled."""
    ana = await houses.register_user("Ana")
    card = UserCard(ana.id, ana.username, "Ana", None, verified=False)

    assert await people.get(ana.id) == card
    assert await people.find([ana.id, ana.id]) == {ana.id: card}
    assert owner.calls == [[ana.id]]
    assert [one.username for one in await houses.user_cache.find([ana.id])] == [ana.username]


async def test_only_missing_users_are_fetched(
    houses: UserCacheSetup, people: UserCards, owner: RecordingUserSource
) -> None:
    """In one question, each once; who does not exist is left out."""
    ana, ben, cyd = [await houses.register_user() for _ in range(3)]
    await people.get(ana.id)
    known = await people.find([ana.id, ben.id, UNKNOWN_USER_ID, cyd.id, ben.id])

    assert set(known) == {ana.id, ben.id, cyd.id}
    assert owner.calls == [[ana.id], [ben.id, UNKNOWN_USER_ID, cyd.id]]


async def test_unknown_user_is_not_found(people: UserCards) -> None:
    """Neither here nor at the owner; nor is an id that is none."""
    for one in (UNKNOWN_USER_ID, "not-an-id"):
        with pytest.raises(ApiError) as refused:
            await people.get(one)
        assert (refused.value.code, refused.value.status) == ("user.not_found", 404)


async def test_deleted_user_is_not_found(
    houses: UserCacheSetup, people: UserCards, owner: RecordingUserSource
) -> None:
    """A mark is here that says so: nobody is asked, and lists show only that there was somebody."""
    ana = await houses.register_user("Ana")
    await people.get(ana.id)
    await houses.user_snapshots.delete(ana.id)
    gone = UserSnapshot(ana.id, "deleted", None, None, verified=False, version=2, deleted=True)
    await houses.user_cache.apply([gone], None)
    owner.calls.clear()

    with pytest.raises(ApiError) as refused:
        await people.get(ana.id)
    assert refused.value.code == "user.not_found"
    assert await people.find([ana.id]) == {}
    shown = await people.for_records([UserCardRecord(ana.id, "deleted", is_cached=True, deleted=True)])
    assert shown == {ana.id: UserCard(ana.id, DELETED_USERNAME, None, None, verified=False)}
    assert owner.calls == []


async def test_late_fetch_does_not_restore_a_deleted_user(houses: UserCacheSetup) -> None:
    """The owner was asked before, the mark came meanwhile: it stays."""
    ana = await houses.register_user("Ana")

    class Slow(RecordingUserSource):
        async def find(self, ids: Sequence[str]) -> list[UserSnapshot]:
            found = await super().find(ids)
            await houses.user_cache.apply(
                [UserSnapshot(ana.id, "deleted", None, None, verified=False, version=2, deleted=True)], None
            )
            return found

    await UserCards(houses.user_cache, Slow(houses)).find([ana.id])
    (copy,) = await houses.user_cache.find([ana.id])

    assert copy.deleted


async def test_cards_for_records(
    houses: UserCacheSetup, people: UserCards, owner: RecordingUserSource
) -> None:
    """Known ones cost nothing; unknown ones are asked for together; the strange are as good as deleted."""
    ana = await houses.register_user("Ana")
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
    houses: UserCacheSetup, people: UserCards, owner: RecordingUserSource
) -> None:
    """Only for whom no copy is here there is no answer now: that is no 404."""
    ana, ben = await houses.register_user("Ana"), await houses.register_user("Ben")
    await people.get(ana.id)
    owner.unavailable = True

    assert (await people.get(ana.id)).display_name == "Ana"
    with pytest.raises(Unavailable):
        await people.get(ben.id)


async def test_cached_card_changes_only_with_the_cache(
    houses: UserCacheSetup, people: UserCards, owner: RecordingUserSource
) -> None:
    """It shows the old name until it is told of the new one, and asks nobody."""
    ana = await houses.register_user("Ana")
    await people.get(ana.id)
    await houses.user_store.change(ana.id, ProfileChange(display_name="Anna"))

    assert (await people.get(ana.id)).display_name == "Ana"
    await houses.user_cache.apply(await houses.user_snapshots.find([ana.id]), None)
    assert (await people.get(ana.id)).display_name == "Anna"
    assert len(owner.calls) == 1
