"""Notifications beside each other: taken in with the cursor, counted once, and told until they are known."""

import asyncio
import random
from collections.abc import Awaitable

import msgspec
import pytest

from storage.errors import Conflict
from storage.postgres.audit import PostgresCountAudit
from storage.postgres.notifications import PostgresNotifications
from storage.records.sync import Place, Step
from tests.storage.service_database import ServiceDatabase, some_id, some_ids
from tests.storage.test_notification_store import like, listed

NAME = "notifications.posts"
START, NEXT = Place("here"), Place("here", 5, 50)


@pytest.fixture
def notifications(notifications_database: ServiceDatabase) -> PostgresNotifications:
    return PostgresNotifications(notifications_database.first.pool, notifications_database.first.cursors)


@pytest.fixture
async def other(notifications_database: ServiceDatabase) -> PostgresNotifications:
    """The store as a second instance of the server has it."""
    instance = await notifications_database.instance()
    return PostgresNotifications(instance.pool, instance.cursors)


async def test_untold_is_told_until_it_is_known(notifications: PostgresNotifications) -> None:
    """Oldest first, with how many are unread; told, it is not told again until it counts up."""
    ana, ben, one, two = some_ids(4)
    await notifications.take([like(ana, ben, one)], None)
    await notifications.take([like(ana, ben, two)], None)
    untold = await notifications.untold(10)
    assert [each.notification.reference_id for each in untold] == [one, two]
    assert [each.unread_count for each in untold] == [2, 2]
    assert await notifications.untold(1) == untold[:1]
    await notifications.told([untold[0].notification])
    await notifications.told([untold[0].notification])
    assert await notifications.untold(10) == untold[1:]
    await notifications.take([like(ana, some_id(), one)], None)
    again = (await notifications.untold(10))[1]
    assert (again.notification.id, again.notification.count) == (untold[0].notification.id, 2)
    assert again.unread_count == 2


async def test_count_that_went_up_meanwhile_is_untold(notifications: PostgresNotifications) -> None:
    """What the devices were told is what they know, and no more."""
    ana, ben, cai, post = some_ids(4)
    await notifications.take([like(ana, ben, post)], None)
    (first,) = await notifications.untold(10)
    await notifications.take([like(ana, cai, post)], None)
    await notifications.told([first.notification])
    (second,) = await notifications.untold(10)
    assert second.notification.count == 2
    await notifications.told([second.notification])
    await notifications.told([first.notification])
    assert await notifications.untold(10) == []


async def test_what_was_read_is_not_told(notifications: PostgresNotifications) -> None:
    """Whoever reads it knows it; what is gone is told to nobody."""
    ana, ben, one, two, three = some_ids(5)
    await notifications.take([like(ana, ben, post) for post in (one, two, three)], None)
    untold = await notifications.untold(10)
    await notifications.read(ana, untold[0].notification.id)
    assert len(await notifications.untold(10)) == 2
    await notifications.read_all(ana)
    assert await notifications.untold(10) == []
    await notifications.forget(ana)
    await notifications.told([each.notification for each in untold])
    assert await listed(notifications, ana) == []


async def test_notices_and_cursor_move_together(
    notifications_database: ServiceDatabase, notifications: PostgresNotifications
) -> None:
    """Whoever is elsewhere notifies nobody and leaves the sources free; no notices move the cursor too."""
    cursors = notifications_database.first.cursors
    ana, ben, post = some_ids(3)
    await cursors.begin(NAME, START)
    with pytest.raises(Conflict, match="cursor"):
        await notifications.take([like(ana, ben, post)], Step(NAME, NEXT, START))
    assert await listed(notifications, ana) == []
    await notifications.take([like(ana, ben, post)], Step(NAME, START, NEXT))
    assert (len(await listed(notifications, ana)), await cursors.place(NAME)) == (1, NEXT)
    await notifications.take([], Step(NAME, NEXT, START))
    assert await cursors.place(NAME) == START


