"""A changed display name propagates to the user caches of all services."""

import asyncio
import itertools
import time
from contextlib import AsyncExitStack

from client.client import Client
from tests.end_to_end.conftest import Pair
from tests.end_to_end.polling import POLL_S
from tests.end_to_end.registered_user import RegisteredUser
from tests.end_to_end.server_process import ServerProcess
from tests.end_to_end.user_api import Json, UserApi

PROPAGATION_LIMIT_S = 2.0
"""The limit in the API contract."""

MACHINE_SLACK_S = 0.5
"""Allowance for the test machine: one pass over all endpoints takes time."""

SETTLE_TIMEOUT_S = 10.0
RENAMES = 12


class ShownNames:
    """The endpoints of all services that show a user's card to a follower."""

    def __init__(self, follower: UserApi, paths: dict[str, str]) -> None:
        self._follower = follower
        self._paths = paths

    async def names_of(self, user_id: str) -> dict[str, set[str]]:
        """Return the display names shown for the user, by endpoint."""
        bodies = await asyncio.gather(*(self._follower.get(path) for path in self._paths.values()))
        return {
            name: set(display_names_in(body, user_id)) for name, body in zip(self._paths, bodies, strict=True)
        }


async def test_new_display_name_propagates_within_two_seconds(pair: Pair) -> None:
    """The name changes in every service on both instances within two seconds, in the profile at once."""
    async with AsyncExitStack() as stack:
        ana, shown_names = await create_objects_of_ana(stack, pair)
        for instance, other in (pair, pair[::-1]):
            name = f"Anna at {instance.url}"
            await rename_user(ana, instance, name)
            async with UserApi(ana, other) as api:
                assert (await api.get("/v1/users/me"))["display_name"] == name
            await wait_for_name(shown_names, ana, name, PROPAGATION_LIMIT_S + MACHINE_SLACK_S)


async def test_new_device_gets_the_new_display_name(pair: Pair) -> None:
    """`ready` contains the new name, also on an instance that has the user's token cached."""
    first_instance, second_instance = pair
    ana = await RegisteredUser.register("ana", first_instance)
    async with Client([second_instance.url], ana.token):
        await rename_user(ana, first_instance, "Anna")
    deadline = time.monotonic() + PROPAGATION_LIMIT_S + MACHINE_SLACK_S
    while True:
        async with Client([second_instance.url], ana.token) as device:
            assert device.ready is not None
            if device.ready.user.display_name == "Anna":
                return
        assert time.monotonic() < deadline, device.ready.user


async def test_last_of_concurrent_renames_wins_everywhere(pair: Pair) -> None:
    """After concurrent renames on both instances all services show the profile's final name."""
    async with AsyncExitStack() as stack:
        ana, shown_names = await create_objects_of_ana(stack, pair)
        await asyncio.gather(*(rename_user(ana, pair[n % 2], f"Anna {n}") for n in range(RENAMES)))
        async with UserApi(ana, pair[1]) as api:
            name = (await api.get("/v1/users/me"))["display_name"]
        await wait_for_name(shown_names, ana, name, SETTLE_TIMEOUT_S)


async def rename_user(user: RegisteredUser, instance: ServerProcess, name: str) -> None:
    async with UserApi(user, instance) as api:
        await api.request_ok("PATCH", "/v1/users/me", {"display_name": name})


async def wait_for_name(
    shown_names: list[ShownNames], user: RegisteredUser, name: str, within_s: float
) -> None:
    """Poll until every endpoint shows only that name."""
    deadline = time.monotonic() + within_s
    while True:
        names_by_place = [await names.names_of(user.id) for names in shown_names]
        if all(names == {name} for places in names_by_place for names in places.values()):
            return
        assert time.monotonic() < deadline, names_by_place
        await asyncio.sleep(POLL_S)


async def create_objects_of_ana(stack: AsyncExitStack, pair: Pair) -> tuple[RegisteredUser, list[ShownNames]]:
    """Let Ana create objects in each service that Ben can see; return Ben's view on both instances."""
    first_instance, second_instance = pair
    ana, ben = (
        await RegisteredUser.register("ana", first_instance),
        await RegisteredUser.register("ben", second_instance),
    )
    ana_api = await stack.enter_async_context(UserApi(ana, first_instance))
    ben_apis = [await stack.enter_async_context(UserApi(ben, instance)) for instance in pair]
    await ben_apis[0].follow(ana.id)
    await ana_api.follow(ben.id)
    group = await ana.create_group(first_instance, [ben])
    ben_event = await ben_apis[0].create_event("Boules", 3)
    await ana_api.request_ok("PUT", f"/v1/events/{ben_event['id']}/rsvp", {"status": "GOING"})
    ana_event = await ana_api.create_event("Petanque", 3)
    posts = [await ana_api.post("hello"), await ben_apis[0].post("hello")]
    await ana_api.like(posts[1])
    await ana_api.request_ok("POST", f"/v1/posts/{posts[1]}/comments", {"content": "so"})
    paths = {
        "followers": f"/v1/users/{ben.id}/followers",
        "post": f"/v1/posts/{posts[0]}",
        "feed": "/v1/feed",
        "likes": f"/v1/posts/{posts[1]}/likes",
        "comments": f"/v1/posts/{posts[1]}/comments",
        "event": f"/v1/events/{ana_event['id']}",
        "rsvps": f"/v1/events/{ben_event['id']}/rsvps?status=GOING",
        "notifications": "/v1/notifications",
        "conversation": f"/v1/conversations/{group}",
        "participants": f"/v1/conversations/{group}/participants",
    }
    shown_names = [ShownNames(api, paths) for api in ben_apis]
    await wait_for_name(shown_names, ana, "Ana", SETTLE_TIMEOUT_S)
    return ana, shown_names


def display_names_in(body: Json, user_id: str) -> itertools.chain[str]:
    """Return the display names of every card of the user anywhere in `body`."""
    if isinstance(body, list):
        return itertools.chain(*(display_names_in(value, user_id) for value in body))
    if not isinstance(body, dict):
        return itertools.chain()
    ana_event = [body["display_name"]] if body.get("id") == user_id else []
    return itertools.chain(ana_event, *(display_names_in(value, user_id) for value in body.values()))
