"""What the other services tell becomes notifications: for the right person, in words, once."""

import uuid

from actors.protocol.objects import UserCard
from actors.protocol.server_frames import NotificationRead
from storage.contracts.events import EventChange
from tests.actors.notifications.notification_setup import NotificationSetup


async def test_follow_notifies_the_followed_user(house: NotificationSetup) -> None:
    """The followed learns who it was: by display name, or else by username."""
    await house.social.follow(house.ana, house.cyd)
    await house.catch_up()
    await house.notifications.mark_all_read(house.cyd)
    await house.social.follow(house.ben, house.cyd)
    await house.catch_up()
    of_ben, of_ana = await house.list_notifications(house.cyd)

    assert (of_ana.type, of_ana.title, of_ana.message) == ("FOLLOW", "New follower", "Ana follows you")
    assert of_ana.sender == UserCard(house.ana, "ana", "Ana", None, verified=False)
    assert (of_ana.reference_id, of_ana.is_read, of_ana.count) == (house.ana, True, 1)
    assert (of_ben.message, of_ben.reference_id, of_ben.is_read) == ("@ben follows you", house.ben, False)
    assert await house.list_notifications(house.ana) == await house.list_notifications(house.ben) == []


async def test_likes_of_one_post_are_grouped(house: NotificationSetup) -> None:
    """The author is told of others' likes, not of their own; several about one post count up."""
    post_id = await house.posts.create(house.ana, "a post", None, None)
    other_id = await house.posts.create(house.ana, "another", None, None)
    for user_id in (house.ana, house.ben, house.cyd):
        await house.reactions.like(post_id, user_id)
    await house.catch_up()
    await house.reactions.like(other_id, house.ben)
    await house.catch_up()

    assert await house.list_messages(house.ana) == [
        ("LIKE", "@ben liked your post", 1),
        ("LIKE", "Cyd and 1 more liked your post", 2),
    ]
    assert [one.reference_id for one in await house.list_notifications(house.ana)] == [other_id, post_id]
    assert await house.notifications.count_unread(house.ana) == 2


async def test_repeated_like_notifies_once(house: NotificationSetup) -> None:
    """Tells once: an occasion is who and what, however often it is repeated."""
    post_id = await house.posts.create(house.ana, "a post", None, None)
    for _ in range(3):
        await house.reactions.like(post_id, house.ben)
        await house.reactions.unlike(post_id, house.ben)
        await house.social.follow(house.ben, house.ana)
        await house.social.unfollow(house.ben, house.ana)
    await house.catch_up()

    assert sorted(await house.list_messages(house.ana)) == [
        ("FOLLOW", "@ben follows you", 1),
        ("LIKE", "@ben liked your post", 1),
    ]


async def test_each_comment_notifies(house: NotificationSetup) -> None:
    """Each comment is an occasion of its own; what is unread counts up, what was read begins anew."""
    post_id = await house.posts.create(house.ana, "a post", None, None)
    await house.reactions.comment(post_id, house.ana, "first!", None)
    await house.reactions.comment(post_id, house.ben, "second", None)
    await house.reactions.comment(post_id, house.ben, "third", None)
    await house.catch_up()
    (counted,) = await house.list_notifications(house.ana)
    await house.notifications.mark_read(house.ana, counted.id)
    await house.reactions.comment(post_id, house.cyd, "fourth", None)
    await house.catch_up()

    assert [(one.message, one.count, one.is_read) for one in await house.list_notifications(house.ana)] == [
        ("Cyd commented on your post", 1, False),
        ("@ben and 1 more commented on your post", 2, True),
    ]


async def test_invite_notifies_the_invited_users(house: NotificationSetup) -> None:
    """Whoever is invited learns by whom and to what."""
    event_id = await house.create_event(house.ana, "Boules")
    await house.events.invite(event_id, house.ana, [house.ana, house.ben, house.cyd], None)
    await house.catch_up()

    for user_id in (house.ben, house.cyd):
        assert await house.list_messages(user_id) == [("EVENT_INVITE", "Ana invited you to Boules", 1)]
        assert [one.reference_id for one in await house.list_notifications(user_id)] == [event_id]
    assert await house.list_notifications(house.ana) == []


async def test_waitlist_promotion_notifies_without_sender(house: NotificationSetup) -> None:
    """The first in line is told, by nobody in particular."""
    event_id = await house.create_event(house.ana, capacity=1)
    await house.rsvps.set_rsvp(event_id, house.ben, "GOING", waitlist=False)
    await house.rsvps.set_rsvp(event_id, house.cyd, "GOING", waitlist=True)
    await house.rsvps.delete_rsvp(event_id, house.ben)
    await house.catch_up()
    (told,) = await house.list_notifications(house.cyd)

    assert (told.type, told.message) == ("EVENT_UPDATE", "You have a place at Boules")
    assert (told.sender, told.reference_id) == (None, event_id)
    assert await house.list_notifications(house.ben) == []


