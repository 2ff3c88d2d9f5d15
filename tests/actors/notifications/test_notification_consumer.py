"""What the other services tell becomes notifications: for the right person, in words, once."""

import uuid

from actors.protocol.objects import UserCard
from actors.protocol.server_frames import NotificationRead
from storage.records.events import EventChange
from tests.actors.notifications.notification_setup import NoticeHouse


async def test_a_follow(house: NoticeHouse) -> None:
    """The followed learns who it was: by display name, or else by username."""
    await house.social.follow(house.ana, house.cyd)
    await house.catch_up()
    await house.notifications.mark_all_read(house.cyd)
    await house.social.follow(house.ben, house.cyd)
    await house.catch_up()
    of_ben, of_ana = await house.of(house.cyd)

    assert (of_ana.type, of_ana.title, of_ana.message) == ("FOLLOW", "New follower", "Ana follows you")
    assert of_ana.sender == UserCard(house.ana, "ana", "Ana", None, verified=False)
    assert (of_ana.reference_id, of_ana.is_read, of_ana.count) == (house.ana, True, 1)
    assert (of_ben.message, of_ben.reference_id, of_ben.is_read) == ("@ben follows you", house.ben, False)
    assert await house.of(house.ana) == await house.of(house.ben) == []


async def test_a_like(house: NoticeHouse) -> None:
    """The author is told of others' likes, not of their own; several about one post count up."""
    post_id = await house.posts.create(house.ana, "a post", None, None)
    other_id = await house.posts.create(house.ana, "another", None, None)
    for user_id in (house.ana, house.ben, house.cyd):
        await house.reactions.like(post_id, user_id)
    await house.catch_up()
    await house.reactions.like(other_id, house.ben)
    await house.catch_up()

    assert await house.said(house.ana) == [
        ("LIKE", "@ben liked your post", 1),
        ("LIKE", "Cyd and 1 more liked your post", 2),
    ]
    assert [one.reference_id for one in await house.of(house.ana)] == [other_id, post_id]
    assert await house.notifications.count_unread(house.ana) == 2


async def test_a_like_taken_back_and_given_again(house: NoticeHouse) -> None:
    """Tells once: an occasion is who and what, however often it is repeated."""
    post_id = await house.posts.create(house.ana, "a post", None, None)
    for _ in range(3):
        await house.reactions.like(post_id, house.ben)
        await house.reactions.unlike(post_id, house.ben)
        await house.social.follow(house.ben, house.ana)
        await house.social.unfollow(house.ben, house.ana)
    await house.catch_up()

    assert sorted(await house.said(house.ana)) == [
        ("FOLLOW", "@ben follows you", 1),
        ("LIKE", "@ben liked your post", 1),
    ]


async def test_a_comment(house: NoticeHouse) -> None:
    """Each comment is an occasion of its own; what is unread counts up, what was read begins anew."""
    post_id = await house.posts.create(house.ana, "a post", None, None)
    await house.reactions.comment(post_id, house.ana, "first!", None)
    await house.reactions.comment(post_id, house.ben, "second", None)
    await house.reactions.comment(post_id, house.ben, "third", None)
    await house.catch_up()
    (counted,) = await house.of(house.ana)
    await house.notifications.mark_read(house.ana, counted.id)
    await house.reactions.comment(post_id, house.cyd, "fourth", None)
    await house.catch_up()

    assert [(one.message, one.count, one.is_read) for one in await house.of(house.ana)] == [
        ("Cyd commented on your post", 1, False),
        ("@ben and 1 more commented on your post", 2, True),
    ]


async def test_an_invitation(house: NoticeHouse) -> None:
    """Whoever is invited learns by whom and to what."""
    event_id = await house.event(house.ana, "Boules")
    await house.events.invite(event_id, house.ana, [house.ana, house.ben, house.cyd], None)
    await house.catch_up()

    for user_id in (house.ben, house.cyd):
        assert await house.said(user_id) == [("EVENT_INVITE", "Ana invited you to Boules", 1)]
        assert [one.reference_id for one in await house.of(user_id)] == [event_id]
    assert await house.of(house.ana) == []


