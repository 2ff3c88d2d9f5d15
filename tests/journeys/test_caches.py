"""Names change at one instance, and all that other services show of them follows, at both."""

import asyncio
import itertools
import time
from contextlib import AsyncExitStack

from client.client import Client
from tests.journeys.caller import Caller, Json
from tests.journeys.conftest import Pair
from tests.journeys.instance import Instance
from tests.journeys.patience import LOOK_S
from tests.journeys.person import Person
from tests.journeys.test_town import event

FOLLOWED_S = 2.0
"""What the contract allows."""

PATIENCE_S = 0.5
"""With the machine: a look at everything takes its time."""

SETTLED_S = 10.0
RENAMES = 12


class Traces:
    """What somebody left behind in every service, and the cards with which a follower is shown it."""

    def __init__(self, follower: Caller, paths: dict[str, str]) -> None:
        self._follower = follower
        self._paths = paths

    async def names(self, user_id: str) -> dict[str, set[str]]:
        """Under which names that one is shown, by place."""
        shown = await asyncio.gather(*(self._follower.get(path) for path in self._paths.values()))
        return {place: set(names_in(body, user_id)) for place, body in zip(self._paths, shown, strict=True)}


async def test_a_new_name_is_followed_in_time(pair: Pair) -> None:
    """Within two seconds, in every service and at both instances; the profile itself says it at once."""
    async with AsyncExitStack() as stack:
        ana, traces = await traces_of_ana(stack, pair)
        for instance, other in (pair, pair[::-1]):
            name = f"Anna at {instance.url}"
            await renamed(ana, instance, name)
            async with Caller(ana, other) as caller:
                assert (await caller.get("/v1/users/me"))["display_name"] == name
            await follow(traces, ana, name, FOLLOWED_S + PATIENCE_S)


async def test_a_new_device_is_told_the_new_name(pair: Pair) -> None:
    """Also at an instance that knows the token, and remembers whom it speaks for."""
    here, there = pair
    ana = await Person.register("ana", here)
    async with Client([there.url], ana.token):
        await renamed(ana, here, "Anna")
    end = time.monotonic() + FOLLOWED_S + PATIENCE_S
    while True:
        async with Client([there.url], ana.token) as device:
            assert device.ready is not None
            if device.ready.user.display_name == "Anna":
                return
        assert time.monotonic() < end, device.ready.user


async def test_the_last_name_is_the_one_that_stays(pair: Pair) -> None:
    """Renamed again and again at both instances at once: all show what the profile says in the end."""
    async with AsyncExitStack() as stack:
        ana, traces = await traces_of_ana(stack, pair)
        await asyncio.gather(*(renamed(ana, pair[n % 2], f"Anna {n}") for n in range(RENAMES)))
        async with Caller(ana, pair[1]) as caller:
            name = (await caller.get("/v1/users/me"))["display_name"]
        await follow(traces, ana, name, SETTLED_S)


async def renamed(who: Person, at: Instance, name: str) -> None:
    async with Caller(who, at) as caller:
        await caller.do("PATCH", "/v1/users/me", {"display_name": name})


async def follow(traces: list[Traces], who: Person, name: str, within_s: float) -> None:
    """Look until everybody is shown that name and no other."""
    end = time.monotonic() + within_s
    while True:
        shown = [await one.names(who.id) for one in traces]
        if all(names == {name} for places in shown for names in places.values()):
            return
        assert time.monotonic() < end, shown
        await asyncio.sleep(LOOK_S)


async def traces_of_ana(stack: AsyncExitStack, pair: Pair) -> tuple[Person, list[Traces]]:
    """Ana has done something in each service, and Ben looks at it at both instances."""
    here, there = pair
    ana, ben = await Person.register("ana", here), await Person.register("ben", there)
    anas = await stack.enter_async_context(Caller(ana, here))
    bens = [await stack.enter_async_context(Caller(ben, at)) for at in pair]
    await bens[0].follow(ana.id)
    await anas.follow(ben.id)
    group = await ana.group(here, [ben])
    others = await event(bens[0], "Boules", 3)
    await anas.do("PUT", f"/v1/events/{others['id']}/rsvp", {"status": "GOING"})
    own = await event(anas, "Petanque", 3)
    posts = [await anas.post("hello"), await bens[0].post("hello")]
    await anas.like(posts[1])
    await anas.do("POST", f"/v1/posts/{posts[1]}/comments", {"content": "so"})
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
    traces = [Traces(one, paths) for one in bens]
    await follow(traces, ana, "Ana", SETTLED_S)
    return ana, traces


def names_in(body: Json, user_id: str) -> itertools.chain[str]:
    """The display names of every card of somebody that stands anywhere in there."""
    if isinstance(body, list):
        return itertools.chain(*(names_in(one, user_id) for one in body))
    if not isinstance(body, dict):
        return itertools.chain()
    own = [body["display_name"]] if body.get("id") == user_id else []
    return itertools.chain(own, *(names_in(one, user_id) for one in body.values()))
