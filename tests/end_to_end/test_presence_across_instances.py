"""Presence over two instances: three devices, a reconnect elsewhere, and an instance that is killed."""

import signal
from collections.abc import Sequence

import aiohttp

from actors.protocol.presence import PresenceChanged
from actors.protocol.server_frames import ServerFrame
from client.client import Client
from tests.end_to_end.conftest import Pair, StartInstance
from tests.end_to_end.polling import wait_until
from tests.end_to_end.registered_user import RegisteredUser
from tests.end_to_end.server_process import ServerProcess

SETTLE_TIMEOUT_S = 15.0


def statuses(frames: Sequence[ServerFrame], user_id: str) -> list[str]:
    return [
        one.status
        for frame in frames
        if isinstance(frame, PresenceChanged)
        for one in frame.presences
        if one.user_id == user_id
    ]


async def follow(follower: RegisteredUser, followed: RegisteredUser, instance: ServerProcess) -> None:
    async with (
        aiohttp.ClientSession(headers={"Authorization": f"Bearer {follower.token}"}) as session,
        session.put(f"{instance.url}/v1/users/{followed.id}/follow") as answer,
    ):
        assert answer.status == 204


async def read_status(reader: RegisteredUser, user: RegisteredUser, instance: ServerProcess) -> str:
    async with (
        aiohttp.ClientSession(headers={"Authorization": f"Bearer {reader.token}"}) as session,
        session.get(f"{instance.url}/v1/presence?user_ids={user.id}") as answer,
    ):
        items = (await answer.json())["items"]
    found: str = items[0]["status"]
    return found


async def test_devices_on_two_instances_are_one_presence(pair: Pair) -> None:
    """Online while any device is anywhere; a stranger is told nothing."""
    here, there = pair
    ana, ben = await RegisteredUser.register("ana", here), await RegisteredUser.register("ben", there)
    assert await read_status(ana, ben, here) == "offline"
    async with Client([here.url], ben.token), Client([there.url], ben.token):
        assert await read_status(ana, ben, here) == "offline"
        await follow(ana, ben, here)
        assert await read_status(ana, ben, there) == "online"


async def test_reconnect_within_grace_is_not_visible(pair: Pair, start_instance: StartInstance) -> None:
    """Who leaves one instance and comes to another within the grace never was offline to others."""
    here, there = pair
    ana, ben = await RegisteredUser.register("ana", here), await RegisteredUser.register("ben", there)
    await follow(ana, ben, here)
    seen: list[ServerFrame] = []
    async with Client([here.url], ana.token, on_frame=seen.append) as watcher:
        await watcher.watch_presence([ben.id])
        async with Client([there.url], ben.token):
            await wait_until(lambda: statuses(seen, ben.id) == ["online"], SETTLE_TIMEOUT_S)
        async with Client([here.url], ben.token) as back:
            await back.ping()
            other = await start_instance()
            async with Client([other.url], ben.token):
                pass
            assert statuses(seen, ben.id) == ["online"]


async def test_users_of_a_killed_instance_go_offline(pair: Pair, start_instance: StartInstance) -> None:
    """Within 15 s of a SIGKILL its people are offline for those who watch, and asking says so too."""
    here, _ = pair
    doomed = await start_instance()
    ana, ben = await RegisteredUser.register("ana", here), await RegisteredUser.register("ben", here)
    await follow(ana, ben, here)
    seen: list[ServerFrame] = []
    async with Client([here.url], ana.token, on_frame=seen.append) as watcher:
        client = Client([doomed.url], ben.token)
        await client.connect()
        await watcher.watch_presence([ben.id])
        assert await read_status(ana, ben, here) == "online"
        doomed.signal(signal.SIGKILL)
        await client.close()

        await wait_until(lambda: statuses(seen, ben.id)[-1:] == ["offline"], SETTLE_TIMEOUT_S)
        assert await read_status(ana, ben, here) == "offline"
