"""What users do about people, posts and events on one instance has its effect on the other one.

Each row of `FEATURES` acts through the Python client on the first instance, reads through the second one, and
waits for what is pushed to sockets of the second one.
"""

import io
import json
import zipfile
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from datetime import UTC, datetime, time, timedelta
from uuid import uuid4
from zoneinfo import ZoneInfo

import aiohttp
import msgspec
import pytest

from actors.protocol.event_objects import Event, EventVisibility, Place, RsvpStatus
from actors.protocol.notification_objects import NotificationChannel, NotificationType, QuietHours
from actors.protocol.objects import DataExportState
from actors.protocol.server_frames import (
    ConversationJoined,
    ConversationUpdated,
    EventUpdated,
    FeedPostCreated,
    NotificationCreated,
)
from actors.protocol.social_objects import PostVisibility
from client.event_requests import SeriesScope
from client.http_requests import EventUpdate, NewRsvp
from tests.end_to_end.conftest import Pair
from tests.end_to_end.two_instance_users import (
    WAIT_S,
    TwoInstanceUser,
    connect_users,
    error_code,
    make_event,
)
from tests.end_to_end.user_api import wait_until_equal

GOING = NewRsvp(RsvpStatus.GOING)
Feature = Callable[[TwoInstanceUser, TwoInstanceUser, TwoInstanceUser], Awaitable[None]]


# --- people


async def relationships(ana: TwoInstanceUser, ben: TwoInstanceUser, cyd: TwoInstanceUser) -> None:
    await ana.first.follow(ben.id)
    await cyd.first.follow(ana.id)
    profile = await ben.second.user(ana.id)
    assert profile.relationship is not None
    assert (profile.relationship.followed_by, profile.relationship.following) == (True, False)
    assert (profile.followers_count, profile.following_count) == (1, 1)
    related = {one.user_id: one for one in await ana.second.relationships([ben.id, cyd.id])}
    assert (related[ben.id].following, related[cyd.id].followed_by) == (True, True)
    await ben.wait_for_notification(NotificationType.FOLLOW)


async def blocks(ana: TwoInstanceUser, ben: TwoInstanceUser, _cyd: TwoInstanceUser) -> None:
    await ben.first.follow(ana.id)
    follow = await ana.wait_for_notification(NotificationType.FOLLOW)
    await ana.first.block(ben.id)
    await ana.wait_for_withdrawal(follow)
    assert [one.id for one in (await ana.second.blocked_users()).items] == [ben.id]
    assert await error_code(ben.second.user(ana.id)) == "user.not_found"
    # Also the one who does not see the other.
    await ben.first.block(ana.id)
    assert [one.id for one in (await ben.second.blocked_users()).items] == [ana.id]
    await ben.first.unblock(ana.id)
    await ana.first.unblock(ben.id)
    assert (await ben.second.user(ana.id)).id == ana.id


async def mutes(ana: TwoInstanceUser, ben: TwoInstanceUser, cyd: TwoInstanceUser) -> None:
    await ana.first.follow(ben.id)
    until = datetime.now(UTC).replace(microsecond=0) + timedelta(days=1)
    await ana.first.mute(ben.id, expires_at=until)
    (mute,) = (await ana.second.muted_users()).items
    assert (mute.user.id, mute.posts, mute.notifications) == (ben.id, True, True)
    assert mute.expires_at is not None
    assert datetime.fromisoformat(mute.expires_at) == until
    post = await ana.first.posts.create("hello")
    await ben.first.posts.create("not for ana")
    await ben.first.posts.like(post.id)
    await cyd.first.posts.like(post.id)
    # The later one of the two likes.
    liked = await ana.wait_for_notification(NotificationType.LIKE)
    assert (liked.sender and liked.sender.id, liked.count) == (cyd.id, 1)
    assert [one.id for one in (await ana.second.posts.feed()).items] == [post.id]
    # Nor is a post pushed: Ana gets the hint of a later one alone.
    await cyd.first.follow(ben.id)
    await ana.first.follow(cyd.id)
    await ben.first.posts.create("not for ana either")
    await cyd.wait_for_hint_of(ben)
    await cyd.first.posts.create("for ana")
    await ana.wait_for_hint_of(cyd)
    assert not ana.hints_of(ben)
    await ana.first.unmute(ben.id)
    assert (await ana.second.muted_users()).items == []


