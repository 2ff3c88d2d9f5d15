"""Copies of people follow the User service, in whatever order its events are taken."""

import itertools
from datetime import UTC, datetime

import pytest

from actors.user_cache.user_cache_consumer import UserCacheConsumer
from storage.contracts.domain_events import Cursor, CursorUpdate, OutboxEvent
from storage.contracts.user_cache import UserSnapshot
from storage.contracts.users import ProfileChange
from storage.errors import Conflict, Unavailable
from tests.actors.domain_events.reader_fixtures import catch_up, make_reader, read_all_events
from tests.actors.user_cache.conftest import UserCacheSetup

NAMES = ("Ana", "Ann", "Anna")


class RecordingService:
    """Stands for a service: remembers whom it was told to forget."""

    def __init__(self) -> None:
        self.removed_user_ids: list[str] = []
        self.unavailable = False

    async def remove_user(self, user_id: str) -> None:
        if self.unavailable:
            raise Unavailable
        self.removed_user_ids.append(user_id)


@pytest.fixture
def service() -> RecordingService:
    return RecordingService()


@pytest.fixture
def keeper(houses: UserCacheSetup, service: RecordingService) -> UserCacheConsumer:
    return UserCacheConsumer("notifications", houses.user_cache, service.remove_user)


async def catch_up_with(houses: UserCacheSetup, keeper: UserCacheConsumer) -> None:
    await catch_up(
        make_reader(keeper, houses.users_database, houses.consumer_database),
        houses.users_database,
        houses.consumer_database,
    )


async def register_rename_delete(houses: UserCacheSetup) -> str:
    """Somebody registers, changes names, and is deleted; answers who that was."""
    ana = await houses.register_user(NAMES[0])
    for name in NAMES[1:]:
        await houses.user_store.change(ana.id, ProfileChange(display_name=name))
    await houses.user_snapshots.delete(ana.id)
    return ana.id


async def test_user_cache_follows_user_events(houses: UserCacheSetup, keeper: UserCacheConsumer) -> None:
    """New, changed, deleted: each time the copy is what the owner tells, and no more of it."""
    ana, ben = await houses.register_user("Ana"), await houses.register_user()
    await catch_up_with(houses, keeper)
    made = {one.id: one for one in await houses.user_cache.find([ana.id, ben.id])}
    await houses.user_store.change(ana.id, ProfileChange(display_name="Anna", bio="not told"))
    await houses.user_store.change(ben.id, ProfileChange(bio="not told either"))
    await catch_up_with(houses, keeper)
    changed = {one.id: one for one in await houses.user_cache.find([ana.id, ben.id])}

    assert made[ana.id] == UserSnapshot(ana.id, ana.username, "Ana", None, verified=False, version=1)
    assert changed[ana.id] == UserSnapshot(ana.id, ana.username, "Anna", None, verified=False, version=2)
    assert changed[ben.id] == made[ben.id]
    assert sorted(changed.values(), key=lambda one: one.id) == sorted(
        await houses.user_snapshots.find([ana.id, ben.id]), key=lambda one: one.id
    )


async def test_newest_version_wins_in_any_order(
    houses: UserCacheSetup, keeper: UserCacheConsumer, service: RecordingService
) -> None:
    """Created, updated twice, deleted, one by one, in every order: a late update brings nobody back."""
    orders = {await register_rename_delete(houses): order for order in itertools.permutations(range(4))}
    events = await read_all_events(houses.users_database)
    for user_id, order in orders.items():
        life = [event for event in events if event.key == user_id]
        assert [event.type for event in life] == ["user.created", *["user.updated"] * 2, "user.deleted"]
        for number in order:
            await keeper.handle([life[number]], None)
    copies = await houses.user_cache.find(list(orders))

    assert len(copies) == len(orders)
    assert {(copy.deleted, copy.display_name, copy.username) for copy in copies} == {(True, None, "deleted")}
    assert service.removed_user_ids == list(orders)


async def test_older_update_is_ignored(houses: UserCacheSetup, keeper: UserCacheConsumer) -> None:
    """The names of somebody who lives, told the wrong way round."""
    ana = await houses.register_user(NAMES[0])
    for name in NAMES[1:]:
        await houses.user_store.change(ana.id, ProfileChange(display_name=name))
    for event in reversed(await read_all_events(houses.users_database)):
        await keeper.handle([event], None)
    (copy,) = await houses.user_cache.find([ana.id])

    assert (copy.display_name, copy.version) == (NAMES[-1], len(NAMES))


async def test_all_events_of_a_user_in_one_batch(
    houses: UserCacheSetup, keeper: UserCacheConsumer, service: RecordingService
) -> None:
    """A whole life in one step: one row, and the service has forgotten."""
    ana_id, ben_id = await register_rename_delete(houses), await register_rename_delete(houses)
    await catch_up_with(houses, keeper)

    copies = await houses.user_cache.find([ana_id, ben_id])
    assert [(one.deleted, one.version) for one in copies] == [(True, 4), (True, 4)]
    assert service.removed_user_ids == [ana_id, ben_id]


async def test_user_is_marked_deleted_before_removal_succeeds(
    houses: UserCacheSetup, keeper: UserCacheConsumer, service: RecordingService
) -> None:
    """The service fails to forget: nobody is shown any more, and it is tried again until it is done."""
    ana_id = await register_rename_delete(houses)
    service.unavailable = True
    with pytest.raises(Unavailable):
        await catch_up_with(houses, keeper)
    (copy,) = await houses.user_cache.find([ana_id])
    assert copy.deleted
    service.unavailable = False
    await catch_up_with(houses, keeper)

    assert service.removed_user_ids == [ana_id]


async def test_cursor_conflict_caches_nothing(houses: UserCacheSetup, keeper: UserCacheConsumer) -> None:
    """Somebody else has moved the cursor: nothing is taken in."""
    ana = await houses.register_user("Ana")
    await houses.consumer_database.cursors.create(keeper.name, Cursor("elsewhere"))
    with pytest.raises(Conflict, match="cursor"):
        await keeper.handle(
            await read_all_events(houses.users_database),
            CursorUpdate(keeper.name, Cursor("here"), Cursor("here", 1, 1)),
        )

    assert await houses.user_cache.find([ana.id]) == []


async def test_unknown_event_types_are_ignored(houses: UserCacheSetup, keeper: UserCacheConsumer) -> None:
    """A newer version tells what this one does not know: it is passed."""
    strange = OutboxEvent(1, 1, "x", "user.promoted_to_admiral", b'{"id": 7}', datetime.now(UTC))
    await keeper.handle([strange], None)

    assert await houses.user_cache.page("", 10) == []
