"""Presence across instances: several devices, reconnects and a killed instance."""

import signal

import aiohttp

from actors.protocol.server_frames import ServerFrame
from client.client import Client
from tests.end_to_end.conftest import Pair, StartInstance
from tests.end_to_end.polling import wait_until
from tests.end_to_end.received_frames import statuses_of
from tests.end_to_end.registered_user import RegisteredUser
from tests.end_to_end.server_process import ServerProcess

SETTLE_TIMEOUT_S = 15.0


async def follow(follower: RegisteredUser, followed: RegisteredUser, instance: ServerProcess) -> None:
    async with (
        aiohttp.ClientSession(headers={"Authorization": f"Bearer {follower.token}"}) as session,
        session.put(f"{instance.url}/v1/users/{followed.id}/follow") as response,
    ):
        assert response.status == 204


async def read_status(reader: RegisteredUser, user: RegisteredUser, instance: ServerProcess) -> str:
    async with (
        aiohttp.ClientSession(headers={"Authorization": f"Bearer {reader.token}"}) as session,
        session.get(f"{instance.url}/v1/presence?user_ids={user.id}") as response,
    ):
        items = (await response.json())["items"]
    status: str = items[0]["status"]
    return status


async def test_devices_on_two_instances_are_one_presence(pair: Pair) -> None:
    """A user is online while any device is connected; users who may not see the presence get `offline`."""
    first_instance, second_instance = pair
    ana, ben = (
        await RegisteredUser.register("ana", first_instance),
        await RegisteredUser.register("ben", second_instance),
    )
    assert await read_status(ana, ben, first_instance) == "offline"
    async with Client([first_instance.url], ben.token), Client([second_instance.url], ben.token):
        assert await read_status(ana, ben, first_instance) == "offline"
        await follow(ana, ben, first_instance)
        assert await read_status(ana, ben, second_instance) == "online"


async def test_reconnect_within_grace_is_not_visible(pair: Pair, start_instance: StartInstance) -> None:
    """A user who moves to another instance within the grace period never appears offline."""
    first_instance, second_instance = pair
    ana, ben = (
        await RegisteredUser.register("ana", first_instance),
        await RegisteredUser.register("ben", second_instance),
    )
    await follow(ana, ben, first_instance)
    frames: list[ServerFrame] = []
    async with Client([first_instance.url], ana.token, on_frame=frames.append) as watcher:
        await watcher.watch_presence([ben.id])
        async with Client([second_instance.url], ben.token):
            await wait_until(lambda: statuses_of(frames, ben.id) == ["online"], SETTLE_TIMEOUT_S)
        async with Client([first_instance.url], ben.token) as reconnected:
            await reconnected.ping()
            third_instance = await start_instance()
            async with Client([third_instance.url], ben.token):
                pass
            assert statuses_of(frames, ben.id) == ["online"]


async def test_users_of_a_killed_instance_go_offline(pair: Pair, start_instance: StartInstance) -> None:
    """Within 15 s after SIGKILL its users are offline for watchers and over HTTP."""
    first_instance, _ = pair
    killed = await start_instance()
    ana, ben = (
        await RegisteredUser.register("ana", first_instance),
        await RegisteredUser.register("ben", first_instance),
    )
    await follow(ana, ben, first_instance)
    frames: list[ServerFrame] = []
    async with Client([first_instance.url], ana.token, on_frame=frames.append) as watcher:
        client = Client([killed.url], ben.token)
        await client.connect()
        await watcher.watch_presence([ben.id])
        assert await read_status(ana, ben, first_instance) == "online"
        killed.signal(signal.SIGKILL)
        await client.close()

        await wait_until(lambda: statuses_of(frames, ben.id)[-1:] == ["offline"], SETTLE_TIMEOUT_S)
        assert await read_status(ana, ben, first_instance) == "offline"
