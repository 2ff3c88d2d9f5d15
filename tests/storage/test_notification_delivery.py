"""Notifications under concurrency: stored with the cursor, counted once, listed until delivered."""

import asyncio
import random
from collections.abc import Awaitable
from functools import partial

import msgspec
import pytest

from storage.contracts.domain_events import Cursor, CursorUpdate
from storage.contracts.paging import to_microseconds
from storage.errors import Conflict
from storage.postgres.audit import PostgresCountAudit
from storage.postgres.notifications import PostgresNotifications
from tests.storage.notification_setup import like_notification, make_notification_store
from tests.storage.service_database import ServiceDatabase, random_id, sorted_random_ids
from tests.storage.test_notification_store import list_notifications

NAME = "notifications.posts"
START, NEXT = Cursor("here"), Cursor("here", 5, 50)


@pytest.fixture
async def other(notifications_database: ServiceDatabase) -> PostgresNotifications:
    """The store of a second instance."""
    instance = await notifications_database.instance()
    return make_notification_store(instance)


async def test_undelivered_is_listed_until_marked_delivered(notifications: PostgresNotifications) -> None:
    """Oldest first, with the unread count; listed again only if its count grows."""
    ana, ben, one, two = sorted_random_ids(4)
    await notifications.add([like_notification(ana, ben, one)], None)
    await notifications.add([like_notification(ana, ben, two)], None)
    undelivered = await notifications.list_undelivered(None, 10)
    assert [each.notification.reference_id for each in undelivered] == [one, two]
    assert [each.unread_count for each in undelivered] == [2, 2]
    assert await notifications.list_undelivered(None, 1) == undelivered[:1]
    first = undelivered[0].notification
    after = (to_microseconds(first.created_at), first.id)
    assert await notifications.list_undelivered(after, 10) == undelivered[1:]
    await notifications.mark_delivered([undelivered[0].notification])
    await notifications.mark_delivered([undelivered[0].notification])
    assert await notifications.list_undelivered(None, 10) == undelivered[1:]
    await notifications.add([like_notification(ana, random_id(), one)], None)
    again = (await notifications.list_undelivered(None, 10))[1]
    assert (again.notification.id, again.notification.count) == (undelivered[0].notification.id, 2)
    assert again.unread_count == 2


async def test_count_increased_since_listing_stays_undelivered(notifications: PostgresNotifications) -> None:
    """Only the delivered count is marked."""
    ana, ben, cai, post = sorted_random_ids(4)
    await notifications.add([like_notification(ana, ben, post)], None)
    (first,) = await notifications.list_undelivered(None, 10)
    await notifications.add([like_notification(ana, cai, post)], None)
    await notifications.mark_delivered([first.notification])
    (second,) = await notifications.list_undelivered(None, 10)
    assert second.notification.count == 2
    await notifications.mark_delivered([second.notification])
    await notifications.mark_delivered([first.notification])
    assert await notifications.list_undelivered(None, 10) == []


async def test_read_and_deleted_notifications_are_not_delivered(notifications: PostgresNotifications) -> None:
    """They are not listed as undelivered."""
    ana, ben, one, two, three = sorted_random_ids(5)
    await notifications.add([like_notification(ana, ben, post) for post in (one, two, three)], None)
    undelivered = await notifications.list_undelivered(None, 10)
    await notifications.mark_read(ana, undelivered[0].notification.id)
    assert len(await notifications.list_undelivered(None, 10)) == 2
    await notifications.mark_all_read(ana)
    assert await notifications.list_undelivered(None, 10) == []
    await notifications.remove_user(ana)
    await notifications.mark_delivered([each.notification for each in undelivered])
    assert await list_notifications(notifications, ana) == []


async def test_notifications_and_cursor_are_written_together(
    notifications_database: ServiceDatabase, notifications: PostgresNotifications
) -> None:
    """From another cursor nothing is stored and sources stay unused; an empty batch advances the cursor."""
    cursors = notifications_database.instance_a.cursors
    ana, ben, post = sorted_random_ids(3)
    await cursors.create(NAME, START)
    with pytest.raises(Conflict, match="cursor"):
        await notifications.add([like_notification(ana, ben, post)], CursorUpdate(NAME, NEXT, START))
    assert await list_notifications(notifications, ana) == []
    await notifications.add([like_notification(ana, ben, post)], CursorUpdate(NAME, START, NEXT))
    assert (len(await list_notifications(notifications, ana)), await cursors.get(NAME)) == (1, NEXT)
    await notifications.add([], CursorUpdate(NAME, NEXT, START))
    assert await cursors.get(NAME) == START


async def test_one_source_notifies_once_across_groups(notifications: PostgresNotifications) -> None:
    """Also within one batch."""
    ana, ben, post = sorted_random_ids(3)
    notice = like_notification(ana, ben, post)
    await notifications.add([notice, msgspec.structs.replace(notice, group_key="other")], None)
    assert [each.count for each in await list_notifications(notifications, ana)] == [1]


