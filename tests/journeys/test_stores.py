"""The stores themselves go away under running instances: all of them in order, or Redis by a kill."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest

from storage.embedded import EmbeddedStores
from storage.embedded.settings import StoreStatistics
from tests.journeys.instance import Backing, Instance
from tests.journeys.oracle import Oracle
from tests.journeys.patience import LONG, eventually
from tests.journeys.person import Person
from tests.journeys.talker import QUICK, Talker

STORED_AGAIN_S = 60.0
PATIENT = msgspec.structs.replace(QUICK, send_s=STORED_AGAIN_S, heartbeat_s=20.0)
MESSAGES = 60
KILLS = 5 if LONG else 2
pytestmark = pytest.mark.timeout(300)


@pytest.fixture
async def own_stores(tmp_path: Path) -> AsyncIterator[EmbeddedStores]:
    """Stores of this test alone, which keep their data; not started yet."""
    stores = EmbeddedStores(tmp_path / "stores", keep=True)
    yield stores
    await stores.stop()


async def test_history_outlives_a_stop_and_start_of_all_stores(
    own_stores: EmbeddedStores, tmp_path: Path
) -> None:
    """Sends wait for the stores to come back; then, after a start of everything, all is there."""
    backing = Backing(await own_stores.start())
    first, second = Instance(backing, tmp_path / "first.log"), Instance(backing, tmp_path / "second.log")
    try:
        await first.start()
        ana, ben = await Person.register("ana", first), await Person.register("ben", first)
        oracle = Oracle(await ana.group(first, [ben]))
        async with (
            Talker(ana, oracle, [first], PATIENT) as anas,
            Talker(ben, oracle, [first], PATIENT) as bens,
        ):
            enough = asyncio.Event()
            talk = asyncio.gather(anas.talk(enough), bens.talk(enough))
            await eventually(lambda: oracle.acknowledged > MESSAGES)
            await own_stores.stop()
            before = oracle.acknowledged
            assert Backing(await own_stores.start()) == backing
            await eventually(lambda: oracle.acknowledged > before + MESSAGES, STORED_AGAIN_S)
            enough.set()
            await talk
            await eventually(lambda: oracle.all_saw(oracle.acknowledged), STORED_AGAIN_S)
        oracle.check(await ana.log(first, oracle.conversation_id))

        assert await first.stop() == 0
        await own_stores.stop()
        await own_stores.start()
        await second.start()
        oracle.check(await ben.log(second, oracle.conversation_id), "the log after a start of everything")
        async with Talker(ana, oracle, [second], PATIENT) as anas:
            assert (await anas.say()).seq == oracle.acknowledged
    finally:
        first.close()
        second.close()


async def test_a_killed_redis_loses_nobody_a_message(own_stores: EmbeddedStores, tmp_path: Path) -> None:
    """Killed in mid-flood: the other instance's people see every seq all the same, and nobody is refused."""
    backing = Backing(await own_stores.start())
    pair = (Instance(backing, tmp_path / "one.log"), Instance(backing, tmp_path / "other.log"))
    try:
        for one in pair:
            await one.start()
        ana, ben = await Person.register("ana", pair[0]), await Person.register("ben", pair[1])
        oracle = Oracle(await ana.group(pair[0], [ben]))
        async with (
            Talker(ana, oracle, [pair[0]], PATIENT) as anas,
            Talker(ben, oracle, [pair[1]], PATIENT) as bens,
        ):
            enough = asyncio.Event()
            talk = asyncio.gather(anas.talk(enough), bens.talk(enough))
            for kills in range(1, KILLS + 1):
                await goes_on(oracle)
                kill_redis(own_stores)
                await goes_on(oracle)
                await restarted(own_stores, kills)
            await goes_on(oracle)
            enough.set()
            await talk
            await eventually(lambda: oracle.all_saw(oracle.acknowledged), STORED_AGAIN_S)
            assert [one.client.statistics().connects for one in (anas, bens)] == [1, 1]
            assert [one.silent_gaps for one in (anas, bens)] == [0, 0]
        oracle.check(await ana.log(pair[1], oracle.conversation_id))
    finally:
        for one in pair:
            one.close()


async def goes_on(oracle: Oracle) -> None:
    """Messages are stored, whatever has happened."""
    before = oracle.acknowledged
    await eventually(lambda: oracle.acknowledged > before + MESSAGES, STORED_AGAIN_S)


async def restarted(stores: EmbeddedStores, times: int) -> None:
    await eventually(lambda: redis(stores).restarts == times and redis(stores).healthy, STORED_AGAIN_S)


def redis(stores: EmbeddedStores) -> StoreStatistics:
    return next(store for store in stores.statistics().stores if store.name == "redis")


def kill_redis(stores: EmbeddedStores) -> None:
    """End the server at once; whoever looks after it starts it again."""
    pid = redis(stores).pid
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