async def private_accounts(ana: TwoInstanceUser, ben: TwoInstanceUser, cyd: TwoInstanceUser) -> None:
    await ana.first.set_private(private=True)
    post = await ana.first.posts.create("for followers")
    await ben.first.follow(ana.id)
    await cyd.first.follow(ana.id)
    profile = await ben.second.user(ana.id)
    assert profile.private
    assert profile.relationship is not None
    assert (profile.relationship.following, profile.relationship.requested) == (False, True)
    request = await ana.wait_for_notification(NotificationType.FOLLOW_REQUEST)
    requests = (await ana.second.follow_requests()).items
    assert [one.user.id for one in requests] == [cyd.id, ben.id]
    assert await error_code(ben.second.posts.get(post.id)) == "post.not_found"
    await ana.first.accept_follow_request(ben.id)
    await ana.first.decline_follow_request(cyd.id)
    assert (await ben.second.posts.get(post.id)).id == post.id
    assert await error_code(cyd.second.posts.get(post.id)) == "post.not_found"
    assert (await ana.second.follow_requests()).items == []
    await ana.wait_for_withdrawal(request)
    # A new post is pushed to the follower alone: Cyd gets the hint of a later post.
    await cyd.first.follow(ben.id)
    await ana.first.posts.create("for followers too")
    await ben.wait_for_hint_of(ana)
    await ben.first.posts.create("for everyone")
    await cyd.wait_for_hint_of(ben)
    assert not cyd.hints_of(ana)


async def suggestions(ana: TwoInstanceUser, ben: TwoInstanceUser, cyd: TwoInstanceUser) -> None:
    await ben.first.follow(cyd.id)
    first_page = await ana.second.posts.feed()
    assert first_page.follows_no_one
    await ana.first.follow(ben.id)
    assert not (await ana.second.posts.feed()).follows_no_one
    suggested = {one.id: one for one in await ana.second.suggestions()}
    assert (suggested[cyd.id].reason, suggested[cyd.id].friend_count) == ("FRIENDS", 1)
    await ana.first.dismiss_suggestion(cyd.id)
    assert cyd.id not in [one.id for one in await ana.second.suggestions()]


# --- posts


async def mentions_and_edits(ana: TwoInstanceUser, ben: TwoInstanceUser, _cyd: TwoInstanceUser) -> None:
    post = await ana.first.posts.create(f"Hello @{ben.username}. #Ärger")
    seen = await ben.second.posts.get(post.id)
    assert ([one.id for one in seen.mentions], seen.tags) == ([ben.id], ["Ärger"])
    mention = await ben.wait_for_notification(NotificationType.MENTION)
    assert mention.reference_id == post.id
    await ana.first.posts.edit(post.id, "Hello")
    edited = await ben.second.posts.get(post.id)
    assert (edited.content, edited.mentions, edited.edited_at is not None) == ("Hello", [], True)
    assert [one.content for one in (await ben.second.posts.history(post.id)).items] == [post.content]
    await ben.wait_for_withdrawal(mention)


