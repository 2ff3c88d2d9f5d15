"""Copies of people follow the User service, in whatever order its events are taken."""

import itertools
from datetime import UTC, datetime

import pytest

from actors.user_cache.user_cache_consumer import UserCacheConsumer
from storage.errors import Conflict, Unavailable
from storage.records.domain_events import Cursor, CursorUpdate, OutboxEvent
from storage.records.user_cache import UserSnapshot
from storage.records.users import ProfileChange
from tests.actors.domain_events.reader_fixtures import catch_up, reader_of, told_by
from tests.actors.user_cache.conftest import Houses

NAMES = ("Ana", "Ann", "Anna")


class Forgetter:
    """Stands for a service: remembers whom it was told to forget."""

    def __init__(self) -> None:
        self.forgot: list[str] = []
        self.away = False

    async def forget(self, user_id: str) -> None:
        if self.away:
            raise Unavailable
        self.forgot.append(user_id)


@pytest.fixture
def service() -> Forgetter:
    return Forgetter()


@pytest.fixture
def keeper(houses: Houses, service: Forgetter) -> UserCacheConsumer:
    return UserCacheConsumer("notifications", houses.copies, service.forget)


async def catch_up_with(houses: Houses, keeper: UserCacheConsumer) -> None:
    await catch_up(reader_of(keeper, houses.users, houses.keeper), houses.users, houses.keeper)


async def lived(houses: Houses) -> str:
    """Somebody registers, changes names, and is deleted; answers who that was."""
    ana = await houses.somebody(NAMES[0])
    for name in NAMES[1:]:
        await houses.accounts.change(ana.id, ProfileChange(display_name=name))
    await houses.owner.delete(ana.id)
    return ana.id


async def test_copies_follow_the_owner(houses: Houses, keeper: UserCacheConsumer) -> None:
    """New, changed, deleted: each time the copy is what the owner tells, and no more of it."""
    ana, ben = await houses.somebody("Ana"), await houses.somebody()
    await catch_up_with(houses, keeper)
    made = {one.id: one for one in await houses.copies.find([ana.id, ben.id])}
    await houses.accounts.change(ana.id, ProfileChange(display_name="Anna", bio="not told"))
    await houses.accounts.change(ben.id, ProfileChange(bio="not told either"))
    await catch_up_with(houses, keeper)
    changed = {one.id: one for one in await houses.copies.find([ana.id, ben.id])}

    assert made[ana.id] == UserSnapshot(ana.id, ana.username, "Ana", None, verified=False, version=1)
    assert changed[ana.id] == UserSnapshot(ana.id, ana.username, "Anna", None, verified=False, version=2)
    assert changed[ben.id] == made[ben.id]
    assert sorted(changed.values(), key=lambda one: one.id) == sorted(
        await houses.owner.find([ana.id, ben.id]), key=lambda one: one.id
    )


async def test_in_any_order_the_newest_version_stays(
    houses: Houses, keeper: UserCacheConsumer, service: Forgetter
) -> None:
    """Created, updated twice, deleted, one by one, in every order: a late update brings nobody back."""
    orders = {await lived(houses): order for order in itertools.permutations(range(4))}
    events = await told_by(houses.users)
    for user_id, order in orders.items():
        life = [event for event in events if event.key == user_id]
        assert [event.type for event in life] == ["user.created", *["user.updated"] * 2, "user.deleted"]
        for number in order:
            await keeper.handle([life[number]], None)
    copies = await houses.copies.find(list(orders))

    assert len(copies) == len(orders)
    assert {(copy.deleted, copy.display_name, copy.username) for copy in copies} == {(True, None, "deleted")}
    assert service.forgot == list(orders)


async def test_an_older_update_changes_nothing(houses: Houses, keeper: UserCacheConsumer) -> None:
    """The names of somebody who lives, told the wrong way round."""
    ana = await houses.somebody(NAMES[0])
    for name in NAMES[1:]:
        await houses.accounts.change(ana.id, ProfileChange(display_name=name))
    for event in reversed(await told_by(houses.users)):
        await keeper.handle([event], None)
    (copy,) = await houses.copies.find([ana.id])

    assert (copy.display_name, copy.version) == (NAMES[-1], len(NAMES))


async def test_together_in_one_batch(houses: Houses, keeper: UserCacheConsumer, service: Forgetter) -> None:
    """A whole life in one step: one row, and the service has forgotten."""
    ana_id, ben_id = await lived(houses), await lived(houses)
    await catch_up_with(houses, keeper)

    copies = await houses.copies.find([ana_id, ben_id])
    assert [(one.deleted, one.version) for one in copies] == [(True, 4), (True, 4)]
    assert service.forgot == [ana_id, ben_id]


async def test_who_is_not_forgotten_yet_is_deleted_already(
    houses: Houses, keeper: UserCacheConsumer, service: Forgetter
) -> None:
    """The service fails to forget: nobody is shown any more, and it is tried again until it is done."""
    ana_id = await lived(houses)
    service.away = True
    with pytest.raises(Unavailable):
        await catch_up_with(houses, keeper)
    (copy,) = await houses.copies.find([ana_id])
    assert copy.deleted
    service.away = False
    await catch_up_with(houses, keeper)

    assert service.forgot == [ana_id]


async def test_a_copy_and_the_cursor_move_together(houses: Houses, keeper: UserCacheConsumer) -> None:
    """Somebody else has moved the cursor: nothing is taken in."""
    ana = await houses.somebody("Ana")
    await houses.keeper.cursors.create(keeper.name, Cursor("elsewhere"))
    with pytest.raises(Conflict, match="cursor"):
        await keeper.handle(
            await told_by(houses.users), CursorUpdate(keeper.name, Cursor("here"), Cursor("here", 1, 1))
        )

    assert await houses.copies.find([ana.id]) == []


async def test_unknown_events_concern_nobody(houses: Houses, keeper: UserCacheConsumer) -> None:
    """A newer version tells what this one does not know: it is passed."""
    strange = OutboxEvent(1, 1, "x", "user.promoted_to_admiral", b'{"id": 7}', datetime.now(UTC))
    await keeper.handle([strange], None)

    assert await houses.copies.page("", 10) == []