async def test_a_place_that_became_free(house: NoticeHouse) -> None:
    """The first in line is told, by nobody in particular."""
    event_id = await house.event(house.ana, capacity=1)
    await house.rsvps.set_rsvp(event_id, house.ben, "GOING", waitlist=False)
    await house.rsvps.set_rsvp(event_id, house.cyd, "GOING", waitlist=True)
    await house.rsvps.delete_rsvp(event_id, house.ben)
    await house.catch_up()
    (told,) = await house.of(house.cyd)

    assert (told.type, told.message) == ("EVENT_UPDATE", "You have a place at Boules")
    assert (told.sender, told.reference_id) == (None, event_id)
    assert await house.of(house.ben) == []


async def test_a_changed_event(house: NoticeHouse) -> None:
    """Those who answered are told, and their devices get a hint; not its creator, nor who will not come."""
    away = house.folk.somebody("dan")
    event_id = await house.event(house.ana)
    for user_id, status in ((house.ana, "GOING"), (house.ben, "MAYBE"), (away, "NOT_GOING")):
        await house.rsvps.set_rsvp(event_id, user_id, status, waitlist=False)
    for title in ("Boules at night", "Boules at noon"):
        await house.events.change(event_id, EventChange(title=title))
    await house.events.change(event_id, EventChange(title="Boules at noon"))
    await house.catch_up()

    assert await house.said(house.ben) == [("EVENT_UPDATE", "Ana and 1 more changed Boules at noon", 2)]
    assert await house.of(house.ana) == await house.of(away) == await house.of(house.cyd) == []
    assert house.hinted == [(event_id, [house.ben])] * 2


async def test_nobody_is_told_by_those_they_are_apart_from(house: NoticeHouse) -> None:
    """Whoever began the block, and also of what was done before it and is heard of only now."""
    post_id, event_id = (
        await house.posts.create(house.ana, "a post", None, None),
        await house.event(house.ana),
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
        assert await house.of(user_id) == []
    assert house.hinted == [(event_id, [])]


async def test_a_block_takes_away_what_they_were_told_of_each_other(house: NoticeHouse) -> None:
    """And of nobody else; devices take it as read. An unblock brings nothing back."""
    await house.social.follow(house.ana, house.ben)
    await house.social.follow(house.ben, house.ana)
    await house.social.follow(house.cyd, house.ben)
    await house.catch_up()
    ids = [one.id for one in await house.of(house.ana)]
    assert len(ids) == 1
    await house.social.block(house.ana, house.ben)
    await house.social.unblock(house.ana, house.ben)
    await house.catch_up()
    heard = await house.heard(house.ana)

    assert await house.of(house.ana) == []
    assert [(type(one), one.unread_count) for one in heard] == [(NotificationRead, 0)]
    assert isinstance(heard[0], NotificationRead)
    assert heard[0].ids == ids


async def test_a_block_that_is_over_already_when_it_is_heard_of(house: NoticeHouse) -> None:
    """What was done before it is told to nobody, though nobody had heard of it; what comes after is."""
    post_id = await house.posts.create(house.ana, "a post", None, None)
    await house.social.follow(house.ben, house.ana)
    await house.social.block(house.ana, house.ben)
    await house.social.unblock(house.ana, house.ben)
    await house.catch_up("social")
    assert await house.of(house.ana) == []
    await house.reactions.like(post_id, house.ben)
    await house.catch_up()

    assert await house.said(house.ana) == [("LIKE", "@ben liked your post", 1)]


async def test_who_does_not_exist_notifies_nobody(house: NoticeHouse) -> None:
    """Neither side is told of or told: one of them was deleted before this was heard."""
    gone = str(uuid.uuid4())
    post_id = await house.posts.create(gone, "a post", None, None)
    await house.reactions.like(post_id, house.ana)
    await house.social.follow(gone, house.ana)
    await house.social.follow(house.ana, gone)
    await house.catch_up()

    assert await house.of(gone) == await house.of(house.ana) == []


async def test_a_name_is_never_filled_in(house: NoticeHouse) -> None:
    """Whatever braces somebody chose to bear."""
    eve = house.folk.somebody("eve", "Eve {others}")
    post_id = await house.posts.create(house.ana, "a post", None, None)
    for user_id in (house.ben, eve):
        await house.reactions.like(post_id, user_id)
    await house.catch_up()

    assert await house.said(house.ana) == [("LIKE", "Eve {others} and 1 more liked your post", 2)]