async def visible_posts(ana: TwoInstanceUser, ben: TwoInstanceUser, cyd: TwoInstanceUser) -> None:
    await ben.first.follow(ana.id)
    post = await ana.first.posts.create("for followers", visibility=PostVisibility.FOLLOWERS)
    hint = await ben.wait_for_frame(FeedPostCreated, lambda frame: frame.post.id == post.id)
    assert hint.post.visibility is PostVisibility.FOLLOWERS
    assert (await ben.second.posts.get(post.id)).visibility is PostVisibility.FOLLOWERS
    assert await error_code(cyd.second.posts.get(post.id)) == "post.not_found"
    assert post.id not in await cyd.second.posts.atom_feed(ana.id)
    # The hint of a later post comes alone.
    await cyd.first.follow(ben.id)
    await ben.first.posts.create("for everyone")
    await cyd.wait_for_hint_of(ben)
    assert not cyd.hints_of(ana)


async def reposts_and_quotes(ana: TwoInstanceUser, ben: TwoInstanceUser, cyd: TwoInstanceUser) -> None:
    await cyd.first.follow(ben.id)
    post = await ana.first.posts.create("original")
    repost = await ben.first.posts.repost(post.id)
    await ana.wait_for_notification(NotificationType.REPOST)
    (hint,) = await cyd.wait_for_hint_of(ben)
    assert hint.post.repost_of is not None
    assert (hint.post.id, hint.post.repost_of.id) == (repost.id, post.id)
    quote = await ben.first.posts.repost(post.id, "look")
    seen = await ben.second.posts.get(post.id)
    assert (seen.repost_count, seen.reposted_by_me) == (2, True)
    seen_quote = await cyd.second.posts.get(quote.id)
    assert seen_quote.repost_of is not None
    assert (seen_quote.content, seen_quote.repost_of.id) == ("look", post.id)
    # The quote shows another post, the repost the original.
    await wait_until_equal(lambda: feed_ids(cyd), [quote.id, repost.id])
    await ben.first.posts.remove_repost(post.id)
    assert await feed_ids(cyd) == [quote.id]
    assert (await ana.second.posts.get(post.id)).repost_count == 1


async def bookmarks(ana: TwoInstanceUser, ben: TwoInstanceUser, _cyd: TwoInstanceUser) -> None:
    post = await ana.first.posts.create("keep me")
    await ben.first.posts.bookmark(post.id)
    assert [one.id for one in (await ben.second.posts.bookmarks()).items] == [post.id]
    assert (await ben.second.posts.get(post.id)).bookmarked_by_me
    assert not (await ana.second.posts.get(post.id)).bookmarked_by_me
    await ben.first.posts.remove_bookmark(post.id)
    assert (await ben.second.posts.bookmarks()).items == []


async def comments(ana: TwoInstanceUser, ben: TwoInstanceUser, cyd: TwoInstanceUser) -> None:
    post = await ana.first.posts.create("discuss")
    comment = await ben.first.posts.comment(post.id, f"@{cyd.username}?")
    reply = await cyd.first.posts.comment(post.id, "yes", comment.id)
    await ana.first.posts.like_comment(comment.id)
    listed = (await ana.second.posts.comments(post.id)).items
    assert [(one.id, one.parent_id, one.like_count) for one in listed] == [
        (comment.id, None, 1),
        (reply.id, comment.id, 0),
    ]
    await cyd.wait_for_notification(NotificationType.MENTION)
    await ben.wait_for_notification(NotificationType.COMMENT)
    await ben.wait_for_notification(NotificationType.LIKE)
    await ana.wait_for_notification(NotificationType.COMMENT)
    assert (await ana.second.posts.get(post.id)).comment_count == 2


async def tags(ana: TwoInstanceUser, ben: TwoInstanceUser, _cyd: TwoInstanceUser) -> None:
    tag = f"Straße{uuid4().hex}"
    post = await ana.first.posts.create(f"#{tag}")
    await ben.first.posts.follow_tag(tag.upper())
    assert [one.id for one in (await ben.second.posts.by_tag(tag.lower())).items] == [post.id]
    assert (await ben.second.posts.tag(tag)).following
    assert [one.tag for one in (await ben.second.posts.followed_tags()).items] == [tag.upper()]
    assert await feed_ids(ben) == [post.id]
    await ben.first.posts.unfollow_tag(tag)
    assert await feed_ids(ben) == []


