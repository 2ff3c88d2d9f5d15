"""Whom one watches who is at the other instance, and from when on that one is seen."""

import pytest

from actors.protocol.server_frames import ServerFrame
from client.client import Client
from client.errors import RequestRejected
from tests.end_to_end.conftest import Pair
from tests.end_to_end.polling import wait_until
from tests.end_to_end.presence_watcher import statuses
from tests.end_to_end.registered_user import RegisteredUser
from tests.end_to_end.user_api import UserApi

PEOPLE = 5


async def test_ready_user_is_online_on_all_instances(pair: Pair) -> None:
    """From that frame on: asked over HTTP and told to a watch, at the other instance."""
    here, there = pair
    ana = await RegisteredUser.register("ana", here)
    people = [await RegisteredUser.register(f"p{number}", there) for number in range(PEOPLE)]
    async with UserApi(ana, here) as anas, Client([here.url], ana.token) as watcher:
        for one in people:
            await anas.follow(one.id)
            async with Client([there.url], one.token):
                asked = await anas.get(f"/v1/presence?user_ids={one.id}")
                (told,) = await watcher.watch_presence([one.id])
                assert (asked["items"][0]["status"], told.status) == ("online", "online")


async def test_watch_list_replaces_the_previous_one(pair: Pair) -> None:
    """Who is no longer on it is not told of; a list that is too long changes nothing."""
    here, there = pair
    ana, ben, cleo = [await RegisteredUser.register(name, here) for name in ("ana", "ben", "cleo")]
    frames: list[ServerFrame] = []
    async with (
        UserApi(ana, here) as anas,
        Client([here.url], ana.token, on_frame=frames.append) as watcher,
        Client([there.url], ben.token) as bens,
        Client([there.url], cleo.token) as cleos,
    ):
        for one in (ben, cleo):
            await anas.follow(one.id)
        assert [one.user_id for one in await watcher.watch_presence([ben.id, cleo.id])] == [ben.id, cleo.id]
        await bens.set_presence(away=True)
        await wait_until(lambda: statuses(frames, ben) == ["away"])
        (told,) = await watcher.watch_presence([cleo.id])
        assert told.status == "online"
        with pytest.raises(RequestRejected) as refused:
            await watcher.watch_presence([ben.id] * 201)
        assert refused.value.code == "request.invalid"
        await bens.set_presence(away=False)
        await cleos.set_presence(away=True)
        await wait_until(lambda: statuses(frames, cleo) == ["away"])
        assert statuses(frames, ben) == ["away"]
