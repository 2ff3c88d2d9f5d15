"""Buses of several instances, in memory and on Redis."""

import itertools
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from storage.redis.bus import RedisBus
from storage.redis.timeouts import Timeouts
from tests.storage.bus_cluster import (
    PATIENT_TIMEOUTS,
    SHORT_TIMEOUTS,
    BusCluster,
    MemoryCluster,
    RedisCluster,
    ShardedCluster,
)
from tests.storage.valkey_server import ValkeyServer

_names = itertools.count(1)
Opening = Callable[..., Awaitable[RedisBus]]


@pytest.fixture(params=["memory", "redis", "sharded"])
async def system(request: pytest.FixtureRequest) -> AsyncIterator[BusCluster]:
    """Instances on the run's own server, on two, or in memory."""
    if request.param == "memory":
        made: BusCluster = MemoryCluster()
    elif request.param == "sharded":
        made = ShardedCluster(request.getfixturevalue("two_servers"), PATIENT_TIMEOUTS)
    else:
        made = RedisCluster(None, request.getfixturevalue("stores").redis)
    yield made
    await made.close()


@pytest.fixture(params=["memory", "redis", "sharded"])
async def restartable_cluster(request: pytest.FixtureRequest) -> AsyncIterator[BusCluster]:
    """Instances whose servers a test may stop."""
    if request.param == "memory":
        made: BusCluster = MemoryCluster()
    elif request.param == "sharded":
        made = ShardedCluster(request.getfixturevalue("two_servers"))
    else:
        server: ValkeyServer = request.getfixturevalue("server")
        made = RedisCluster(server, server.url)
    yield made
    await made.close()


@pytest.fixture
async def opened() -> AsyncIterator[Opening]:
    """Opens buses with short timeouts, and closes them after the test."""
    buses: list[RedisBus] = []

    async def make(
        url: str, queued_messages_max: int = 10_000, time_limits: Timeouts = SHORT_TIMEOUTS
    ) -> RedisBus:
        buses.append(await RedisBus.open(url, queued_messages_max=queued_messages_max, timeouts=time_limits))
        return buses[-1]

    yield make
    for bus in buses:
        await bus.close()


@pytest.fixture
def topic() -> str:
    return f"c:{next(_names)}"
