"""Names change at one instance, and all that other services show of them follows, at both."""

import asyncio
import itertools
import time
from contextlib import AsyncExitStack

from client.client import Client
from tests.end_to_end.conftest import Pair
from tests.end_to_end.polling import POLL_S
from tests.end_to_end.registered_user import RegisteredUser
from tests.end_to_end.server_process import ServerProcess
from tests.end_to_end.test_social_features import create_event
from tests.end_to_end.user_api import Json, UserApi

PROPAGATION_LIMIT_S = 2.0
"""What the contract allows."""

MACHINE_SLACK_S = 0.5
"""With the machine: a look at everything takes its time."""

SETTLE_TIMEOUT_S = 10.0
RENAMES = 12


class ShownNames:
    """What somebody left behind in every service, and the cards with which a follower is shown it."""

    def __init__(self, follower: UserApi, paths: dict[str, str]) -> None:
        self._follower = follower
        self._paths = paths

    async def names_of(self, user_id: str) -> dict[str, set[str]]:
        """Under which names that one is shown, by place."""
        shown = await asyncio.gather(*(self._follower.get(path) for path in self._paths.values()))
        return {
            place: set(display_names_in(body, user_id))
            for place, body in zip(self._paths, shown, strict=True)
        }


async def test_new_display_name_propagates_within_two_seconds(pair: Pair) -> None:
    """Within two seconds, in every service and at both instances; the profile itself says it at once."""
    async with AsyncExitStack() as stack:
        ana, traces = await create_objects_of_ana(stack, pair)
        for instance, other in (pair, pair[::-1]):
            name = f"Anna at {instance.url}"
            await rename_user(ana, instance, name)
            async with UserApi(ana, other) as caller:
                assert (await caller.get("/v1/users/me"))["display_name"] == name
            await wait_for_name(traces, ana, name, PROPAGATION_LIMIT_S + MACHINE_SLACK_S)


async def test_new_device_gets_the_new_display_name(pair: Pair) -> None:
    """Also at an instance that knows the token, and remembers whom it speaks for."""
    here, there = pair
    ana = await RegisteredUser.register("ana", here)
    async with Client([there.url], ana.token):
        await rename_user(ana, here, "Anna")
    end = time.monotonic() + PROPAGATION_LIMIT_S + MACHINE_SLACK_S
    while True:
        async with Client([there.url], ana.token) as device:
            assert device.ready is not None
            if device.ready.user.display_name == "Anna":
                return
        assert time.monotonic() < end, device.ready.user


async def test_last_of_concurrent_renames_wins_everywhere(pair: Pair) -> None:
    """Renamed again and again at both instances at once: all show what the profile says in the end."""
    async with AsyncExitStack() as stack:
        ana, traces = await create_objects_of_ana(stack, pair)
        await asyncio.gather(*(rename_user(ana, pair[n % 2], f"Anna {n}") for n in range(RENAMES)))
        async with UserApi(ana, pair[1]) as caller:
            name = (await caller.get("/v1/users/me"))["display_name"]
        await wait_for_name(traces, ana, name, SETTLE_TIMEOUT_S)


async def rename_user(user: RegisteredUser, instance: ServerProcess, name: str) -> None:
    async with UserApi(user, instance) as caller:
        await caller.request_ok("PATCH", "/v1/users/me", {"display_name": name})


async def wait_for_name(
    shown_names: list[ShownNames], user: RegisteredUser, name: str, within_s: float
) -> None:
    """Look until everybody is shown that name and no other."""
    end = time.monotonic() + within_s
    while True:
        shown = [await one.names_of(user.id) for one in shown_names]
        if all(names == {name} for places in shown for names in places.values()):
            return
        assert time.monotonic() < end, shown
        await asyncio.sleep(POLL_S)


async def create_objects_of_ana(stack: AsyncExitStack, pair: Pair) -> tuple[RegisteredUser, list[ShownNames]]:
    """Ana has done something in each service, and Ben looks at it at both instances."""
    here, there = pair
    ana, ben = await RegisteredUser.register("ana", here), await RegisteredUser.register("ben", there)
    anas = await stack.enter_async_context(UserApi(ana, here))
    bens = [await stack.enter_async_context(UserApi(ben, at)) for at in pair]
    await bens[0].follow(ana.id)
    await anas.follow(ben.id)
    group = await ana.create_group(here, [ben])
    others = await create_event(bens[0], "Boules", 3)
    await anas.request_ok("PUT", f"/v1/events/{others['id']}/rsvp", {"status": "GOING"})
    own = await create_event(anas, "Petanque", 3)
    posts = [await anas.post("hello"), await bens[0].post("hello")]
    await anas.like(posts[1])
    await anas.request_ok("POST", f"/v1/posts/{posts[1]}/comments", {"content": "so"})
    paths = {
        "followers": f"/v1/users/{ben.id}/followers",
        "post": f"/v1/posts/{posts[0]}",
        "feed": "/v1/feed",
        "likes": f"/v1/posts/{posts[1]}/likes",
        "comments": f"/v1/posts/{posts[1]}/comments",
        "event": f"/v1/events/{own['id']}",
        "rsvps": f"/v1/events/{others['id']}/rsvps?status=GOING",
        "notifications": "/v1/notifications",
        "conversation": f"/v1/conversations/{group}",
        "participants": f"/v1/conversations/{group}/participants",
    }
    traces = [ShownNames(one, paths) for one in bens]
    await wait_for_name(traces, ana, "Ana", SETTLE_TIMEOUT_S)
    return ana, traces


def display_names_in(body: Json, user_id: str) -> itertools.chain[str]:
    """The display names of every card of somebody that stands anywhere in there."""
    if isinstance(body, list):
        return itertools.chain(*(display_names_in(one, user_id) for one in body))
    if not isinstance(body, dict):
        return itertools.chain()
    own = [body["display_name"]] if body.get("id") == user_id else []
    return itertools.chain(own, *(display_names_in(one, user_id) for one in body.values()))
