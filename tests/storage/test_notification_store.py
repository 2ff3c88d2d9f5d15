"""Contract of `NotificationStore`."""

import random

import msgspec

from storage.contracts.notifications import NewNotification, NotificationRecord
from storage.contracts.paging import PageKey, to_microseconds
from storage.contracts.user_cache import UserCardRecord
from storage.postgres.audit import PostgresCountAudit
from storage.postgres.notifications import PostgresNotifications
from tests.storage.notification_setup import like_notification
from tests.storage.service_database import ServiceDatabase, random_id, sorted_random_ids


async def list_notifications(
    notifications: PostgresNotifications, recipient: str
) -> list[NotificationRecord]:
    return await notifications.page(recipient, None, (), 100, unread_only=False)


def page_key(notification: NotificationRecord) -> PageKey:
    return to_microseconds(notification.created_at), notification.id


async def test_notification_is_found_as_stored(
    notifications_database: ServiceDatabase, notifications: PostgresNotifications
) -> None:
    """With its sender's card if cached; without sender, and with a reference that is no UUID."""
    ana, ben, post = sorted_random_ids(3)
    await notifications_database.cache_users(ben)
    mention = NewNotification(
        recipient_id=ana,
        source="MENTION:1",
        sender_id=None,
        type="MENTION",
        title="You were mentioned",
        message="somebody mentioned you",
        group_key="MENTION:1",
        conversation_id="c" * 24,
        message_id="d" * 24,
    )
    await notifications.add([like_notification(ana, ben, post)], None)
    await notifications.add([mention], None)
    second, first = await list_notifications(notifications, ana)
    assert first == NotificationRecord(
        id=first.id,
        recipient_id=ana,
        type="LIKE",
        title="New like",
        message=f"{ben[:8]} likes it",
        sender=UserCardRecord(ben, f"u{ben[:8]}", is_cached=True),
        reference_id=post,
        conversation_id=None,
        is_read=False,
        count=1,
        created_at=first.created_at,
    )
    assert (second.sender, second.reference_id, second.conversation_id) == (None, "d" * 24, "c" * 24)
    assert await list_notifications(notifications, ben) == []


async def test_each_source_notifies_once(notifications: PostgresNotifications) -> None:
    """A repeated like or event creates no second notification."""
    ana, ben, post = sorted_random_ids(3)
    notice = like_notification(ana, ben, post)
    await notifications.add([notice, notice], None)
    await notifications.add([notice], None)
    (payload,) = await list_notifications(notifications, ana)
    assert (payload.count, payload.message) == (1, notice.message)
    await notifications.mark_all_read(ana)
    await notifications.add([notice], None)
    assert len(await list_notifications(notifications, ana)) == 1
    assert await notifications.unread_counts([ana]) == {}


async def test_same_source_notifies_each_recipient(notifications: PostgresNotifications) -> None:
    """One event with many recipients creates one notification each."""
    people, sender, event = sorted_random_ids(5), random_id(), random_id()
    await notifications.add([like_notification(one, sender, event) for one in people], None)
    assert await notifications.unread_counts([*people, sender]) == dict.fromkeys(people, 1)


async def test_unread_notification_of_the_same_group_counts_up(notifications: PostgresNotifications) -> None:
    """It shows the last sender and the previous count, moves to the top, and keeps its id."""
    ana, post, other, *fans = sorted_random_ids(6)
    await notifications.add([like_notification(ana, fans[0], post)], None)
    (first,) = await list_notifications(notifications, ana)
    await notifications.add([like_notification(ana, fans[0], other)], None)
    await notifications.add([like_notification(ana, fans[1], post)], None)
    # Two about the same in one batch.
    await notifications.add([like_notification(ana, fans[2], post), like_notification(ana, ana, post)], None)
    payload = (await list_notifications(notifications, ana))[0]
    assert (payload.id, payload.count) == (first.id, 4)
    assert payload.message == f"{ana[:8]} and 3 more like it"
    assert payload.sender == UserCardRecord(ana)
    assert payload.created_at > first.created_at
    assert await notifications.unread_counts([ana]) == {ana: 2}


