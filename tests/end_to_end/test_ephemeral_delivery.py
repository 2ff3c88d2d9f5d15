"""Ephemeral events across instances: typing, posts, event and profile changes."""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import msgspec

from actors.protocol.event_objects import Event
from actors.protocol.objects import OwnUser
from actors.protocol.server_frames import (
    EventUpdated,
    FeedPostCreated,
    ServerFrame,
    TypingChanged,
    UserUpdated,
)
from actors.protocol.social_objects import Post
from client.client import Client
from tests.end_to_end.conftest import Pair
from tests.end_to_end.polling import wait_until
from tests.end_to_end.raw_socket import open_socket
from tests.end_to_end.received_frames import frames_of_type
from tests.end_to_end.registered_user import RegisteredUser
from tests.end_to_end.user_api import UserApi

Frames = list[ServerFrame]
TYPING_S = 6.0
"""The server ends typing after this time, according to the API contract."""


async def test_typing_is_delivered_until_it_ends(pair: Pair) -> None:
    """Typing ends on request or after six seconds; a user who is not a member cannot send it."""
    first_instance, second_instance = pair
    ana, ben, cleo = [await RegisteredUser.register(name, first_instance) for name in ("ana", "ben", "cleo")]
    group = await ana.create_group(first_instance, [ben])
    frames: list[ServerFrame] = []
    async with (
        open_socket(first_instance, ana.token) as ana_socket,
        open_socket(first_instance, cleo.token) as cleo_socket,
        Client([second_instance.url], ben.token, on_frame=frames.append),
    ):
        rejected = await cleo_socket.request("typing", conversation_id=group, active=True)
        assert (rejected["type"], rejected["code"]) == ("error", "conversation.not_found")
        for number, active in enumerate((True, False, True), 1):
            reply = await ana_socket.request("typing", conversation_id=group, active=active)
            assert (reply["type"], reply["result"]) == ("ok", {})
            await wait_until(lambda: len(frames) == number)  # noqa: B023 - called only in this iteration
        started_at = time.monotonic()
        await wait_until(lambda: len(frames) == 4, 2 * TYPING_S)

        assert TYPING_S - 1 < time.monotonic() - started_at < TYPING_S + 1
        assert frames == [TypingChanged(group, ana.id, active) for active in (True, False, True, False)]


async def test_post_is_pushed_to_followers(pair: Pair) -> None:
    """Followers receive the post as it is read over HTTP; followers of other authors do not."""
    async with three_users(pair) as ((ana_api, ben_api, cleo_api), ben_frames, cleo_frames):
        await ben_api.follow(ana_api.id)
        await cleo_api.follow(ben_api.id)
        first = await ana_api.post("hello town")
        await wait_until(lambda: frames_of_type(ben_frames, FeedPostCreated))
        second = await ben_api.post("hello Cleo")
        await wait_until(lambda: frames_of_type(cleo_frames, FeedPostCreated))

        posts = [
            msgspec.convert(await ben_api.get(f"/v1/posts/{post_id}"), Post) for post_id in (first, second)
        ]
        assert frames_of_type(ben_frames, FeedPostCreated) == [FeedPostCreated(posts[0])]
        assert frames_of_type(cleo_frames, FeedPostCreated) == [FeedPostCreated(posts[1])]


async def test_event_change_is_pushed_to_users_with_an_rsvp(pair: Pair) -> None:
    """Users who have answered receive the current event, without their own RSVP; others receive nothing."""
    async with three_users(pair) as ((ana_api, ben_api, cleo_api), ben_frames, cleo_frames):
        path = f"/v1/events/{(await ana_api.create_event('Boules', 3))['id']}"
        await ben_api.request_ok("PUT", f"{path}/rsvp", {"status": "INTERESTED"})
        await ana_api.request_ok("PATCH", path, {"title": "Petanque"})
        await wait_until(lambda: frames_of_type(ben_frames, EventUpdated))
        await cleo_api.request_ok("PUT", f"{path}/rsvp", {"status": "MAYBE"})
        await ana_api.request_ok("PATCH", path, {"capacity": 4})
        await wait_until(
            lambda: (
                frames_of_type(cleo_frames, EventUpdated)
                and len(frames_of_type(ben_frames, EventUpdated)) == 2
            )
        )

        now = msgspec.convert(await ben_api.get(path), Event)
        assert (now.title, now.capacity, now.interested_count) == ("Petanque", 4, 1)
        last = EventUpdated(msgspec.structs.replace(now, my_rsvp=None))
        before = EventUpdated(msgspec.structs.replace(last.event, capacity=3))
        assert frames_of_type(ben_frames, EventUpdated) == [before, last]
        assert frames_of_type(cleo_frames, EventUpdated) == [last]


async def test_profile_change_is_pushed_to_own_devices(pair: Pair) -> None:
    """The user's devices receive the profile as it is read over HTTP, with the e-mail; followers do not."""
    first_instance, second_instance = pair
    ana, ben = (
        await RegisteredUser.register("ana", first_instance),
        await RegisteredUser.register("ben", first_instance),
    )
    ana_frames: list[ServerFrame] = []
    ben_frames: list[ServerFrame] = []
    async with (
        UserApi(ana, first_instance) as ana_api,
        UserApi(ben, first_instance) as ben_api,
        UserApi(ana, second_instance) as ana_api_second,
        Client([second_instance.url], ana.token, on_frame=ana_frames.append),
        Client([second_instance.url], ben.token, on_frame=ben_frames.append),
    ):
        await ben_api.follow(ana.id)
        await ana_api.request_ok("PATCH", "/v1/users/me", {"display_name": "Anna", "bio": "of the town"})
        await wait_until(lambda: frames_of_type(ana_frames, UserUpdated))
        await ben_api.request_ok("PATCH", "/v1/users/me", {"display_name": "Benno"})
        await wait_until(lambda: frames_of_type(ben_frames, UserUpdated))

        profile = msgspec.convert(await ana_api_second.get("/v1/users/me"), OwnUser)
        assert (profile.display_name, profile.bio) == ("Anna", "of the town")
        assert frames_of_type(ana_frames, UserUpdated) == [UserUpdated(profile)]
        assert [frame.user.id for frame in ben_frames if isinstance(frame, UserUpdated)] == [ben.id]


@asynccontextmanager
async def three_users(pair: Pair) -> AsyncIterator[tuple[tuple[UserApi, UserApi, UserApi], Frames, Frames]]:
    """Connect Ana to one instance, Ben and Cleo to the other; yield the APIs and Ben's and Cleo's frames."""
    first_instance, second_instance = pair
    ana, ben, cleo = [await RegisteredUser.register(name, first_instance) for name in ("ana", "ben", "cleo")]
    ben_frames: Frames = []
    cleo_frames: Frames = []
    async with (
        UserApi(ana, first_instance) as ana_api,
        UserApi(ben, second_instance) as ben_api,
        UserApi(cleo, second_instance) as cleo_api,
        Client([second_instance.url], ben.token, on_frame=ben_frames.append),
        Client([second_instance.url], cleo.token, on_frame=cleo_frames.append),
    ):
        yield (ana_api, ben_api, cleo_api), ben_frames, cleo_frames