async def public_lists(ana: TwoInstanceUser, ben: TwoInstanceUser, _cyd: TwoInstanceUser) -> None:
    post = await ana.first.posts.create("for everyone")
    timeline = await ben.second.posts.public_timeline(limit=100)
    assert post.id in [one.id for one in timeline.items]
    assert post.id in await ben.second.posts.atom_feed(ana.id)
    await ana.first.block(ben.id)
    timeline = await ben.second.posts.public_timeline(limit=100)
    assert post.id not in [one.id for one in timeline.items]


async def what_becomes_invisible(ana: TwoInstanceUser, ben: TwoInstanceUser, _cyd: TwoInstanceUser) -> None:
    """A post and an event that a user was notified of, and no longer sees."""
    post = await ana.first.posts.create(f"@{ben.username}")
    mention = await ben.wait_for_notification(NotificationType.MENTION)
    event = await ana.first.events.create(make_event())
    await ben.first.events.set_rsvp(event.id, NewRsvp(RsvpStatus.INTERESTED))
    await ana.first.events.update(event.id, EventUpdate(title="Petanque"))
    update = await ben.wait_for_notification(NotificationType.EVENT_UPDATE)
    await ben.first.events.delete_rsvp(event.id)
    await ana.first.set_private(private=True)
    await ben.wait_for_withdrawal(mention)
    await ana.first.events.update(event.id, EventUpdate(visibility=EventVisibility.INVITED))
    assert (await ben.wait_for_withdrawal(update)).unread_count == 0
    assert await error_code(ben.second.posts.get(post.id)) == "post.not_found"
    assert await error_code(ben.second.events.get(event.id)) == "event.not_found"


async def feed_ids(user: TwoInstanceUser) -> list[str]:
    return [one.id for one in (await user.second.posts.feed()).items if one.author.id != user.id]


# --- events


async def places_and_zones(ana: TwoInstanceUser, ben: TwoInstanceUser, _cyd: TwoInstanceUser) -> None:
    word = f"w{uuid4().hex}"
    event = await ana.first.events.create(make_event(word))
    seen = await ben.second.events.get(event.id)
    assert (seen.timezone, seen.url) == ("Europe/Berlin", "https://example.org/boules")
    assert seen.place == Place("Tempelhof", "Berlin", 52.473, 13.403)
    assert seen.start_datetime.endswith("Z")
    nearby = await ben.second.events.search(word, near=(52.52, 13.405, 10.0))
    assert [one.id for one in nearby.items] == [event.id]
    assert (await ben.second.events.search(word, near=(48.1, 11.6, 10.0))).items == []
    assert [one.id for one in (await ana.second.events.search(mine="hosting")).items] == [event.id]
    await ben.first.events.set_rsvp(event.id, GOING)
    assert [one.id for one in (await ben.second.events.search(mine="going")).items] == [event.id]


async def invited_events(ana: TwoInstanceUser, ben: TwoInstanceUser, cyd: TwoInstanceUser) -> None:
    word = f"w{uuid4().hex}"
    event = await ana.first.events.create(make_event(word))
    await ana.first.events.update(event.id, EventUpdate(visibility=EventVisibility.INVITED))
    await ana.first.events.invite(event.id, [ben.id])
    await ben.wait_for_notification(NotificationType.EVENT_INVITE)
    assert [one.id for one in (await ben.second.events.search(mine="invited")).items] == [event.id]
    assert await error_code(cyd.second.events.get(event.id)) == "event.not_found"
    assert (await cyd.second.events.search(word)).items == []
    assert await error_code(cyd.second.events.calendar_file(event.id)) == "event.not_found"


