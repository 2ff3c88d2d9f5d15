"""Hints to those at the other instance: who types, what was posted, which event and which profile changed."""

import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import msgspec

from actors.protocol.objects import OwnUser
from actors.protocol.server_frames import (
    EventUpdated,
    FeedPostCreated,
    ServerFrame,
    TypingChanged,
    UserUpdated,
)
from actors.protocol.social_objects import Event, Post
from client.client import Client
from tests.end_to_end.conftest import Pair
from tests.end_to_end.polling import wait_until
from tests.end_to_end.raw_socket import open_socket
from tests.end_to_end.registered_user import RegisteredUser
from tests.end_to_end.test_social_features import create_event
from tests.end_to_end.user_api import UserApi

Frames = list[ServerFrame]
TYPING_S = 6.0
"""What the contract allows to pass before the server ends it."""


async def test_typing_is_delivered_until_it_ends(pair: Pair) -> None:
    """Ended by whoever types, and by the server after six seconds; a stranger can not be heard typing."""
    here, there = pair
    ana, ben, cleo = [await RegisteredUser.register(name, here) for name in ("ana", "ben", "cleo")]
    group = await ana.create_group(here, [ben])
    heard: list[ServerFrame] = []
    async with (
        open_socket(here, ana.token) as anas,
        open_socket(here, cleo.token) as cleos,
        Client([there.url], ben.token, on_frame=heard.append),
    ):
        refused = await cleos.request("typing", conversation_id=group, active=True)
        assert (refused["type"], refused["code"]) == ("error", "conversation.not_found")
        for number, active in enumerate((True, False, True), 1):
            answer = await anas.request("typing", conversation_id=group, active=active)
            assert (answer["type"], answer["result"]) == ("ok", {})
            await wait_until(lambda: len(heard) == number)  # noqa: B023 - it is over before the next
        began = time.monotonic()
        await wait_until(lambda: len(heard) == 4, 2 * TYPING_S)

        assert TYPING_S - 1 < time.monotonic() - began < TYPING_S + 1
        assert heard == [TypingChanged(group, ana.id, active) for active in (True, False, True, False)]


async def test_post_is_pushed_to_followers(pair: Pair) -> None:
    """As it is read over HTTP; whoever follows somebody else hears only what that one posts."""
    async with three_users(pair) as ((anas, bens, cleos), at_ben, at_cleo):
        await bens.follow(anas.id)
        await cleos.follow(bens.id)
        first = await anas.post("hello town")
        await wait_until(lambda: frames_of_type(at_ben, FeedPostCreated))
        second = await bens.post("hello Cleo")
        await wait_until(lambda: frames_of_type(at_cleo, FeedPostCreated))

        shown = [msgspec.convert(await bens.get(f"/v1/posts/{one}"), Post) for one in (first, second)]
        assert frames_of_type(at_ben, FeedPostCreated) == [FeedPostCreated(shown[0])]
        assert frames_of_type(at_cleo, FeedPostCreated) == [FeedPostCreated(shown[1])]


async def test_event_change_is_pushed_to_users_with_an_rsvp(pair: Pair) -> None:
    """As it is now, but for what is one's own in it; not before one has answered."""
    async with three_users(pair) as ((anas, bens, cleos), at_ben, at_cleo):
        path = f"/v1/events/{(await create_event(anas, 'Boules', 3))['id']}"
        await bens.request_ok("PUT", f"{path}/rsvp", {"status": "INTERESTED"})
        await anas.request_ok("PATCH", path, {"title": "Petanque"})
        await wait_until(lambda: frames_of_type(at_ben, EventUpdated))
        await cleos.request_ok("PUT", f"{path}/rsvp", {"status": "MAYBE"})
        await anas.request_ok("PATCH", path, {"capacity": 4})
        await wait_until(
            lambda: frames_of_type(at_cleo, EventUpdated) and len(frames_of_type(at_ben, EventUpdated)) == 2
        )

        now = msgspec.convert(await bens.get(path), Event)
        assert (now.title, now.capacity, now.interested_count) == ("Petanque", 4, 1)
        last = EventUpdated(msgspec.structs.replace(now, my_rsvp=None))
        before = EventUpdated(msgspec.structs.replace(last.event, capacity=3))
        assert frames_of_type(at_ben, EventUpdated) == [before, last]
        assert frames_of_type(at_cleo, EventUpdated) == [last]


async def test_profile_change_is_pushed_to_own_devices(pair: Pair) -> None:
    """As it is read over HTTP, the address too; whoever follows hears nothing of it."""
    here, there = pair
    ana, ben = await RegisteredUser.register("ana", here), await RegisteredUser.register("ben", here)
    at_ana: list[ServerFrame] = []
    at_ben: list[ServerFrame] = []
    async with (
        UserApi(ana, here) as anas,
        UserApi(ben, here) as bens,
        UserApi(ana, there) as anas_elsewhere,
        Client([there.url], ana.token, on_frame=at_ana.append),
        Client([there.url], ben.token, on_frame=at_ben.append),
    ):
        await bens.follow(ana.id)
        await anas.request_ok("PATCH", "/v1/users/me", {"display_name": "Anna", "bio": "of the town"})
        await wait_until(lambda: frames_of_type(at_ana, UserUpdated))
        await bens.request_ok("PATCH", "/v1/users/me", {"display_name": "Benno"})
        await wait_until(lambda: frames_of_type(at_ben, UserUpdated))

        own = msgspec.convert(await anas_elsewhere.get("/v1/users/me"), OwnUser)
        assert (own.display_name, own.bio) == ("Anna", "of the town")
        assert frames_of_type(at_ana, UserUpdated) == [UserUpdated(own)]
        assert [frame.user.id for frame in at_ben if isinstance(frame, UserUpdated)] == [ben.id]


@asynccontextmanager
async def three_users(pair: Pair) -> AsyncIterator[tuple[tuple[UserApi, UserApi, UserApi], Frames, Frames]]:
    """Ana at one instance, Ben and Cleo at the other, and what those two hear there."""
    here, there = pair
    ana, ben, cleo = [await RegisteredUser.register(name, here) for name in ("ana", "ben", "cleo")]
    at_ben: Frames = []
    at_cleo: Frames = []
    async with (
        UserApi(ana, here) as anas,
        UserApi(ben, there) as bens,
        UserApi(cleo, there) as cleos,
        Client([there.url], ben.token, on_frame=at_ben.append),
        Client([there.url], cleo.token, on_frame=at_cleo.append),
    ):
        yield (anas, bens, cleos), at_ben, at_cleo


def frames_of_type(frames: Sequence[ServerFrame], frame_type: type[ServerFrame]) -> list[ServerFrame]:
    return [frame for frame in frames if isinstance(frame, frame_type)]
