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
from tests.journeys.cable import Cable
from tests.journeys.instance import Backing, Instance

Pair = tuple[Instance, Instance]
LATE_S = 0.05
MoreInstances = Callable[..., Awaitable[Instance]]


@pytest.fixture(scope="session")
def backing(stores: StoreUrls, background: LoopThread, databases: DatabasePool) -> Backing:
    """The stores of the run, with databases that are the journeys' own."""
    own = {service: background.run(databases.acquire(service), STORES_START_S) for service in SERVICES}
    return Backing(stores, own)


@contextlib.contextmanager
def two_instances(
    backing: Backing, background: LoopThread, folder: Path, limits: Mapping[str, str] | None = None
) -> Iterator[Pair]:
    """Begun together, gone in the end."""
    one, other = (Instance(backing, folder / f"{name}.log", limits) for name in ("one", "other"))

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
    backing: Backing, background: LoopThread, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Pair]:
    """Two instances that no test breaks."""
    with two_instances(backing, background, tmp_path_factory.mktemp("instances")) as both:
        yield both


@pytest.fixture
async def instance(backing: Backing, tmp_path: Path) -> AsyncIterator[MoreInstances]:
    """Starts another instance, for this test alone.

    Keywords are limits of its own, or its way to Redis, or a port that it is to keep over restarts.
    """
    started: list[Instance] = []

    async def start(redis_url: str = "", port: int = 0, **limits: float) -> Instance:
        bounds = {name.upper(): str(value) for name, value in limits.items()}
        urls = msgspec.structs.replace(backing.urls, redis=redis_url or backing.urls.redis)
        own = msgspec.structs.replace(backing, urls=urls)
        one = Instance(own, tmp_path / f"instance-{len(started)}.log", bounds, port)
        started.append(one)
        await one.start()
        return one

    yield start
    for one in started:
        one.close()


@pytest.fixture
async def late_pair(pair: Pair, instance: MoreInstances, backing: Backing) -> AsyncIterator[Pair]:
    """The first instance of the pair, and one that hears everything from Redis late."""
    async with Cable(backing.urls.redis, late_s=LATE_S) as cable:
        late = await instance(redis_url=f"redis://{cable.address}/0")
        yield pair[0], late
        late.close()