async def hosts_and_cancellation(ana: TwoInstanceUser, ben: TwoInstanceUser, cyd: TwoInstanceUser) -> None:
    event = await ana.first.events.create(make_event())
    await cyd.first.events.set_rsvp(event.id, GOING)
    await ana.first.events.add_host(event.id, ben.id)
    assert [one.id for one in (await cyd.second.events.get(event.id)).hosts] == [ana.id, ben.id]
    await ben.wait_for_notification(NotificationType.EVENT_UPDATE, "co-host")
    await ben.wait_for_frame(ConversationJoined, lambda frame: frame.conversation.id == event.conversation_id)
    await ben.first.events.cancel(event.id, "Rain")
    await cyd.wait_for_notification(NotificationType.EVENT_UPDATE, "Rain")
    await cyd.wait_for_frame(EventUpdated, lambda frame: frame.event.cancelled_at is not None)
    seen = await cyd.second.events.get(event.id)
    assert (seen.cancel_reason, seen.my_rsvp, seen.going_count) == ("Rain", RsvpStatus.GOING, 1)
    assert await error_code(ana.second.events.set_rsvp(event.id, GOING)) == "event.cancelled"


async def series(ana: TwoInstanceUser, ben: TwoInstanceUser, _cyd: TwoInstanceUser) -> None:
    # Tuesdays; the clocks are set back between the second and the third.
    start = datetime(2045, 10, 17, 16, 30, tzinfo=UTC)
    choir = msgspec.structs.replace(
        make_event("Choir", rrule="FREQ=WEEKLY;COUNT=4"),
        start_datetime=start,
        end_datetime=start + timedelta(hours=1),
    )
    first = await ana.first.events.create(choir)

    async def events() -> list[Event]:
        return (await ana.second.events.search(mine="hosting")).items

    made = await events()
    assert [one.series and one.series.rrule for one in made] == ["FREQ=WEEKLY;COUNT=4"] * 4
    zone = ZoneInfo("Europe/Berlin")
    local_starts = [datetime.fromisoformat(one.start_datetime).astimezone(zone) for one in made]
    assert [one.time() for one in local_starts] == [time(18, 30)] * 4
    assert [one.start_datetime[11:16] for one in made] == ["16:30", "16:30", "17:30", "17:30"]
    await ben.first.events.set_rsvp(made[3].id, GOING)
    await ana.first.events.update(made[2].id, EventUpdate(title="Later"), SeriesScope.FOLLOWING)
    await ana.first.events.update(first.id, EventUpdate(title="First"))
    assert [one.title for one in await events()] == ["First", "Choir", "Later", "Later"]
    await ben.wait_for_frame(
        EventUpdated, lambda frame: (frame.event.id, frame.event.title) == (made[3].id, "Later")
    )
    assert "RRULE:FREQ=WEEKLY" in await ben.second.events.calendar_file(first.id)
    await ana.first.events.delete(made[2].id, SeriesScope.FOLLOWING)
    assert [one.title for one in await events()] == ["First", "Choir"]
    await ben.wait_for_notification(NotificationType.EVENT_UPDATE, "Later was cancelled")


async def guests_and_approval(ana: TwoInstanceUser, ben: TwoInstanceUser, cyd: TwoInstanceUser) -> None:
    event = await ana.first.events.create(make_event(capacity=4, approval=True))
    asked = await ben.first.events.set_rsvp(event.id, NewRsvp(RsvpStatus.GOING, guests=2))
    assert asked.status is RsvpStatus.PENDING
    await ana.wait_for_notification(NotificationType.EVENT_UPDATE)
    (request,) = (await ana.second.events.requests(event.id)).items
    assert (request.user.id, request.guests) == (ben.id, 2)
    assert (await ben.second.events.get(event.id)).going_count == 0
    await ana.first.events.accept_request(event.id, ben.id)
    await ben.wait_for_notification(NotificationType.EVENT_UPDATE)
    seen = await ben.second.events.get(event.id)
    assert (seen.my_rsvp, seen.my_guests, seen.going_count) == (RsvpStatus.GOING, 2, 3)
    await cyd.first.events.set_rsvp(event.id, NewRsvp(RsvpStatus.GOING, waitlist=False, guests=1))
    accept = ana.second.events.accept_request(event.id, cyd.id)
    assert await error_code(accept) == "event.full"