async def test_concurrent_equal_notifications_count_once(
    notifications: PostgresNotifications, other: PostgresNotifications
) -> None:
    """Twenty readers on two instances: each source is counted once."""
    people, posts, fans = sorted_random_ids(3), sorted_random_ids(2), sorted_random_ids(5)
    notices = [like_notification(one, fan, post) for fan in fans for post in posts for one in people]
    await asyncio.gather(*((notifications, other)[n % 2].add(notices, None) for n in range(20)))
    for one in people:
        payload = await list_notifications(notifications, one)
        assert [each.count for each in payload] == [len(fans), len(fans)]


@pytest.mark.parametrize("step", [None, CursorUpdate(NAME, START, NEXT)])
async def test_concurrent_readers_notify_once(
    notifications_database: ServiceDatabase,
    notifications: PostgresNotifications,
    other: PostgresNotifications,
    step: CursorUpdate | None,
) -> None:
    """With a cursor update one conflicts; without, both succeed, and each source notifies once."""
    ana, ben, post = sorted_random_ids(3)
    await notifications_database.instance_a.cursors.create(NAME, START)
    outcomes = await asyncio.gather(
        *(store.add([like_notification(ana, ben, post)], step) for store in (notifications, other)),
        return_exceptions=True,
    )
    assert sum(isinstance(one, Conflict) for one in outcomes) == (step is not None)
    assert [each.count for each in await list_notifications(notifications, ana)] == [1]


@pytest.mark.parametrize("act", ["told", "read_all"])
async def test_rows_are_locked_in_a_fixed_order(
    notifications_database: ServiceDatabase, notifications: PostgresNotifications, act: str
) -> None:
    """A statement that waits for the first row holds no other, so two do not deadlock."""
    ana, ben, *posts = sorted_random_ids(10)
    for post in reversed(posts):
        await notifications.add([like_notification(ana, ben, post)], None)
    rows = {one.reference_id: one for one in await list_notifications(notifications, ana)}
    other_connection = await notifications_database.connection()
    lock = "SELECT FROM notifications WHERE id = ANY($1::uuid[]) FOR UPDATE"
    async with other_connection.transaction():
        await other_connection.execute(lock, [rows[posts[0]].id])
        known = list(rows.values())
        work: Awaitable[object] = (
            notifications.mark_delivered(known) if act == "told" else notifications.mark_all_read(ana)
        )
        waiting = await notifications_database.start_until_blocked(work)
        await other_connection.execute(f"{lock} NOWAIT", [rows[post].id for post in posts[1:]])
    await waiting
    assert await notifications.list_undelivered(None, 10) == []


async def test_concurrent_reads_and_inserts_lose_no_count(
    notifications_database: ServiceDatabase,
    notifications: PostgresNotifications,
    other: PostgresNotifications,
) -> None:
    """The sum of all counts equals the number of sources."""
    people, posts = sorted_random_ids(3), sorted_random_ids(3)

    async def take(number: int) -> None:
        notices = [like_notification(one, random_id(), post) for one in people for post in posts]
        random.Random(number).shuffle(notices)
        await (notifications, other)[number % 2].add(notices, None)

    async def look(number: int) -> None:
        rng = random.Random(number)
        await notifications.mark_delivered(
            [each.notification for each in await other.list_undelivered(None, 5)]
        )
        await notifications.mark_all_read(rng.choice(people))

    await asyncio.gather(*(take(n) for n in range(20)), *(look(n) for n in range(10)))
    total = await notifications_database.sql.fetchrow(
        "SELECT (SELECT sum(count) FROM notifications) AS counted,"
        " (SELECT count(*) FROM notification_sources) AS known"
    )
    assert total is not None
    assert total["counted"] == total["known"] > 0
    audit = PostgresCountAudit(notifications_database.instance_a.pool, "notifications")
    assert await audit.count_mismatches() == 0


async def test_removal_waits_for_a_withdrawal_without_holding_notifications(
    notifications: PostgresNotifications, notifications_database: ServiceDatabase
) -> None:
    """A withdrawal locks a source, then its notification: in the other order the two would deadlock."""
    ana, ben, post = sorted_random_ids(3)
    holder = await notifications_database.connection()
    removals = (
        partial(notifications.remove_about, [ana], post, kept_group_key=""),
        partial(notifications.remove_group, ana, post, f"LIKE:{post}"),
    )
    for remove in removals:
        await notifications.add([like_notification(ana, ben, post)], None)
        async with holder.transaction():
            await holder.execute("SELECT FROM notification_sources FOR UPDATE")
            removal = await notifications_database.start_until_blocked(remove())
            await holder.execute("SELECT FROM notifications FOR UPDATE NOWAIT")
        assert list(await removal) == [ana]


async def test_unread_notifications_are_counted_up_to_a_limit(
    notifications: PostgresNotifications, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A user with very many does not delay the delivery to others."""
    monkeypatch.setattr("storage.postgres.notifications.UNREAD_NOTIFICATIONS_COUNTED", 3)
    ana, ben, cai = sorted_random_ids(3)
    for _ in range(5):
        await notifications.add([like_notification(ana, ben, random_id())], None)
    await notifications.add([like_notification(cai, ben, random_id())], None)
    assert await notifications.unread_counts([ana, ben, cai]) == {ana: 3, cai: 1}
    undelivered = await notifications.list_undelivered(None, 10)
    assert [each.unread_count for each in undelivered] == [3, 3, 3, 3, 3, 1]