async def test_new_notification_is_created_after_reading(notifications: PostgresNotifications) -> None:
    """The read one stays unchanged."""
    ana, post, *fans = sorted_random_ids(4)
    await notifications.add([like_notification(ana, fans[0], post)], None)
    (first,) = await list_notifications(notifications, ana)
    assert await notifications.mark_read(ana, first.id) is True
    await notifications.add([like_notification(ana, fans[1], post)], None)
    second, read = await list_notifications(notifications, ana)
    assert read == msgspec.structs.replace(first, is_read=True)
    assert (second.count, second.message, second.is_read) == (1, f"{fans[1][:8]} likes it", False)


async def test_user_can_mark_only_own_notifications(notifications: PostgresNotifications) -> None:
    """Returns whether it was unread; None for others."""
    ana, ben, post = sorted_random_ids(3)
    await notifications.add([like_notification(ana, ben, post)], None)
    (payload,) = await list_notifications(notifications, ana)
    for recipient, wanted in ((ben, payload.id), (ana, random_id()), (ana, "no id"), ("no id", payload.id)):
        assert await notifications.mark_read(recipient, wanted) is None
    assert await notifications.mark_read(ana, payload.id) is True
    assert await notifications.mark_read(ana, payload.id) is False
    assert [one.is_read for one in await list_notifications(notifications, ana)] == [True]


async def test_mark_all_read_marks_own_notifications(notifications: PostgresNotifications) -> None:
    """Returns how many were unread."""
    ana, ben, *posts = sorted_random_ids(5)
    await notifications.add(
        [like_notification(one, random_id(), post) for post in posts for one in (ana, ben)], None
    )
    assert await notifications.unread_counts([ana, ben, random_id()]) == {ana: 3, ben: 3}
    await notifications.mark_read(ana, (await list_notifications(notifications, ana))[0].id)
    assert await notifications.mark_all_read(ana) == 2
    assert await notifications.mark_all_read(ana) == 0
    assert await notifications.unread_counts([ana, ben]) == {ben: 3}
    assert await notifications.unread_counts([]) == {}


async def test_notifications_are_paged_newest_first(
    notifications_database: ServiceDatabase, notifications: PostgresNotifications
) -> None:
    """By key, also with equal times; without excluded users; all or unread only."""
    ana, hidden, *posts = sorted_random_ids(10)
    rng = random.Random(1)
    for post in posts:
        await notifications.add(
            [like_notification(ana, hidden if post == posts[3] else random_id(), post)], None
        )
    for one in rng.sample(await list_notifications(notifications, ana), 3):
        await notifications.mark_read(ana, one.id)
    await notifications_database.sql.execute(
        "UPDATE notifications SET created_at = '2026-01-01' WHERE is_read OR reference_id = ANY($1)",
        posts[:5],
    )
    everything = await list_notifications(notifications, ana)
    assert [page_key(one) for one in everything] == sorted(map(page_key, everything), reverse=True)
    for unread_only in (False, True):
        expected = [
            one.id for one in everything if one.reference_id != posts[3] and not (unread_only and one.is_read)
        ]
        seen: list[str] = []
        before: PageKey | None = None
        while some := await notifications.page(ana, before, [hidden], 2, unread_only=unread_only):
            seen += [one.id for one in some]
            before = page_key(some[-1])
        assert seen == expected


async def test_remove_between_deletes_in_both_directions(notifications: PostgresNotifications) -> None:
    """The deleted ids are returned; a repeat deletes nothing; sources stay used."""
    ana, ben, cai, one, two = sorted_random_ids(5)
    notices = [
        like_notification(ana, ben, one),
        like_notification(ben, ana, two),
        like_notification(ana, cai, two),
        like_notification(cai, ben, one),
    ]
    await notifications.add(notices, None)
    of_ana = {
        one.id for one in await list_notifications(notifications, ana) if one.sender and one.sender.id == ben
    }
    of_ben = {one.id for one in await list_notifications(notifications, ben)}
    gone = await notifications.remove_between(ben, ana)
    assert {user: set(ids) for user, ids in gone.items()} == {ana: of_ana, ben: of_ben}
    assert await notifications.remove_between(ana, ben) == {}
    await notifications.add(notices, None)
    counts = {user: len(await list_notifications(notifications, user)) for user in (ana, ben, cai)}
    assert counts == {ana: 1, ben: 0, cai: 1}


