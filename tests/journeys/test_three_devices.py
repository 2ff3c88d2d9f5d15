"""One person with three devices at two instances, as somebody sees it who watches: one presence."""

import time
from collections.abc import Iterator

import pytest

from client.client import Client
from tests.conftest import LoopThread
from tests.journeys.conftest import Pair, two_instances
from tests.journeys.instance import Backing
from tests.journeys.onlooker import Onlooker
from tests.journeys.patience import eventually
from tests.journeys.person import Person

GRACE_S = 1.5
SETTLED_S = 15.0


@pytest.fixture(scope="module")
def graceful_pair(
    backing: Backing, background: LoopThread, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Pair]:
    """Two instances whose grace is short."""
    limits = {"PRESENCE_GRACE_S": str(GRACE_S)}
    with two_instances(backing, background, tmp_path_factory.mktemp("graceful"), limits) as both:
        yield both


async def test_three_devices_are_one_presence(graceful_pair: Pair) -> None:
    """Online with the first, away when all are, offline a grace after the last; nothing else is seen."""
    here, there = graceful_pair
    ben = await Person.register("ben", there)
    phone, tablet = Client([here.url], ben.token), Client([there.url], ben.token)
    async with Onlooker(ben, here) as onlooker, phone:
        await eventually(lambda: onlooker.seen == ["online"])
        async with Client([there.url], ben.token), tablet:
            await onlooker.a_moment(there)
        await onlooker.a_grace(there)
        assert onlooker.seen == ["online"]

        async with (
            Client([there.url], ben.token) as laptop,
            Client([there.url, here.url], ben.token) as tablet,
        ):
            await phone.set_presence(away=True)
            await tablet.set_presence(away=True)
            await onlooker.a_moment(here)
            await onlooker.a_moment(there)
            assert onlooker.seen == ["online"]
            await laptop.set_presence(away=True)
            await eventually(lambda: onlooker.seen == ["online", "away"])
            await tablet.set_presence(away=False)
            await eventually(lambda: onlooker.seen == ["online", "away", "online"])
            await phone.set_presence(away=False)

        left_at = time.monotonic()
        await phone.close()
        await eventually(lambda: onlooker.seen == ["online", "away", "online", "offline"], SETTLED_S)
        assert time.monotonic() - left_at >= GRACE_S


async def test_a_device_that_comes_back_in_time_is_not_seen_to_leave(graceful_pair: Pair) -> None:
    """The only one, and back at the other instance: within the grace it never was offline."""
    here, there = graceful_pair
    ben = await Person.register("ben", here)
    async with Onlooker(ben, there) as onlooker:
        async with Client([here.url], ben.token):
            await eventually(lambda: onlooker.seen == ["online"])
            left_at = time.monotonic()
        await onlooker.a_moment(here)
        assert onlooker.seen == ["online"] or time.monotonic() - left_at >= GRACE_S
        async with Client([there.url], ben.token):
            await onlooker.a_grace(here)
            assert onlooker.seen == ["online"]


async def test_a_device_that_comes_back_beside_one_that_is_away_is_not_seen_to_leave(
    graceful_pair: Pair,
) -> None:
    """The one in use loses its connection for a moment, the other lies there: it stays online."""
    here, there = graceful_pair
    ben = await Person.register("ben", here)
    async with Onlooker(ben, there) as onlooker, Client([here.url], ben.token) as laptop:
        async with Client([here.url], ben.token):
            await laptop.set_presence(away=True)
            await eventually(lambda: onlooker.seen == ["online"])
            left_at = time.monotonic()
        await onlooker.a_moment(here)
        assert onlooker.seen == ["online"] or time.monotonic() - left_at >= GRACE_S
        async with Client([here.url], ben.token):
            await onlooker.a_grace(here)
            assert onlooker.seen == ["online"]
