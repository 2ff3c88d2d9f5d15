"""Social features across two instances."""

import asyncio
from collections.abc import Sequence
from contextlib import AsyncExitStack

from actors.protocol.server_frames import (
    ConversationJoined,
    FeedPostCreated,
    NotificationCreated,
    NotificationRead,
    ServerFrame,
)
from client.client import Client
from tests.end_to_end.conftest import Pair
from tests.end_to_end.polling import wait_until
from tests.end_to_end.registered_user import RegisteredUser
from tests.end_to_end.user_api import UserApi, wait_until_equal

COMPETING_USERS = 6
POSTS = 23


def notification_texts(frames: Sequence[ServerFrame]) -> list[str]:
    """Return the texts of the received notifications."""
    return [frame.notification.message for frame in frames if isinstance(frame, NotificationCreated)]


async def test_follow_post_and_like_across_instances(pair: Pair) -> None:
    """Follows, posts, likes and comments are pushed to the other instance and readable on both."""
    first_instance, second_instance = pair
    ana, ben = (
        await RegisteredUser.register("ana", first_instance),
        await RegisteredUser.register("ben", second_instance),
    )
    ana_frames: list[ServerFrame] = []
    ben_frames: list[ServerFrame] = []
    async with (
        Client([first_instance.url], ana.token, on_frame=ana_frames.append),
        Client([second_instance.url], ben.token, on_frame=ben_frames.append),
        UserApi(ana, first_instance) as ana_api,
        UserApi(ben, second_instance) as ben_api,
        UserApi(ben, first_instance) as ben_api_first,
    ):
        await ben_api.follow(ana.id)
        assert (await ana_api.get(f"/v1/users/{ana.id}/stats"))["followers_count"] == 1
        await wait_until(lambda: notification_texts(ana_frames) == ["Ben started following you"])

        post_id = await ana_api.post("hello town")
        assert await ana_api.feed() == [post_id]
        assert (await ben_api.get(f"/v1/posts/{post_id}"))["author"]["display_name"] == "Ana"
        await wait_until_equal(ben_api.feed, [post_id])
        await wait_until(lambda: any(isinstance(frame, FeedPostCreated) for frame in ben_frames))
        await wait_until_equal(
            lambda: ana_api.get(f"/v1/users/{ana.id}/stats"),
            {
                "user_id": ana.id,
                "followers_count": 1,
                "following_count": 0,
                "posts_count": 1,
            },
        )

        await ben_api.like(post_id)
        await ben_api.request_ok("POST", f"/v1/posts/{post_id}/comments", {"content": "hello Ana"})
        event = await ana_api.get(f"/v1/posts/{post_id}")
        assert (event["like_count"], event["comment_count"], event["liked_by_me"]) == (1, 1, False)
        await wait_until(lambda: len(notification_texts(ana_frames)) == 3)
        assert sorted(notification_texts(ana_frames)) == [
            "Ben commented on your post",
            "Ben liked your post",
            "Ben started following you",
        ]
        last = ana_frames[-1]
        assert isinstance(last, NotificationCreated)
        assert last.unread_count == (await ana_api.get("/v1/notifications/unread_count"))["unread_count"] == 3

        await ana_api.request_ok("PUT", f"/v1/notifications/{last.notification.id}/read")
        await wait_until(lambda: isinstance(ana_frames[-1], NotificationRead))
        assert (await ana_api.get("/v1/notifications/unread_count"))["unread_count"] == 2
        assert notification_texts(ben_frames) == []

        await ben_api_first.request_ok("DELETE", f"/v1/users/{ana.id}/follow")
        assert await ben_api.feed() == []


async def test_block_applies_immediately_on_all_instances(pair: Pair) -> None:
    """Once the block request returns, both users are invisible to each other on the other instance.

    Existing notifications between them are removed.
    """
    first_instance, second_instance = pair
    ana, ben = (
        await RegisteredUser.register("ana", first_instance),
        await RegisteredUser.register("ben", second_instance),
    )
    async with UserApi(ana, first_instance) as ana_api, UserApi(ben, second_instance) as ben_api:
        await ben_api.follow(ana.id)
        await ana_api.follow(ben.id)
        post_id = await ana_api.post("for friends")
        await wait_until_equal(ben_api.feed, [post_id])
        await wait_until_equal(ana_api.notifications, [("FOLLOW", "Ben started following you", 1)])
        await ana_api.request_ok("PUT", f"/v1/users/{ben.id}/block")

        assert await ben_api.feed() == []
        for path in (f"/v1/posts/{post_id}", f"/v1/users/{ana.id}/posts", f"/v1/users/{ana.id}/stats"):
            assert (await ben_api.request("GET", path))[0] == 404
        assert (await ben_api.request("PUT", f"/v1/users/{ana.id}/follow"))[0] == 404
        assert await ana_api.notifications() == []
        await wait_until_equal(lambda: ana_api.get("/v1/notifications/unread_count"), {"unread_count": 0})


