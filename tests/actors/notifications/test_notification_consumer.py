"""Domain events become notifications with the right recipient, text and grouping."""

import uuid

from actors.notifications.notification_consumer import UPDATES_OF_EVENT_MAX
from actors.protocol.objects import UserCard
from actors.protocol.server_frames import NotificationRead
from storage.contracts.events import EventChange
from storage.contracts.posts import NewPostRecord
from tests.actors.notifications.notification_setup import NotificationSetup


async def test_follow_notifies_the_followed_user(setup: NotificationSetup) -> None:
    """The text names the follower by display name, or else by username."""
    await setup.social.follow(setup.ana, setup.cyd)
    await setup.catch_up()
    await setup.notifications.mark_all_read(setup.cyd)
    await setup.social.follow(setup.ben, setup.cyd)
    await setup.catch_up()
    of_ben, of_ana = await setup.list_notifications(setup.cyd)

    assert (of_ana.type, of_ana.title, of_ana.message) == (
        "FOLLOW",
        "New follower",
        "Ana started following you",
    )
    assert of_ana.sender == UserCard(setup.ana, "ana", "Ana", None, verified=False)
    assert (of_ana.reference_id, of_ana.is_read, of_ana.count) == (setup.ana, True, 1)
    assert (of_ben.message, of_ben.reference_id, of_ben.is_read) == (
        "@ben started following you",
        setup.ben,
        False,
    )
    assert await setup.list_notifications(setup.ana) == await setup.list_notifications(setup.ben) == []


async def test_likes_of_one_post_are_grouped(setup: NotificationSetup) -> None:
    """Likes by others notify the author, own likes do not; likes of one post share a notification."""
    post_id = await setup.posts.create(NewPostRecord(setup.ana, "a post"), None)
    other_id = await setup.posts.create(NewPostRecord(setup.ana, "another"), None)
    for user_id in (setup.ana, setup.ben, setup.cyd):
        await setup.reactions.like(post_id, user_id)
    await setup.catch_up()
    await setup.reactions.like(other_id, setup.ben)
    await setup.catch_up()

    assert await setup.list_messages(setup.ana) == [
        ("LIKE", "@ben liked your post", 1),
        ("LIKE", "Cyd and 1 more liked your post", 2),
    ]
    assert [notification.reference_id for notification in await setup.list_notifications(setup.ana)] == [
        other_id,
        post_id,
    ]
    assert await setup.notifications.count_unread(setup.ana) == 2


async def test_repeated_like_notifies_once(setup: NotificationSetup) -> None:
    """Repeating the same like notifies once."""
    post_id = await setup.posts.create(NewPostRecord(setup.ana, "a post"), None)
    for _ in range(3):
        await setup.reactions.unlike(post_id, setup.ben)
        await setup.reactions.like(post_id, setup.ben)
        await setup.social.unfollow(setup.ben, setup.ana)
        await setup.social.follow(setup.ben, setup.ana)
    await setup.catch_up()

    assert sorted(await setup.list_messages(setup.ana)) == [
        ("FOLLOW", "@ben started following you", 1),
        ("LIKE", "@ben liked your post", 1),
    ]


async def test_each_comment_notifies(setup: NotificationSetup) -> None:
    """Every comment counts; an unread notification is extended, after a read one a new one starts."""
    post_id = await setup.posts.create(NewPostRecord(setup.ana, "a post"), None)
    await setup.reactions.comment(post_id, setup.ana, "first!", None)
    await setup.reactions.comment(post_id, setup.ben, "second", None)
    await setup.reactions.comment(post_id, setup.ben, "third", None)
    await setup.catch_up()
    (counted,) = await setup.list_notifications(setup.ana)
    await setup.notifications.mark_read(setup.ana, counted.id)
    await setup.reactions.comment(post_id, setup.cyd, "fourth", None)
    await setup.catch_up()

    assert [
        (notification.message, notification.count, notification.is_read)
        for notification in await setup.list_notifications(setup.ana)
    ] == [
        ("Cyd commented on your post", 1, False),
        ("@ben and 1 more commented on your post", 2, True),
    ]


async def test_invite_notifies_the_invited_users(setup: NotificationSetup) -> None:
    """The text names the inviter and the event."""
    event_id = await setup.create_event(setup.ana, "Boules")
    await setup.events.invite(event_id, setup.ana, [setup.ana, setup.ben, setup.cyd], None)
    await setup.catch_up()

    for user_id in (setup.ben, setup.cyd):
        assert await setup.list_messages(user_id) == [("EVENT_INVITE", "Ana invited you to Boules", 1)]
        assert [notification.reference_id for notification in await setup.list_notifications(user_id)] == [
            event_id
        ]
    assert await setup.list_notifications(setup.ana) == []


async def test_waitlist_promotion_notifies_without_sender(setup: NotificationSetup) -> None:
    """A promoted user gets a notification without a sender."""
    event_id = await setup.create_event(setup.ana, capacity=1)
    await setup.rsvps.set_rsvp(event_id, setup.ben, "GOING", waitlist=False)
    await setup.rsvps.set_rsvp(event_id, setup.cyd, "GOING", waitlist=True)
    await setup.rsvps.delete_rsvp(event_id, setup.ben)
    await setup.catch_up()
    (notification,) = await setup.list_notifications(setup.cyd)

    assert (notification.type, notification.message) == ("EVENT_UPDATE", "You're off the waitlist for Boules")
    assert (notification.sender, notification.reference_id) == (None, event_id)
    assert await setup.list_notifications(setup.ben) == []