async def waiting_parties(ana: TwoInstanceUser, ben: TwoInstanceUser, cyd: TwoInstanceUser) -> None:
    event = await ana.first.events.create(make_event(capacity=3))
    pair, alone = NewRsvp(RsvpStatus.GOING, guests=1), NewRsvp(RsvpStatus.GOING, guests=0)
    await ben.first.events.set_rsvp(event.id, pair)
    waiting = await cyd.second.events.set_rsvp(event.id, pair)
    assert (waiting.status, waiting.waitlist_position, waiting.guests) == (None, 1, 1)
    # The place that is too small for the first party goes to the next one that fits.
    assert (await ana.first.events.set_rsvp(event.id, alone)).status is RsvpStatus.GOING
    await ben.second.events.set_rsvp(event.id, alone)
    assert (await cyd.first.events.get(event.id)).my_waitlist_position == 1
    await ana.first.events.delete_rsvp(event.id)
    await cyd.wait_for_notification(NotificationType.EVENT_UPDATE, "off the waitlist")
    await cyd.wait_for_frame(ConversationJoined, lambda frame: frame.conversation.id == event.conversation_id)
    for seen in (await cyd.first.events.get(event.id), await cyd.second.events.get(event.id)):
        assert (seen.my_rsvp, seen.my_guests, seen.going_count) == (RsvpStatus.GOING, 1, 3)


async def reminders(ana: TwoInstanceUser, ben: TwoInstanceUser, _cyd: TwoInstanceUser) -> None:
    event = await ana.first.events.create(make_event(starts_in=timedelta(seconds=65)))
    await ben.first.events.set_rsvp(event.id, NewRsvp(RsvpStatus.GOING, reminders=[1]))
    assert (await ben.second.events.rsvp(event.id)).reminders == [1]
    reminder = await ben.wait_for_notification(NotificationType.EVENT_REMINDER)
    assert (reminder.reference_id, reminder.count) == (event.id, 1)


async def attendance(ana: TwoInstanceUser, ben: TwoInstanceUser, _cyd: TwoInstanceUser) -> None:
    event = await ana.first.events.create(make_event())
    await ben.first.events.set_rsvp(event.id, GOING)
    code = (await ben.second.events.rsvp(event.id)).check_in_code
    assert code is not None
    await ana.first.events.check_in(event.id, ben.id, code)
    assert (await ben.second.events.rsvp(event.id)).checked_in_at is not None
    assert ben.username in await ana.second.events.attendance(event.id)
    assert await error_code(ben.second.events.attendance(event.id)) == "permission.denied"
    await ben.wait_for_frame(ConversationJoined, lambda frame: frame.conversation.id == event.conversation_id)
    await ana.first.events.announce(event.id, "Bring cups")
    await ben.wait_for_notification(NotificationType.EVENT_UPDATE, "Bring cups")
    await ben.wait_for_frame(ConversationUpdated, lambda frame: "Bring cups" in frame.message.content)


async def calendars(ana: TwoInstanceUser, ben: TwoInstanceUser, _cyd: TwoInstanceUser) -> None:
    event = await ana.first.events.create(make_event())
    await ben.first.events.set_rsvp(event.id, GOING)
    text = await ben.second.events.calendar_file(event.id)
    for line in ("BEGIN:VTIMEZONE", "TZID:Europe/Berlin", "GEO:52.473000;13.403000", "SEQUENCE:"):
        assert line in text
    link = await ben.first.events.create_calendar_link()
    path = link.http_url[link.http_url.index("/v1/") :]
    url = ben.second_url + path
    async with aiohttp.ClientSession() as session:
        async with session.get(url) as response:
            assert event.id in await response.text()
            tag = response.headers["ETag"]
        async with session.get(url, headers={"If-None-Match": tag}) as response:
            assert response.status == 304
        await ana.first.events.update(event.id, EventUpdate(title="Petanque"))
        async with session.get(url, headers={"If-None-Match": tag}) as response:
            assert (response.status, "SUMMARY:Petanque" in await response.text()) == (200, True)
        await ben.first.events.revoke_calendar_link()
        async with session.get(url) as response:
            assert response.status == 404


