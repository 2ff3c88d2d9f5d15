"""The social network over two instances: what one does at one of them, another sees at the other."""

import asyncio
from collections.abc import Sequence
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from typing import Any

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
    """The words of the notifications that a device heard."""
    return [frame.notification.message for frame in frames if isinstance(frame, NotificationCreated)]


async def create_event(api: UserApi, title: str, capacity: int) -> dict[str, Any]:
    start = datetime.now(UTC) + timedelta(days=1)
    body = {
        "title": title,
        "start_datetime": start.isoformat(),
        "end_datetime": (start + timedelta(hours=2)).isoformat(),
        "capacity": capacity,
    }
    made: dict[str, Any] = await api.request_ok("POST", "/v1/events", body)
    return made


async def test_follow_post_and_like_across_instances(pair: Pair) -> None:
    """Each hears of the other over a socket at the other instance, and finds the same over HTTP at both."""
    here, there = pair
    ana, ben = await RegisteredUser.register("ana", here), await RegisteredUser.register("ben", there)
    at_ana: list[ServerFrame] = []
    at_ben: list[ServerFrame] = []
    async with (
        Client([here.url], ana.token, on_frame=at_ana.append),
        Client([there.url], ben.token, on_frame=at_ben.append),
        UserApi(ana, here) as anas,
        UserApi(ben, there) as bens,
        UserApi(ben, here) as bens_elsewhere,
    ):
        await bens.follow(ana.id)
        assert (await anas.get(f"/v1/users/{ana.id}/stats"))["followers_count"] == 1
        await wait_until(lambda: notification_texts(at_ana) == ["Ben started following you"])

        post_id = await anas.post("hello town")
        assert await anas.feed() == [post_id]
        assert (await bens.get(f"/v1/posts/{post_id}"))["author"]["display_name"] == "Ana"
        await wait_until_equal(bens.feed, [post_id])
        await wait_until(lambda: any(isinstance(one, FeedPostCreated) for one in at_ben))
        await wait_until_equal(
            lambda: anas.get(f"/v1/users/{ana.id}/stats"),
            {
                "user_id": ana.id,
                "followers_count": 1,
                "following_count": 0,
                "posts_count": 1,
            },
        )

        await bens.like(post_id)
        await bens.request_ok("POST", f"/v1/posts/{post_id}/comments", {"content": "hello Ana"})
        seen = await anas.get(f"/v1/posts/{post_id}")
        assert (seen["like_count"], seen["comment_count"], seen["liked_by_me"]) == (1, 1, False)
        await wait_until(lambda: len(notification_texts(at_ana)) == 3)
        assert sorted(notification_texts(at_ana)) == [
            "Ben commented on your post",
            "Ben started following you",
            "Ben liked your post",
        ]
        last = at_ana[-1]
        assert isinstance(last, NotificationCreated)
        assert last.unread_count == (await anas.get("/v1/notifications/unread_count"))["unread_count"] == 3

        await anas.request_ok("PUT", f"/v1/notifications/{last.notification.id}/read")
        await wait_until(lambda: isinstance(at_ana[-1], NotificationRead))
        assert (await anas.get("/v1/notifications/unread_count"))["unread_count"] == 2
        assert notification_texts(at_ben) == []

        await bens_elsewhere.request_ok("DELETE", f"/v1/users/{ana.id}/follow")
        assert await bens.feed() == []


async def test_block_applies_immediately_on_all_instances(pair: Pair) -> None:
    """At the other instance the two are nobody to each other from the answer on; what was told goes."""
    here, there = pair
    ana, ben = await RegisteredUser.register("ana", here), await RegisteredUser.register("ben", there)
    async with UserApi(ana, here) as anas, UserApi(ben, there) as bens:
        await bens.follow(ana.id)
        await anas.follow(ben.id)
        post_id = await anas.post("for friends")
        await wait_until_equal(bens.feed, [post_id])
        await wait_until_equal(anas.notifications, [("FOLLOW", "Ben started following you", 1)])
        await anas.request_ok("PUT", f"/v1/users/{ben.id}/block")

        assert await bens.feed() == []
        for path in (f"/v1/posts/{post_id}", f"/v1/users/{ana.id}/posts", f"/v1/users/{ana.id}/stats"):
            assert (await bens.request("GET", path))[0] == 404
        assert (await bens.request("PUT", f"/v1/users/{ana.id}/follow"))[0] == 404
        assert await anas.notifications() == []
        await wait_until_equal(lambda: anas.get("/v1/notifications/unread_count"), {"unread_count": 0})