async def test_event_update_notifies_users_with_rsvps(house: NotificationSetup) -> None:
    """Those who answered are told, and their devices get a hint; not its creator, nor who will not come."""
    away = house.user_source.add_user("dan")
    event_id = await house.create_event(house.ana)
    for user_id, status in ((house.ana, "GOING"), (house.ben, "MAYBE"), (away, "NOT_GOING")):
        await house.rsvps.set_rsvp(event_id, user_id, status, waitlist=False)
    for title in ("Boules at night", "Boules at noon"):
        await house.events.change(event_id, EventChange(title=title))
    await house.events.change(event_id, EventChange(title="Boules at noon"))
    await house.catch_up()

    assert await house.list_messages(house.ben) == [
        ("EVENT_UPDATE", "Ana and 1 more changed Boules at noon", 2)
    ]
    assert (
        await house.list_notifications(house.ana)
        == await house.list_notifications(away)
        == await house.list_notifications(house.cyd)
        == []
    )
    assert house.published_event_updates == [(event_id, [house.ben])] * 2


async def test_blocked_users_do_not_notify_each_other(house: NotificationSetup) -> None:
    """Whoever began the block, and also of what was done before it and is heard of only now."""
    post_id, event_id = (
        await house.posts.create(house.ana, "a post", None, None),
        await house.create_event(house.ana),
    )
    await house.social.follow(house.ben, house.ana)
    await house.reactions.like(post_id, house.ben)
    await house.reactions.comment(post_id, house.cyd, "hello", None)
    for user_id in (house.ben, house.cyd):
        await house.rsvps.set_rsvp(event_id, user_id, "GOING", waitlist=False)
    await house.social.block(house.ana, house.ben)
    await house.social.block(house.cyd, house.ana)
    await house.events.invite(event_id, house.ana, [house.ben], None)
    await house.events.change(event_id, EventChange(title="Elsewhere"))
    await house.catch_up()

    # Not only kept from sight for as long as the block lasts.
    await house.social.unblock(house.ana, house.ben)
    await house.social.unblock(house.cyd, house.ana)
    for user_id in (house.ana, house.ben, house.cyd):
        assert await house.list_notifications(user_id) == []
    assert house.published_event_updates == [(event_id, [])]


async def test_block_removes_notifications_between_users(house: NotificationSetup) -> None:
    """And of nobody else; devices take it as read. An unblock brings nothing back."""
    await house.social.follow(house.ana, house.ben)
    await house.social.follow(house.ben, house.ana)
    await house.social.follow(house.cyd, house.ben)
    await house.catch_up()
    ids = [one.id for one in await house.list_notifications(house.ana)]
    assert len(ids) == 1
    await house.social.block(house.ana, house.ben)
    await house.social.unblock(house.ana, house.ben)
    await house.catch_up()
    heard = await house.pushed_frames(house.ana)

    assert await house.list_notifications(house.ana) == []
    assert [(type(one), one.unread_count) for one in heard] == [(NotificationRead, 0)]
    assert isinstance(heard[0], NotificationRead)
    assert heard[0].ids == ids


async def test_block_already_removed_still_drops_earlier_notifications(house: NotificationSetup) -> None:
    """What was done before it is told to nobody, though nobody had heard of it; what comes after is."""
    post_id = await house.posts.create(house.ana, "a post", None, None)
    await house.social.follow(house.ben, house.ana)
    await house.social.block(house.ana, house.ben)
    await house.social.unblock(house.ana, house.ben)
    await house.catch_up("social")
    assert await house.list_notifications(house.ana) == []
    await house.reactions.like(post_id, house.ben)
    await house.catch_up()

    assert await house.list_messages(house.ana) == [("LIKE", "@ben liked your post", 1)]


async def test_deleted_users_do_not_notify(house: NotificationSetup) -> None:
    """Neither side is told of or told: one of them was deleted before this was heard."""
    gone = str(uuid.uuid4())
    post_id = await house.posts.create(gone, "a post", None, None)
    await house.reactions.like(post_id, house.ana)
    await house.social.follow(gone, house.ana)
    await house.social.follow(house.ana, gone)
    await house.catch_up()

    assert await house.list_notifications(gone) == await house.list_notifications(house.ana) == []


async def test_braces_in_names_are_not_formatted(house: NotificationSetup) -> None:
    """Whatever braces somebody chose to bear."""
    eve = house.user_source.add_user("eve", "Eve {others}")
    post_id = await house.posts.create(house.ana, "a post", None, None)
    for user_id in (house.ben, eve):
        await house.reactions.like(post_id, user_id)
    await house.catch_up()

    assert await house.list_messages(house.ana) == [("LIKE", "Eve {others} and 1 more liked your post", 2)]
