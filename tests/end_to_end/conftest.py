"""Two real instances on the stores of the run, and more of them for a test that breaks its own."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from pathlib import Path

import msgspec
import pytest

from storage.embedded import StoreUrls
from storage.stores import SERVICES
from tests.conftest import STORES_START_S, DatabasePool, LoopThread
from tests.end_to_end.server_process import ServerProcess, ServerStores
from tests.end_to_end.tcp_proxy import TcpProxy

Pair = tuple[ServerProcess, ServerProcess]
BUS_DELAY_S = 0.05
StartInstance = Callable[..., Awaitable[ServerProcess]]


@pytest.fixture(scope="session")
def server_stores(stores: StoreUrls, background: LoopThread, databases: DatabasePool) -> ServerStores:
    """The stores of the run, with databases that are the journeys' own."""
    own = {service: background.run(databases.acquire(service), STORES_START_S) for service in SERVICES}
    return ServerStores(stores, own)


@contextlib.contextmanager
def two_instances(
    server_stores: ServerStores, background: LoopThread, folder: Path, limits: Mapping[str, str] | None = None
) -> Iterator[Pair]:
    """Begun together, gone in the end."""
    one, other = (ServerProcess(server_stores, folder / f"{name}.log", limits) for name in ("one", "other"))

    async def start() -> None:
        await asyncio.gather(one.start(), other.start())

    try:
        background.run(start(), STORES_START_S)
        yield one, other
    finally:
        one.close()
        other.close()


@pytest.fixture(scope="session")
def pair(
    server_stores: ServerStores, background: LoopThread, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Pair]:
    """Two instances that no test breaks."""
    with two_instances(server_stores, background, tmp_path_factory.mktemp("instances")) as both:
        yield both


@pytest.fixture
async def start_instance(server_stores: ServerStores, tmp_path: Path) -> AsyncIterator[StartInstance]:
    """Starts another instance, for this test alone.

    Keywords are limits of its own, or its way to Redis, or a port that it is to keep over restarts.
    """
    started: list[ServerProcess] = []

    async def start(redis_url: str = "", port: int = 0, **limits: float) -> ServerProcess:
        bounds = {name.upper(): str(value) for name, value in limits.items()}
        urls = msgspec.structs.replace(server_stores.urls, redis=redis_url or server_stores.urls.redis)
        own = msgspec.structs.replace(server_stores, urls=urls)
        one = ServerProcess(own, tmp_path / f"instance-{len(started)}.log", bounds, port)
        started.append(one)
        await one.start()
        return one

    yield start
    for one in started:
        one.close()


@pytest.fixture
async def delayed_pair(
    pair: Pair, start_instance: StartInstance, server_stores: ServerStores
) -> AsyncIterator[Pair]:
    """The first instance of the pair, and one that hears everything from Redis late."""
    async with TcpProxy(server_stores.urls.redis, delay_s=BUS_DELAY_S) as cable:
        late = await start_instance(redis_url=f"redis://{cable.address}/0")
        yield pair[0], late
        late.close()
