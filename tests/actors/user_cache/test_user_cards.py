"""People as a service shows them: from its copies, and from their owner where a copy is missing."""

import uuid
from collections.abc import Sequence

import pytest

from actors.protocol.errors import ApiError
from actors.protocol.objects import UserCard
from actors.user_cache.user_cards import DELETED_USERNAME, UserCards
from storage.errors import Unavailable
from storage.records.user_cache import UserCardRecord, UserSnapshot
from storage.records.users import ProfileChange
from tests.actors.user_cache.conftest import Houses

STRANGER = str(uuid.uuid4())


class Owner:
    """The User service, as asked through a line that may break; counts the questions."""

    def __init__(self, houses: Houses) -> None:
        self._owner = houses.owner
        self.asked: list[list[str]] = []
        self.away = False

    async def find(self, ids: Sequence[str]) -> list[UserSnapshot]:
        self.asked.append(list(ids))
        if self.away:
            raise Unavailable
        return await self._owner.find(ids)


@pytest.fixture
def owner(houses: Houses) -> Owner:
    return Owner(houses)


@pytest.fixture
def people(houses: Houses, owner: Owner) -> UserCards:
    return UserCards(houses.copies, owner)


async def test_a_missing_copy_is_fetched_and_kept(houses: Houses, people: UserCards, owner: Owner) -> None:
    """Nobody has told of her yet: the owner is asked, once, and the copy filled."""
    ana = await houses.somebody("Ana")
    card = UserCard(ana.id, ana.username, "Ana", None, verified=False)

    assert await people.get(ana.id) == card
    assert await people.find([ana.id, ana.id]) == {ana.id: card}
    assert owner.asked == [[ana.id]]
    assert [one.username for one in await houses.copies.find([ana.id])] == [ana.username]


async def test_only_the_missing_are_asked_for(houses: Houses, people: UserCards, owner: Owner) -> None:
    """In one question, each once; who does not exist is left out."""
    ana, ben, cyd = [await houses.somebody() for _ in range(3)]
    await people.get(ana.id)
    known = await people.find([ana.id, ben.id, STRANGER, cyd.id, ben.id])

    assert set(known) == {ana.id, ben.id, cyd.id}
    assert owner.asked == [[ana.id], [ben.id, STRANGER, cyd.id]]


async def test_who_does_not_exist_is_not_found(people: UserCards) -> None:
    """Neither here nor at the owner; nor is an id that is none."""
    for one in (STRANGER, "not-an-id"):
        with pytest.raises(ApiError) as refused:
            await people.get(one)
        assert (refused.value.code, refused.value.status) == ("user.not_found", 404)


async def test_the_deleted_are_not_found(houses: Houses, people: UserCards, owner: Owner) -> None:
    """A mark is here that says so: nobody is asked, and lists show only that there was somebody."""
    ana = await houses.somebody("Ana")
    await people.get(ana.id)
    await houses.owner.delete(ana.id)
    gone = UserSnapshot(ana.id, "deleted", None, None, verified=False, version=2, deleted=True)
    await houses.copies.apply([gone], None)
    owner.asked.clear()

    with pytest.raises(ApiError) as refused:
        await people.get(ana.id)
    assert refused.value.code == "user.not_found"
    assert await people.find([ana.id]) == {}
    shown = await people.for_records([UserCardRecord(ana.id, "deleted", is_cached=True, deleted=True)])
    assert shown == {ana.id: UserCard(ana.id, DELETED_USERNAME, None, None, verified=False)}
    assert owner.asked == []


async def test_the_deleted_are_not_brought_back_by_a_late_answer(houses: Houses) -> None:
    """The owner was asked before, the mark came meanwhile: it stays."""
    ana = await houses.somebody("Ana")

    class Slow(Owner):
        async def find(self, ids: Sequence[str]) -> list[UserSnapshot]:
            found = await super().find(ids)
            await houses.copies.apply(
                [UserSnapshot(ana.id, "deleted", None, None, verified=False, version=2, deleted=True)], None
            )
            return found

    await UserCards(houses.copies, Slow(houses)).find([ana.id])
    (copy,) = await houses.copies.find([ana.id])

    assert copy.deleted


async def test_rows_show_what_stands_in_them(houses: Houses, people: UserCards, owner: Owner) -> None:
    """Known ones cost nothing; unknown ones are asked for together; the strange are as good as deleted."""
    ana = await houses.somebody("Ana")
    rows = [
        UserCardRecord("ben", "ben", "Ben", None, is_cached=True),
        UserCardRecord(ana.id),
        UserCardRecord(STRANGER),
        UserCardRecord(ana.id),
    ]
    shown = await people.for_records(rows)

    assert shown == {
        "ben": UserCard("ben", "ben", "Ben", None, verified=False),
        ana.id: UserCard(ana.id, ana.username, "Ana", None, verified=False),
        STRANGER: UserCard(STRANGER, DELETED_USERNAME, None, None, verified=False),
    }
    assert owner.asked == [[ana.id, STRANGER]]
    assert await people.for_records([]) == {}


async def test_without_the_owner_the_known_are_shown(houses: Houses, people: UserCards, owner: Owner) -> None:
    """Only for whom no copy is here there is no answer now: that is no 404."""
    ana, ben = await houses.somebody("Ana"), await houses.somebody("Ben")
    await people.get(ana.id)
    owner.away = True

    assert (await people.get(ana.id)).display_name == "Ana"
    with pytest.raises(Unavailable):
        await people.get(ben.id)


async def test_a_copy_is_never_newer_than_the_owner(houses: Houses, people: UserCards, owner: Owner) -> None:
    """It shows the old name until it is told of the new one, and asks nobody."""
    ana = await houses.somebody("Ana")
    await people.get(ana.id)
    await houses.accounts.change(ana.id, ProfileChange(display_name="Anna"))

    assert (await people.get(ana.id)).display_name == "Ana"
    await houses.copies.apply(await houses.owner.find([ana.id]), None)
    assert (await people.get(ana.id)).display_name == "Anna"
    assert len(owner.asked) == 1
