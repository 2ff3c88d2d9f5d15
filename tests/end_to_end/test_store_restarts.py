"""Stores are stopped or killed under running instances."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest

from storage.embedded import EmbeddedStores
from storage.embedded.settings import StoreStatistics
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
SEND_PAUSE_S = 0.05
"""Several messages are on their way at any time, while the processors are left to the stores that start."""

KILLS = 5 if LONG_TESTS else 2
pytestmark = pytest.mark.timeout(300)


@pytest.fixture
async def own_stores(tmp_path: Path) -> AsyncIterator[EmbeddedStores]:
    """Persistent stores for this test, not started yet."""
    stores = EmbeddedStores(tmp_path / "stores", keep=True)
    yield stores
    await stores.stop()


async def test_history_survives_a_restart_of_all_stores(own_stores: EmbeddedStores, tmp_path: Path) -> None:
    """Sends wait until the stores are back; after a full restart the history is complete."""
    server_stores = ServerStores(await own_stores.start())
    first, second = (
        ServerProcess(server_stores, tmp_path / "first.log"),
        ServerProcess(server_stores, tmp_path / "second.log"),
    )
    try:
        await first.start()
        ana, ben = await RegisteredUser.register("ana", first), await RegisteredUser.register("ben", first)
        oracle = Oracle(await ana.create_group(first, [ben]))
        async with (
            ChatUser(ana, oracle, [first], LONG_TIMEOUTS) as ana_chat,
            ChatUser(ben, oracle, [first], LONG_TIMEOUTS) as ben_chat,
        ):
            stop = asyncio.Event()
            sends = asyncio.gather(
                *(each.send_until(stop, pause_s=SEND_PAUSE_S) for each in (ana_chat, ben_chat))
            )
            await wait_until(lambda: oracle.acknowledged > MESSAGES)
            await own_stores.stop()
            before = oracle.acknowledged
            assert ServerStores(await own_stores.start()) == server_stores
            await wait_until(lambda: oracle.acknowledged > before + MESSAGES, RECOVERY_TIMEOUT_S)
            stop.set()
            await sends
            await wait_until(lambda: oracle.all_received(oracle.acknowledged), RECOVERY_TIMEOUT_S)
        oracle.check(await ana.read_history(first, oracle.conversation_id))

        assert await first.stop() == 0
        await own_stores.stop()
        await own_stores.start()
        await second.start()
        oracle.check(await ben.read_history(second, oracle.conversation_id), "the log after a full restart")
        async with ChatUser(ana, oracle, [second], LONG_TIMEOUTS) as ana_chat:
            assert (await ana_chat.send()).seq == oracle.acknowledged
    finally:
        first.close()
        second.close()


async def test_killed_redis_loses_no_message(own_stores: EmbeddedStores, tmp_path: Path) -> None:
    """With Redis killed under load, clients on both instances receive every seq and no send is rejected."""
    server_stores = ServerStores(await own_stores.start())
    pair = (
        ServerProcess(server_stores, tmp_path / "first.log"),
        ServerProcess(server_stores, tmp_path / "second.log"),
    )
    try:
        for instance in pair:
            await instance.start()
        ana, ben = (
            await RegisteredUser.register("ana", pair[0]),
            await RegisteredUser.register("ben", pair[1]),
        )
        oracle = Oracle(await ana.create_group(pair[0], [ben]))
        async with (
            ChatUser(ana, oracle, [pair[0]], LONG_TIMEOUTS) as ana_chat,
            ChatUser(ben, oracle, [pair[1]], LONG_TIMEOUTS) as ben_chat,
        ):
            stop = asyncio.Event()
            sends = asyncio.gather(
                *(each.send_until(stop, pause_s=SEND_PAUSE_S) for each in (ana_chat, ben_chat))
            )
            for kill_count in range(1, KILLS + 1):
                await wait_until_stored(oracle)
                kill_redis(own_stores)
                await wait_until_stored(oracle)
                await wait_for_restarts(own_stores, kill_count)
            await wait_until_stored(oracle)
            stop.set()
            await sends
            await wait_until(lambda: oracle.all_received(oracle.acknowledged), RECOVERY_TIMEOUT_S)
            assert [instance.client.statistics().connects for instance in (ana_chat, ben_chat)] == [1, 1]
            assert [instance.unannounced_gaps for instance in (ana_chat, ben_chat)] == [0, 0]
        oracle.check(await ana.read_history(pair[1], oracle.conversation_id))
    finally:
        for instance in pair:
            instance.close()


async def wait_until_stored(oracle: Oracle) -> None:
    """Wait until more messages have been stored."""
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
    """Kill the server; its supervisor restarts it."""
    pid = redis_statistics(stores).pid
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
