"""The stores themselves go away under running instances: all of them in order, or Redis by a kill."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest

from storage.embedded import EmbeddedStores
from storage.embedded.statistics import StoreStatistics
from tests.end_to_end.chat_user import FAST_SETTINGS, ChatUser
from tests.end_to_end.oracle import Oracle
from tests.end_to_end.polling import LONG_TESTS, wait_until
from tests.end_to_end.registered_user import RegisteredUser
from tests.end_to_end.server_process import ServerProcess, ServerStores

RECOVERY_TIMEOUT_S = 60.0
LONG_TIMEOUTS = msgspec.structs.replace(
    FAST_SETTINGS, request_timeout_s=RECOVERY_TIMEOUT_S, heartbeat_interval_s=20.0
)
MESSAGES = 60
KILLS = 5 if LONG_TESTS else 2
pytestmark = pytest.mark.timeout(300)


@pytest.fixture
async def own_stores(tmp_path: Path) -> AsyncIterator[EmbeddedStores]:
    """Stores of this test alone, which keep their data; not started yet."""
    stores = EmbeddedStores(tmp_path / "stores", keep=True)
    yield stores
    await stores.stop()


async def test_history_survives_a_restart_of_all_stores(own_stores: EmbeddedStores, tmp_path: Path) -> None:
    """Sends wait for the stores to come back; then, after a start of everything, all is there."""
    backing = ServerStores(await own_stores.start())
    first, second = (
        ServerProcess(backing, tmp_path / "first.log"),
        ServerProcess(backing, tmp_path / "second.log"),
    )
    try:
        await first.start()
        ana, ben = await RegisteredUser.register("ana", first), await RegisteredUser.register("ben", first)
        oracle = Oracle(await ana.create_group(first, [ben]))
        async with (
            ChatUser(ana, oracle, [first], LONG_TIMEOUTS) as anas,
            ChatUser(ben, oracle, [first], LONG_TIMEOUTS) as bens,
        ):
            enough = asyncio.Event()
            talk = asyncio.gather(anas.send_until(enough), bens.send_until(enough))
            await wait_until(lambda: oracle.acknowledged > MESSAGES)
            await own_stores.stop()
            before = oracle.acknowledged
            assert ServerStores(await own_stores.start()) == backing
            await wait_until(lambda: oracle.acknowledged > before + MESSAGES, RECOVERY_TIMEOUT_S)
            enough.set()
            await talk
            await wait_until(lambda: oracle.all_received(oracle.acknowledged), RECOVERY_TIMEOUT_S)
        oracle.check(await ana.read_history(first, oracle.conversation_id))

        assert await first.stop() == 0
        await own_stores.stop()
        await own_stores.start()
        await second.start()
        oracle.check(
            await ben.read_history(second, oracle.conversation_id), "the log after a start of everything"
        )
        async with ChatUser(ana, oracle, [second], LONG_TIMEOUTS) as anas:
            assert (await anas.send()).seq == oracle.acknowledged
    finally:
        first.close()
        second.close()


async def test_killed_redis_loses_no_message(own_stores: EmbeddedStores, tmp_path: Path) -> None:
    """Killed in mid-flood: the other instance's people see every seq all the same, and nobody is refused."""
    backing = ServerStores(await own_stores.start())
    pair = (ServerProcess(backing, tmp_path / "one.log"), ServerProcess(backing, tmp_path / "other.log"))
    try:
        for one in pair:
            await one.start()
        ana, ben = (
            await RegisteredUser.register("ana", pair[0]),
            await RegisteredUser.register("ben", pair[1]),
        )
        oracle = Oracle(await ana.create_group(pair[0], [ben]))
        async with (
            ChatUser(ana, oracle, [pair[0]], LONG_TIMEOUTS) as anas,
            ChatUser(ben, oracle, [pair[1]], LONG_TIMEOUTS) as bens,
        ):
            enough = asyncio.Event()
            talk = asyncio.gather(anas.send_until(enough), bens.send_until(enough))
            for kills in range(1, KILLS + 1):
                await wait_until_stored(oracle)
                kill_redis(own_stores)
                await wait_until_stored(oracle)
                await wait_for_restarts(own_stores, kills)
            await wait_until_stored(oracle)
            enough.set()
            await talk
            await wait_until(lambda: oracle.all_received(oracle.acknowledged), RECOVERY_TIMEOUT_S)
            assert [one.client.statistics().connects for one in (anas, bens)] == [1, 1]
            assert [one.unannounced_gaps for one in (anas, bens)] == [0, 0]
        oracle.check(await ana.read_history(pair[1], oracle.conversation_id))
    finally:
        for one in pair:
            one.close()


async def wait_until_stored(oracle: Oracle) -> None:
    """Messages are stored, whatever has happened."""
    before = oracle.acknowledged
    await wait_until(lambda: oracle.acknowledged > before + MESSAGES, RECOVERY_TIMEOUT_S)


async def wait_for_restarts(stores: EmbeddedStores, times: int) -> None:
    await wait_until(
        lambda: redis_statistics(stores).restarts == times and redis_statistics(stores).healthy,
        RECOVERY_TIMEOUT_S,
    )


def redis_statistics(stores: EmbeddedStores) -> StoreStatistics:
    return next(store for store in stores.statistics().stores if store.name == "redis")


def kill_redis(stores: EmbeddedStores) -> None:
    """End the server at once; whoever looks after it starts it again."""
    pid = redis_statistics(stores).pid
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