async def test_remove_user_deletes_all_rows_of_a_user(
    notifications_database: ServiceDatabase, notifications: PostgresNotifications
) -> None:
    """Notifications of others lose their sender and text; idempotent."""
    ana, ben, cai, post = sorted_random_ids(4)
    await notifications.add(
        [
            like_notification(ana, ben, post),
            like_notification(ben, ana, post),
            like_notification(ben, cai, ana),
        ],
        None,
    )
    for _ in range(2):
        await notifications.remove_user(ana)
        assert await list_notifications(notifications, ana) == []
        kept = {one.reference_id: one for one in await list_notifications(notifications, ben)}
        assert kept[post].sender is None
        assert ana[:8] not in kept[post].message
        assert kept[ana].sender == UserCardRecord(cai)
    rows = await notifications_database.sql.fetch(
        "SELECT recipient_id::text, sender_id::text, message, head FROM notification_sources"
    )
    assert ana not in {user_id for row in rows for user_id in (row["recipient_id"], row["sender_id"])}
    assert not any(ana[:8] in f"{row['message']}{row['head']}" for row in rows)


async def test_audit_finds_delivered_counts_above_counts(
    notifications_database: ServiceDatabase, notifications: PostgresNotifications
) -> None:
    """A row delivered with a higher count is found."""
    ana, ben, post = sorted_random_ids(3)
    await notifications.add([like_notification(ana, ben, post)], None)
    await notifications.mark_all_read(ana)
    audit = PostgresCountAudit(notifications_database.instance_a.pool, "notifications")
    assert await audit.count_mismatches() == 0
    await notifications_database.sql.execute("UPDATE notifications SET told_count = count + 1")
    assert await audit.count_mismatches() == 1


async def test_order_of_a_batch_is_kept(
    notifications_database: ServiceDatabase, notifications: PostgresNotifications
) -> None:
    """The last one is the newest, whatever ids and groups; also one that counts up."""
    ana, *rest = sorted_random_ids(30)
    await notifications_database.cache_users(*rest)
    posts, senders = rest[:12], rest[12:]
    random.Random(1).shuffle(posts)
    again = posts[3]
    given = [like_notification(ana, sender, post) for sender, post in zip(senders, posts, strict=False)]
    await notifications.add([*given, like_notification(ana, senders[-1], again)], None)
    wanted = [*(post for post in posts if post != again), again]
    assert [one.reference_id for one in await list_notifications(notifications, ana)] == wanted[::-1]


async def test_group_about_an_object_is_removed(notifications: PostgresNotifications) -> None:
    """Read ones too; other groups and recipients keep theirs, and its sources may notify again."""
    ana, ben, cyd = sorted_random_ids(3)
    post = random_id()
    like = like_notification(ana, ben, post)
    other_group = msgspec.structs.replace(like, source="other", group_key="other")
    await notifications.add([like, other_group, like_notification(cyd, ben, post)], None)
    await notifications.mark_all_read(ana)
    await notifications.add([like_notification(ana, cyd, post)], None)
    removed = await notifications.remove_group(ana, post, like.group_key)
    assert {recipient: len(ids) for recipient, ids in removed.items()} == {ana: 2}
    assert await notifications.remove_group(ana, post, like.group_key) == {}
    assert await notifications.remove_group(ana, random_id(), "other") == {}
    assert len(await list_notifications(notifications, ana)) == 1
    assert len(await list_notifications(notifications, cyd)) == 1
    await notifications.add([like], None)
    assert len(await list_notifications(notifications, ana)) == 2
