"""Fixtures for end-to-end tests: two shared server instances, and extra ones for tests that break them."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from pathlib import Path

import msgspec
import pytest

from storage.embedded import StoreUrls
from storage.postgres.roles import SERVICES
from tests.conftest import STORES_START_S, DatabasePool, LoopThread
from tests.end_to_end.server_process import ServerProcess, ServerStores
from tests.tcp_proxy import TcpProxy

Pair = tuple[ServerProcess, ServerProcess]
BUS_DELAY_S = 0.05
StartInstance = Callable[..., Awaitable[ServerProcess]]


@pytest.fixture(scope="session")
def server_stores(stores: StoreUrls, background: LoopThread, databases: DatabasePool) -> ServerStores:
    """The stores of the test run, with separate databases for the end-to-end tests."""
    urls = {service: background.run(databases.acquire(service), STORES_START_S) for service in SERVICES}
    return ServerStores(stores, urls)


@contextlib.contextmanager
def two_instances(
    server_stores: ServerStores, background: LoopThread, folder: Path, limits: Mapping[str, str] | None = None
) -> Iterator[Pair]:
    """Start two instances with the same settings, and stop them at the end."""
    first, second = (
        ServerProcess(server_stores, folder / f"{name}.log", limits) for name in ("first", "second")
    )

    async def start() -> None:
        await asyncio.gather(first.start(), second.start())

    try:
        background.run(start(), STORES_START_S)
        yield first, second
    finally:
        first.close()
        second.close()


@pytest.fixture(scope="session")
def pair(
    server_stores: ServerStores, background: LoopThread, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Pair]:
    """Two instances shared by all tests; tests must not stop or pause them."""
    with two_instances(server_stores, background, tmp_path_factory.mktemp("instances")) as both:
        yield both


@pytest.fixture
async def start_instance(server_stores: ServerStores, tmp_path: Path) -> AsyncIterator[StartInstance]:
    """Return a function that starts an extra instance for this test.

    It takes limits as keyword arguments, a Redis URL, and a fixed port that survives restarts.
    """
    started: list[ServerProcess] = []

    async def start(redis_url: str = "", port: int = 0, **limits: float) -> ServerProcess:
        variables = {name.upper(): str(value) for name, value in limits.items()}
        urls = msgspec.structs.replace(server_stores.urls, redis=redis_url or server_stores.urls.redis)
        instance_stores = msgspec.structs.replace(server_stores, urls=urls)
        instance = ServerProcess(instance_stores, tmp_path / f"instance-{len(started)}.log", variables, port)
        started.append(instance)
        await instance.start()
        return instance

    yield start
    for instance in started:
        instance.close()


@pytest.fixture
async def delayed_pair(
    pair: Pair, start_instance: StartInstance, server_stores: ServerStores
) -> AsyncIterator[Pair]:
    """The first shared instance, and one that receives everything from Redis with a delay."""
    async with TcpProxy(server_stores.urls.redis, delay_s=BUS_DELAY_S) as proxy:
        delayed = await start_instance(redis_url=f"redis://{proxy.address}/0")
        yield pair[0], delayed
        delayed.close()