async def test_concurrent_rsvps_fill_only_the_last_place(pair: Pair) -> None:
    """Of concurrent RSVPs on both instances for the last place one succeeds; the others get `event.full`."""
    users = [
        await RegisteredUser.register(f"p{number}", pair[number % 2]) for number in range(COMPETING_USERS + 2)
    ]
    async with AsyncExitStack() as stack:
        creator, first_attendee, *competitors = [
            await stack.enter_async_context(UserApi(user, pair[number % 2]))
            for number, user in enumerate(users)
        ]
        created = await creator.create_event("Boules", 2)
        rsvp = f"/v1/events/{created['id']}/rsvp"
        await first_attendee.request_ok("PUT", rsvp, {"status": "GOING"})
        responses = await asyncio.gather(
            *(api.request("PUT", rsvp, {"status": "GOING"}) for api in competitors)
        )
        winners = [api for api, (status, _) in zip(competitors, responses, strict=True) if status == 200]
        event = await creator.get(f"/v1/events/{created['id']}")

        assert len(winners) == 1
        assert {(status, body["code"]) for status, body in responses if status != 200} == {
            (409, "event.full")
        }
        assert event["going_count"] == 2
        attendees = await creator.list_all(f"/v1/events/{created['id']}/rsvps?status=GOING")
        assert {rsvp["user"]["id"] for rsvp in attendees} == {first_attendee.id, winners[0].id}


async def test_waitlist_has_one_order_across_instances(pair: Pair) -> None:
    """Waitlist positions are unique across instances; a free place goes to the first user, with a notice."""
    first_instance, second_instance = pair
    users = [
        await RegisteredUser.register(f"p{number}", pair[number % 2]) for number in range(COMPETING_USERS + 1)
    ]
    async with AsyncExitStack() as stack:
        attendee, *waiting = [
            await stack.enter_async_context(UserApi(first_user, pair[number % 2]))
            for number, first_user in enumerate(users)
        ]
        created = await attendee.create_event("Petanque", 1)
        rsvp = f"/v1/events/{created['id']}/rsvp"
        await attendee.request_ok("PUT", rsvp, {"status": "GOING"})
        request = {"status": "GOING", "waitlist": True}
        responses = await asyncio.gather(*(user.request("PUT", rsvp, request) for user in waiting))
        assert {status for status, _ in responses} == {202}
        positions = [body["waitlist_position"] for _, body in responses]
        assert sorted(positions) == list(range(1, len(waiting) + 1))

        first = waiting[positions.index(1)]
        first_user = next(user for user in users if user.id == first.id)
        frames: list[ServerFrame] = []
        async with Client(
            [first_instance.url, second_instance.url], first_user.token, on_frame=frames.append
        ):
            await attendee.request_ok("DELETE", rsvp)
            await wait_until(lambda: notification_texts(frames) == ["You're off the waitlist for Petanque"])
            await wait_until(lambda: any(isinstance(frame, ConversationJoined) for frame in frames))
        event = await first.get(f"/v1/events/{created['id']}")
        assert (event["my_rsvp"], event["going_count"]) == ("GOING", 1)
        conversation = await first.get(f"/v1/conversations/{created['conversation_id']}")
        assert {user["id"] for user in conversation["participants"]} == {attendee.id, first.id}


async def test_feed_pages_are_the_same_on_both_instances(pair: Pair) -> None:
    """Posts created on both instances are read in the same order on both."""
    first_instance, second_instance = pair
    ana, ben = (
        await RegisteredUser.register("ana", first_instance),
        await RegisteredUser.register("ben", second_instance),
    )
    async with (
        UserApi(ana, first_instance) as ana_api,
        UserApi(ben, second_instance) as ben_api,
        UserApi(ana, second_instance) as ana_api_second,
    ):
        await ana_api.follow(ben.id)
        posts = [await (ana_api, ben_api)[number % 2].post(f"post {number}") for number in range(POSTS)]
        await wait_until_equal(ana_api.feed, posts[::-1])
        assert await ana_api_second.feed() == posts[::-1]
        assert await ben_api.feed() == posts[1::2][::-1]
