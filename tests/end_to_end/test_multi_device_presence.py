"""Presence of a user with several devices on two instances, as a watcher sees it."""

import time
from collections.abc import Iterator

import pytest

from client.client import Client
from tests.conftest import LoopThread
from tests.end_to_end.conftest import Pair, two_instances
from tests.end_to_end.polling import wait_until
from tests.end_to_end.presence_watcher import PresenceWatcher
from tests.end_to_end.registered_user import RegisteredUser
from tests.end_to_end.server_process import ServerStores

GRACE_S = 1.5
SETTLE_TIMEOUT_S = 15.0


@pytest.fixture(scope="module")
def short_grace_pair(
    server_stores: ServerStores, background: LoopThread, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Pair]:
    """Two instances with a short presence grace period."""
    limits = {"PRESENCE_GRACE_S": str(GRACE_S)}
    with two_instances(server_stores, background, tmp_path_factory.mktemp("short-grace"), limits) as both:
        yield both


async def test_three_devices_are_one_presence(short_grace_pair: Pair) -> None:
    """Online with the first device, away if all are away, offline a grace period after the last one left."""
    first_instance, second_instance = short_grace_pair
    ben = await RegisteredUser.register("ben", second_instance)
    phone, tablet = Client([first_instance.url], ben.token), Client([second_instance.url], ben.token)
    async with PresenceWatcher(ben, first_instance) as watcher, phone:
        await wait_until(lambda: watcher.statuses_seen == ["online"])
        async with Client([second_instance.url], ben.token), tablet:
            await watcher.wait_for_delivery(second_instance)
        await watcher.wait_for_grace(second_instance)
        assert watcher.statuses_seen == ["online"]

        async with (
            Client([second_instance.url], ben.token) as laptop,
            Client([second_instance.url, first_instance.url], ben.token) as tablet,
        ):
            await phone.set_presence(away=True)
            await tablet.set_presence(away=True)
            await watcher.wait_for_delivery(first_instance)
            await watcher.wait_for_delivery(second_instance)
            assert watcher.statuses_seen == ["online"]
            await laptop.set_presence(away=True)
            await wait_until(lambda: watcher.statuses_seen == ["online", "away"])
            await tablet.set_presence(away=False)
            await wait_until(lambda: watcher.statuses_seen == ["online", "away", "online"])
            await phone.set_presence(away=False)

        left_at = time.monotonic()
        await phone.close()
        await wait_until(
            lambda: watcher.statuses_seen == ["online", "away", "online", "offline"], SETTLE_TIMEOUT_S
        )
        assert time.monotonic() - left_at >= GRACE_S


async def test_reconnect_within_grace_stays_online(short_grace_pair: Pair) -> None:
    """A single device that reconnects on the other instance in the grace period never appears offline."""
    first_instance, second_instance = short_grace_pair
    ben = await RegisteredUser.register("ben", first_instance)
    async with PresenceWatcher(ben, second_instance) as watcher:
        async with Client([first_instance.url], ben.token):
            await wait_until(lambda: watcher.statuses_seen == ["online"])
            left_at = time.monotonic()
        await watcher.wait_for_delivery(first_instance)
        assert watcher.statuses_seen == ["online"] or time.monotonic() - left_at >= GRACE_S
        async with Client([second_instance.url], ben.token):
            await watcher.wait_for_grace(first_instance)
            assert watcher.statuses_seen == ["online"]


async def test_reconnect_beside_an_away_device_stays_online(
    short_grace_pair: Pair,
) -> None:
    """If the active device reconnects while another is away, the user stays online."""
    first_instance, second_instance = short_grace_pair
    ben = await RegisteredUser.register("ben", first_instance)
    async with (
        PresenceWatcher(ben, second_instance) as watcher,
        Client([first_instance.url], ben.token) as laptop,
    ):
        async with Client([first_instance.url], ben.token):
            await laptop.set_presence(away=True)
            await wait_until(lambda: watcher.statuses_seen == ["online"])
            left_at = time.monotonic()
        await watcher.wait_for_delivery(first_instance)
        assert watcher.statuses_seen == ["online"] or time.monotonic() - left_at >= GRACE_S
        async with Client([first_instance.url], ben.token):
            await watcher.wait_for_grace(first_instance)
            assert watcher.statuses_seen == ["online"]
