"""A user cache follows the User service, whatever the order of its events."""

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
    """Records which users are removed from the service."""

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
def consumer(setup: UserCacheSetup, service: RecordingService) -> UserCacheConsumer:
    return UserCacheConsumer("notifications", setup.user_cache, service.remove_user)


async def catch_up_with(setup: UserCacheSetup, consumer: UserCacheConsumer) -> None:
    await catch_up(
        make_reader(consumer, setup.users_database, setup.consumer_database),
        setup.users_database,
        setup.consumer_database,
    )


async def register_rename_delete(setup: UserCacheSetup) -> str:
    """Register, rename and delete a user; return the user's id."""
    ana = await setup.register_user(NAMES[0])
    for name in NAMES[1:]:
        await setup.user_store.change(ana.id, ProfileChange(display_name=name))
    await setup.user_snapshots.delete(ana.id)
    return ana.id


async def test_user_cache_follows_user_events(setup: UserCacheSetup, consumer: UserCacheConsumer) -> None:
    """The cache entry follows creation, update and deletion."""
    ana, ben = await setup.register_user("Ana"), await setup.register_user()
    await catch_up_with(setup, consumer)
    made = {snapshot.id: snapshot for snapshot in await setup.user_cache.find([ana.id, ben.id])}
    await setup.user_store.change(ana.id, ProfileChange(display_name="Anna", bio="not cached"))
    await setup.user_store.change(ben.id, ProfileChange(bio="not cached either"))
    await catch_up_with(setup, consumer)
    changed = {snapshot.id: snapshot for snapshot in await setup.user_cache.find([ana.id, ben.id])}

    assert made[ana.id] == UserSnapshot(ana.id, ana.username, "Ana", None, verified=False, version=1)
    assert changed[ana.id] == UserSnapshot(ana.id, ana.username, "Anna", None, verified=False, version=2)
    assert changed[ben.id] == made[ben.id]
    assert sorted(changed.values(), key=lambda snapshot: snapshot.id) == sorted(
        await setup.user_snapshots.find([ana.id, ben.id]), key=lambda snapshot: snapshot.id
    )


async def test_newest_version_wins_in_any_order(
    setup: UserCacheSetup, consumer: UserCacheConsumer, service: RecordingService
) -> None:
    """A create, two updates and a delete lead to the same result in every order."""
    orders = {await register_rename_delete(setup): order for order in itertools.permutations(range(4))}
    events = await read_all_events(setup.users_database)
    for user_id, order in orders.items():
        life = [event for event in events if event.key == user_id]
        assert [event.type for event in life] == ["user.created", *["user.updated"] * 2, "user.deleted"]
        for number in order:
            await consumer.handle([life[number]], None)
    copies = await setup.user_cache.find(list(orders))

    assert len(copies) == len(orders)
    assert {(copy.deleted, copy.display_name, copy.username) for copy in copies} == {(True, None, "deleted")}
    assert service.removed_user_ids == list(orders)


async def test_older_update_is_ignored(setup: UserCacheSetup, consumer: UserCacheConsumer) -> None:
    """An update that arrives after a newer one changes nothing."""
    ana = await setup.register_user(NAMES[0])
    for name in NAMES[1:]:
        await setup.user_store.change(ana.id, ProfileChange(display_name=name))
    for event in reversed(await read_all_events(setup.users_database)):
        await consumer.handle([event], None)
    (copy,) = await setup.user_cache.find([ana.id])

    assert (copy.display_name, copy.version) == (NAMES[-1], len(NAMES))


async def test_all_events_of_a_user_in_one_batch(
    setup: UserCacheSetup, consumer: UserCacheConsumer, service: RecordingService
) -> None:
    """All events of a user in one batch leave a tombstone and remove the user's data."""
    ana_id, ben_id = await register_rename_delete(setup), await register_rename_delete(setup)
    await catch_up_with(setup, consumer)

    copies = await setup.user_cache.find([ana_id, ben_id])
    assert [(snapshot.deleted, snapshot.version) for snapshot in copies] == [(True, 4), (True, 4)]
    assert service.removed_user_ids == [ana_id, ben_id]


async def test_user_is_marked_deleted_before_removal_succeeds(
    setup: UserCacheSetup, consumer: UserCacheConsumer, service: RecordingService
) -> None:
    """A user whose removal fails is hidden at once, and the removal is retried."""
    ana_id = await register_rename_delete(setup)
    service.unavailable = True
    with pytest.raises(Unavailable):
        await catch_up_with(setup, consumer)
    (copy,) = await setup.user_cache.find([ana_id])
    assert copy.deleted
    service.unavailable = False
    await catch_up_with(setup, consumer)

    assert service.removed_user_ids == [ana_id]


async def test_cursor_conflict_caches_nothing(setup: UserCacheSetup, consumer: UserCacheConsumer) -> None:
    """If another reader moved the cursor, nothing is cached."""
    ana = await setup.register_user("Ana")
    await setup.consumer_database.cursors.create(consumer.name, Cursor("elsewhere"))
    with pytest.raises(Conflict, match="cursor"):
        await consumer.handle(
            await read_all_events(setup.users_database),
            CursorUpdate(consumer.name, Cursor("here"), Cursor("here", 1, 1)),
        )

    assert await setup.user_cache.find([ana.id]) == []


async def test_unknown_event_types_are_ignored(setup: UserCacheSetup, consumer: UserCacheConsumer) -> None:
    """Event types of newer releases are skipped."""
    strange = OutboxEvent(1, 1, "x", "user.promoted_to_admiral", b'{"id": 7}', datetime.now(UTC))
    await consumer.handle([strange], None)

    assert await setup.user_cache.page("", 10) == []