# --- data and notifications


async def data_export(ana: TwoInstanceUser, ben: TwoInstanceUser, _cyd: TwoInstanceUser) -> None:
    post = await ana.first.posts.create("mine")
    other = await ben.first.posts.create("not hers")
    await ana.first.export()
    await ana.wait_for_notification(NotificationType.EXPORT_READY)
    export = await ana.second.export(start=False)
    assert export.state is DataExportState.READY
    archive = io.BytesIO()
    async for part in ana.second.download_export(export):
        archive.write(part)
    with zipfile.ZipFile(archive) as files:
        texts = {name: files.read(name).decode() for name in files.namelist()}
    assert [one["id"] for one in json.loads(texts["posts.json"])] == [post.id]
    assert not [name for name, text in texts.items() if other.content in text]


async def notification_preferences(ana: TwoInstanceUser, ben: TwoInstanceUser, _cyd: TwoInstanceUser) -> None:
    now = datetime.now(ZoneInfo("Europe/Berlin"))
    start, end = (f"{now + timedelta(hours=hours):%H:%M}" for hours in (-2, 2))
    quiet_hours = QuietHours(start, end, "Europe/Berlin")
    await ana.first.replace_notification_preferences(
        {NotificationType.LIKE: NotificationChannel.NOTHING}, quiet_hours
    )
    saved = await ana.second.notification_preferences()
    assert saved.quiet_hours == quiet_hours
    assert saved.channels[NotificationType.LIKE] is NotificationChannel.NOTHING
    post = await ana.first.posts.create("hello")
    await ben.first.posts.like(post.id)
    await ben.first.posts.comment(post.id, "so")
    await ana.wait_for_notification(NotificationType.COMMENT)
    pushed = [
        (frame.notification.type, frame.silent)
        for frame in ana.frames
        if isinstance(frame, NotificationCreated)
    ]
    assert pushed == [(NotificationType.COMMENT, True)]


FEATURES: dict[str, Feature] = {
    "relationships and counts": relationships,
    "blocks": blocks,
    "mutes": mutes,
    "private accounts and requests to follow": private_accounts,
    "suggestions": suggestions,
    "mentions, tags and edits": mentions_and_edits,
    "posts for followers": visible_posts,
    "reposts and quotes": reposts_and_quotes,
    "bookmarks": bookmarks,
    "replies and likes of comments": comments,
    "tags": tags,
    "public timeline and Atom": public_lists,
    "what becomes invisible": what_becomes_invisible,
    "places, zones and own events": places_and_zones,
    "events for invited users": invited_events,
    "co-hosts and cancellation": hosts_and_cancellation,
    "series": series,
    "guests and approval": guests_and_approval,
    "waiting parties": waiting_parties,
    "reminders": reminders,
    "attendance and announcements": attendance,
    "calendars": calendars,
    "data export": data_export,
    "notification preferences": notification_preferences,
}


@pytest.mark.timeout(4 * WAIT_S)
@pytest.mark.parametrize("feature", FEATURES.values(), ids=FEATURES.keys())
async def test_feature_works_over_two_instances(feature: Feature, pair: Pair) -> None:
    """What one does on the first instance is read, and pushed, on the second one."""
    async with AsyncExitStack() as stack:
        ana, ben, cyd = await connect_users(pair, ("ana", "ben", "cyd"), stack)
        await feature(ana, ben, cyd)