async def test_last_of_many_event_updates_notify(setup: NotificationSetup) -> None:
    """Of one event in a batch; those of another event are not affected."""
    event_ids = [await setup.create_event(setup.ana) for _ in range(2)]
    for event_id in event_ids:
        await setup.rsvps.set_rsvp(event_id, setup.ben, "MAYBE", waitlist=False)
    for number in range(UPDATES_OF_EVENT_MAX + 2):
        await setup.events.change(event_ids[0], EventChange(title=f"Boules {number}"))
    await setup.events.change(event_ids[1], EventChange(title="Chess"))
    await setup.catch_up()

    assert sorted(await setup.list_messages(setup.ben)) == [
        ("EVENT_UPDATE", "Ana and 2 more updated Boules 4", UPDATES_OF_EVENT_MAX),
        ("EVENT_UPDATE", "Ana updated Chess", 1),
    ]


async def test_event_update_notifies_users_with_rsvps(setup: NotificationSetup) -> None:
    """Users with a positive RSVP get a notification and an ephemeral event; the creator gets neither."""
    dan = setup.user_source.add_user("dan")
    event_id = await setup.create_event(setup.ana)
    for user_id, status in ((setup.ana, "GOING"), (setup.ben, "MAYBE"), (dan, "NOT_GOING")):
        await setup.rsvps.set_rsvp(event_id, user_id, status, waitlist=False)
    for title in ("Boules at night", "Boules at noon"):
        await setup.events.change(event_id, EventChange(title=title))
    await setup.events.change(event_id, EventChange(title="Boules at noon"))
    await setup.catch_up()

    assert await setup.list_messages(setup.ben) == [
        ("EVENT_UPDATE", "Ana and 1 more updated Boules at noon", 2)
    ]
    assert (
        await setup.list_notifications(setup.ana)
        == await setup.list_notifications(dan)
        == await setup.list_notifications(setup.cyd)
        == []
    )
    assert setup.published_event_updates == [(event_id, [setup.ben])] * 2


async def test_blocked_users_do_not_notify_each_other(setup: NotificationSetup) -> None:
    """A block suppresses notifications in both directions, also for events from before the block."""
    post_id, event_id = (
        await setup.posts.create(NewPostRecord(setup.ana, "a post"), None),
        await setup.create_event(setup.ana),
    )
    await setup.social.follow(setup.ben, setup.ana)
    await setup.reactions.like(post_id, setup.ben)
    await setup.reactions.comment(post_id, setup.cyd, "hello", None)
    for user_id in (setup.ben, setup.cyd):
        await setup.rsvps.set_rsvp(event_id, user_id, "GOING", waitlist=False)
    await setup.social.block(setup.ana, setup.ben)
    await setup.social.block(setup.cyd, setup.ana)
    await setup.events.invite(event_id, setup.ana, [setup.ben], None)
    await setup.events.change(event_id, EventChange(title="Elsewhere"))
    await setup.catch_up()

    # The notifications do not exist, so they do not appear after the unblock either.
    await setup.social.unblock(setup.ana, setup.ben)
    await setup.social.unblock(setup.cyd, setup.ana)
    for user_id in (setup.ana, setup.ben, setup.cyd):
        assert await setup.list_notifications(user_id) == []
    assert setup.published_event_updates == [(event_id, [])]


async def test_block_removes_notifications_between_users(setup: NotificationSetup) -> None:
    """A block removes the notifications between the two and pushes it; unblocking restores none."""
    await setup.social.follow(setup.ana, setup.ben)
    await setup.social.follow(setup.ben, setup.ana)
    await setup.social.follow(setup.cyd, setup.ben)
    await setup.catch_up()
    ids = [notification.id for notification in await setup.list_notifications(setup.ana)]
    assert len(ids) == 1
    await setup.social.block(setup.ana, setup.ben)
    await setup.social.unblock(setup.ana, setup.ben)
    await setup.catch_up()
    frames = await setup.pushed_frames(setup.ana)

    assert await setup.list_notifications(setup.ana) == []
    assert [(type(frame), frame.unread_count) for frame in frames] == [(NotificationRead, 0)]
    assert isinstance(frames[0], NotificationRead)
    assert frames[0].ids == ids


async def test_block_already_removed_still_drops_earlier_notifications(setup: NotificationSetup) -> None:
    """Events from before a block that was removed meanwhile do not notify; later ones do."""
    post_id = await setup.posts.create(NewPostRecord(setup.ana, "a post"), None)
    await setup.social.follow(setup.ben, setup.ana)
    await setup.social.block(setup.ana, setup.ben)
    await setup.social.unblock(setup.ana, setup.ben)
    await setup.catch_up("social")
    assert await setup.list_notifications(setup.ana) == []
    await setup.reactions.like(post_id, setup.ben)
    await setup.catch_up()

    assert await setup.list_messages(setup.ana) == [("LIKE", "@ben liked your post", 1)]


async def test_deleted_users_do_not_notify(setup: NotificationSetup) -> None:
    """Events with a deleted sender or recipient create no notification."""
    gone = str(uuid.uuid4())
    post_id = await setup.posts.create(NewPostRecord(gone, "a post"), None)
    await setup.reactions.like(post_id, setup.ana)
    await setup.social.follow(gone, setup.ana)
    await setup.social.follow(setup.ana, gone)
    await setup.catch_up()

    assert await setup.list_notifications(gone) == await setup.list_notifications(setup.ana) == []


async def test_braces_in_names_are_not_formatted(setup: NotificationSetup) -> None:
    """Braces in a display name appear unchanged in the text."""
    eve = setup.user_source.add_user("eve", "Eve {others}")
    post_id = await setup.posts.create(NewPostRecord(setup.ana, "a post"), None)
    for user_id in (setup.ben, eve):
        await setup.reactions.like(post_id, user_id)
    await setup.catch_up()

    assert await setup.list_messages(setup.ana) == [("LIKE", "Eve {others} and 1 more liked your post", 2)]
