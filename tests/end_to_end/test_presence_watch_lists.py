"""Presence watch lists, with the watched users on another instance."""

import pytest

from actors.protocol.server_frames import ServerFrame
from client.client import Client
from client.errors import RequestRejected
from tests.end_to_end.conftest import Pair
from tests.end_to_end.polling import wait_until
from tests.end_to_end.received_frames import statuses_of
from tests.end_to_end.registered_user import RegisteredUser
from tests.end_to_end.user_api import UserApi

USERS = 5
ROUNDS = 20


async def test_ready_user_is_online_on_all_instances(pair: Pair) -> None:
    """Once a user has received `ready`, other instances report them online over HTTP and to watchers."""
    first_instance, second_instance = pair
    ana = await RegisteredUser.register("ana", first_instance)
    users = [await RegisteredUser.register(f"p{number}", second_instance) for number in range(USERS)]
    async with UserApi(ana, first_instance) as ana_api, Client([first_instance.url], ana.token) as watcher:
        for user in users:
            await ana_api.follow(user.id)
            async with Client([second_instance.url], user.token):
                response = await ana_api.get(f"/v1/presence?user_ids={user.id}")
                (presence,) = await watcher.watch_presence([user.id])
                assert (response["items"][0]["status"], presence.status) == ("online", "online")


async def test_watch_list_replaces_the_previous_one(pair: Pair) -> None:
    """A removed user is no longer reported; a list over the limit is rejected and changes nothing."""
    first_instance, second_instance = pair
    ana, ben, cleo = [await RegisteredUser.register(name, first_instance) for name in ("ana", "ben", "cleo")]
    frames: list[ServerFrame] = []
    async with (
        UserApi(ana, first_instance) as ana_api,
        Client([first_instance.url], ana.token, on_frame=frames.append) as watcher,
        Client([second_instance.url], ben.token) as ben_client,
        Client([second_instance.url], cleo.token) as cleo_client,
    ):
        for user in (ben, cleo):
            await ana_api.follow(user.id)
        assert [presence.user_id for presence in await watcher.watch_presence([ben.id, cleo.id])] == [
            ben.id,
            cleo.id,
        ]
        await ben_client.set_presence(away=True)
        await wait_until(lambda: statuses_of(frames, ben.id) == ["away"])
        (presence,) = await watcher.watch_presence([cleo.id])
        assert presence.status == "online"
        with pytest.raises(RequestRejected) as rejected:
            await watcher.watch_presence([ben.id] * 201)
        assert rejected.value.code == "request.invalid"
        await ben_client.set_presence(away=False)
        await cleo_client.set_presence(away=True)
        await wait_until(lambda: statuses_of(frames, cleo.id) == ["away"])
        assert statuses_of(frames, ben.id) == ["away"]


async def test_watch_ends_with_what_permitted_it(pair: Pair) -> None:
    """An unfollow, and leaving the shared group, end the pushes to a viewer on another instance."""
    first_instance, second_instance = pair
    ana, ben, cleo, dan = [
        await RegisteredUser.register(name, first_instance) for name in ("ana", "ben", "cleo", "dan")
    ]
    frames: list[ServerFrame] = []
    async with (
        UserApi(ana, first_instance) as ana_api,
        UserApi(ben, second_instance) as ben_api,
        Client([first_instance.url], ana.token, on_frame=frames.append) as watcher,
        Client([second_instance.url], ben.token) as ben_client,
        Client([second_instance.url], cleo.token) as cleo_client,
        Client([second_instance.url], dan.token) as dan_client,
    ):

        def count_pushed() -> list[int]:
            return [len(statuses_of(frames, user.id)) for user in (ben, cleo, dan)]

        async def change_all(*, away: bool) -> list[int]:
            """Return how many changes of each were pushed, once that of the last one was."""
            before = count_pushed()
            for client in (ben_client, cleo_client, dan_client):
                await client.set_presence(away=away)
            await wait_until(lambda: count_pushed()[2] > before[2])
            return [now - then for now, then in zip(count_pushed(), before, strict=True)]

        body = {"type": "GROUP", "name": "group", "participants": [ben.id]}
        group = (await ana_api.request_ok("POST", "/v1/conversations", body))["id"]
        for user in (cleo, dan):
            await ana_api.follow(user.id)
        await watcher.watch_presence([ben.id, cleo.id, dan.id])
        assert await change_all(away=True) == [1, 1, 1]
        await ben_api.request_ok("DELETE", f"/v1/conversations/{group}/participants/{ben.id}")
        await ana_api.request_ok("DELETE", f"/v1/users/{cleo.id}/follow")
        away = False
        # The other instance learns of it a little later than the answer arrives.
        for _ in range(ROUNDS):
            if await change_all(away=away) == [0, 0, 1]:
                return
            away = not away
        raise AssertionError(count_pushed())
