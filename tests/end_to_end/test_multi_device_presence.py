"""One person with three devices at two instances, as somebody sees it who watches: one presence."""

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
    """Two instances whose grace is short."""
    limits = {"PRESENCE_GRACE_S": str(GRACE_S)}
    with two_instances(server_stores, background, tmp_path_factory.mktemp("graceful"), limits) as both:
        yield both


async def test_three_devices_are_one_presence(short_grace_pair: Pair) -> None:
    """Online with the first, away when all are, offline a grace after the last; nothing else is seen."""
    here, there = short_grace_pair
    ben = await RegisteredUser.register("ben", there)
    phone, tablet = Client([here.url], ben.token), Client([there.url], ben.token)
    async with PresenceWatcher(ben, here) as onlooker, phone:
        await wait_until(lambda: onlooker.statuses_seen == ["online"])
        async with Client([there.url], ben.token), tablet:
            await onlooker.wait_for_delivery(there)
        await onlooker.wait_for_grace(there)
        assert onlooker.statuses_seen == ["online"]

        async with (
            Client([there.url], ben.token) as laptop,
            Client([there.url, here.url], ben.token) as tablet,
        ):
            await phone.set_presence(away=True)
            await tablet.set_presence(away=True)
            await onlooker.wait_for_delivery(here)
            await onlooker.wait_for_delivery(there)
            assert onlooker.statuses_seen == ["online"]
            await laptop.set_presence(away=True)
            await wait_until(lambda: onlooker.statuses_seen == ["online", "away"])
            await tablet.set_presence(away=False)
            await wait_until(lambda: onlooker.statuses_seen == ["online", "away", "online"])
            await phone.set_presence(away=False)

        left_at = time.monotonic()
        await phone.close()
        await wait_until(
            lambda: onlooker.statuses_seen == ["online", "away", "online", "offline"], SETTLE_TIMEOUT_S
        )
        assert time.monotonic() - left_at >= GRACE_S


async def test_reconnect_within_grace_stays_online(short_grace_pair: Pair) -> None:
    """The only one, and back at the other instance: within the grace it never was offline."""
    here, there = short_grace_pair
    ben = await RegisteredUser.register("ben", here)
    async with PresenceWatcher(ben, there) as onlooker:
        async with Client([here.url], ben.token):
            await wait_until(lambda: onlooker.statuses_seen == ["online"])
            left_at = time.monotonic()
        await onlooker.wait_for_delivery(here)
        assert onlooker.statuses_seen == ["online"] or time.monotonic() - left_at >= GRACE_S
        async with Client([there.url], ben.token):
            await onlooker.wait_for_grace(here)
            assert onlooker.statuses_seen == ["online"]


async def test_reconnect_beside_an_away_device_stays_online(
    short_grace_pair: Pair,
) -> None:
    """The one in use loses its connection for a moment, the other lies there: it stays online."""
    here, there = short_grace_pair
    ben = await RegisteredUser.register("ben", here)
    async with PresenceWatcher(ben, there) as onlooker, Client([here.url], ben.token) as laptop:
        async with Client([here.url], ben.token):
            await laptop.set_presence(away=True)
            await wait_until(lambda: onlooker.statuses_seen == ["online"])
            left_at = time.monotonic()
        await onlooker.wait_for_delivery(here)
        assert onlooker.statuses_seen == ["online"] or time.monotonic() - left_at >= GRACE_S
        async with Client([here.url], ben.token):
            await onlooker.wait_for_grace(here)
            assert onlooker.statuses_seen == ["online"]