async def test_one_source_about_two_things_tells_once(notifications: PostgresNotifications) -> None:
    """Also within one batch."""
    ana, ben, post = some_ids(3)
    notice = like(ana, ben, post)
    await notifications.take([notice, msgspec.structs.replace(notice, group_key="other")], None)
    assert [each.count for each in await listed(notifications, ana)] == [1]


async def test_same_notices_at_once_count_once(
    notifications: PostgresNotifications, other: PostgresNotifications
) -> None:
    """Twenty readers on two instances that take the same: each source is counted once."""
    people, posts, fans = some_ids(3), some_ids(2), some_ids(5)
    notices = [like(one, fan, post) for fan in fans for post in posts for one in people]
    await asyncio.gather(*((notifications, other)[n % 2].take(notices, None) for n in range(20)))
    for one in people:
        told = await listed(notifications, one)
        assert [each.count for each in told] == [len(fans), len(fans)]


@pytest.mark.parametrize("step", [None, Step(NAME, START, NEXT)])
async def test_one_step_of_two_readers_notifies_once(
    notifications_database: ServiceDatabase,
    notifications: PostgresNotifications,
    other: PostgresNotifications,
    step: Step | None,
) -> None:
    """With a step one of them conflicts; without, both are done, and each source has told once."""
    ana, ben, post = some_ids(3)
    await notifications_database.first.cursors.begin(NAME, START)
    outcomes = await asyncio.gather(
        *(store.take([like(ana, ben, post)], step) for store in (notifications, other)),
        return_exceptions=True,
    )
    assert sum(isinstance(one, Conflict) for one in outcomes) == (step is not None)
    assert [each.count for each in await listed(notifications, ana)] == [1]


@pytest.mark.parametrize("act", ["told", "read_all"])
async def test_rows_are_locked_in_the_order_in_which_they_are_taken(
    notifications_database: ServiceDatabase, notifications: PostgresNotifications, act: str
) -> None:
    """Whoever waits for the first holds no other, so two that meet never wait for each other."""
    ana, ben, *posts = some_ids(10)
    for post in reversed(posts):
        await notifications.take([like(ana, ben, post)], None)
    rows = {one.reference_id: one for one in await listed(notifications, ana)}
    beside = await notifications_database.connection()
    lock = "SELECT FROM notifications WHERE id = ANY($1::uuid[]) FOR UPDATE"
    async with beside.transaction():
        await beside.execute(lock, [rows[posts[0]].id])
        known = list(rows.values())
        work: Awaitable[object] = notifications.told(known) if act == "told" else notifications.read_all(ana)
        waiting = await notifications_database.met(work)
        await beside.execute(f"{lock} NOWAIT", [rows[post].id for post in posts[1:]])
    await waiting
    assert await notifications.untold(10) == []


async def test_reading_beside_taking_loses_no_count(
    notifications_database: ServiceDatabase,
    notifications: PostgresNotifications,
    other: PostgresNotifications,
) -> None:
    """While some take, read and tell, the counts of all that stands add up to the sources."""
    people, posts = some_ids(3), some_ids(3)

    async def take(number: int) -> None:
        notices = [like(one, some_id(), post) for one in people for post in posts]
        random.Random(number).shuffle(notices)
        await (notifications, other)[number % 2].take(notices, None)

    async def look(number: int) -> None:
        chance = random.Random(number)
        await notifications.told([each.notification for each in await other.untold(5)])
        await notifications.read_all(chance.choice(people))

    await asyncio.gather(*(take(n) for n in range(20)), *(look(n) for n in range(10)))
    total = await notifications_database.sql.fetchrow(
        "SELECT (SELECT sum(count) FROM notifications) AS counted,"
        " (SELECT count(*) FROM notification_sources) AS known"
    )
    assert total is not None
    assert total["counted"] == total["known"] > 0
    audit = PostgresCountAudit(notifications_database.first.pool, "notifications")
    assert await audit.wrong() == 0