async def test_concurrent_rsvps_fill_only_the_last_place(pair: Pair) -> None:
    """Asked for at both instances at the same moment: one gets it, the others hear that it is full."""
    people = [
        await RegisteredUser.register(f"p{number}", pair[number % 2]) for number in range(COMPETING_USERS + 2)
    ]
    async with AsyncExitStack() as stack:
        creator, early, *racers = [
            await stack.enter_async_context(UserApi(person, pair[number % 2]))
            for number, person in enumerate(people)
        ]
        made = await create_event(creator, "Boules", 2)
        rsvp = f"/v1/events/{made['id']}/rsvp"
        await early.request_ok("PUT", rsvp, {"status": "GOING"})
        answers = await asyncio.gather(*(one.request("PUT", rsvp, {"status": "GOING"}) for one in racers))
        winners = [one for one, (status, _) in zip(racers, answers, strict=True) if status == 200]
        seen = await creator.get(f"/v1/events/{made['id']}")

        assert len(winners) == 1
        assert {(status, body["code"]) for status, body in answers if status != 200} == {(409, "event.full")}
        assert seen["going_count"] == 2
        going = await creator.list_all(f"/v1/events/{made['id']}/rsvps?status=GOING")
        assert {one["user"]["id"] for one in going} == {early.id, winners[0].id}


async def test_waitlist_has_one_order_across_instances(pair: Pair) -> None:
    """Whoever queues, and where, has a place of their own; one that is free goes to the first, who hears."""
    here, there = pair
    people = [
        await RegisteredUser.register(f"p{number}", pair[number % 2]) for number in range(COMPETING_USERS + 1)
    ]
    async with AsyncExitStack() as stack:
        going, *waiting = [
            await stack.enter_async_context(UserApi(person, pair[number % 2]))
            for number, person in enumerate(people)
        ]
        made = await create_event(going, "Petanque", 1)
        rsvp = f"/v1/events/{made['id']}/rsvp"
        await going.request_ok("PUT", rsvp, {"status": "GOING"})
        wish = {"status": "GOING", "waitlist": True}
        answers = await asyncio.gather(*(one.request("PUT", rsvp, wish) for one in waiting))
        assert {status for status, _ in answers} == {202}
        places = [body["waitlist_position"] for _, body in answers]
        assert sorted(places) == list(range(1, len(waiting) + 1))

        first = waiting[places.index(1)]
        person = next(one for one in people if one.id == first.id)
        heard: list[ServerFrame] = []
        async with Client([here.url, there.url], person.token, on_frame=heard.append):
            await going.request_ok("DELETE", rsvp)
            await wait_until(lambda: notification_texts(heard) == ["You're off the waitlist for Petanque"])
            await wait_until(lambda: any(isinstance(one, ConversationJoined) for one in heard))
        seen = await first.get(f"/v1/events/{made['id']}")
        assert (seen["my_rsvp"], seen["going_count"]) == ("GOING", 1)
        talk = await first.get(f"/v1/conversations/{made['conversation_id']}")
        assert {one["id"] for one in talk["participants"]} == {going.id, first.id}


async def test_feed_pages_are_the_same_on_both_instances(pair: Pair) -> None:
    """Posts made at both, read at both: the same feed, in the order in which they were made."""
    here, there = pair
    ana, ben = await RegisteredUser.register("ana", here), await RegisteredUser.register("ben", there)
    async with (
        UserApi(ana, here) as anas,
        UserApi(ben, there) as bens,
        UserApi(ana, there) as anas_elsewhere,
    ):
        await anas.follow(ben.id)
        made = [await (anas, bens)[number % 2].post(f"post {number}") for number in range(POSTS)]
        await wait_until_equal(anas.feed, made[::-1])
        assert await anas_elsewhere.feed() == made[::-1]
        assert await bens.feed() == made[1::2][::-1]
