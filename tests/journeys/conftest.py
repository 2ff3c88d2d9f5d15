"""Two real instances on the stores of the run, and more of them for a test that breaks its own."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path

import pytest

from storage.embedded import StoreUrls
from tests.conftest import STORES_START_S, Databases, LoopThread
from tests.journeys.instance import Backing, Instance

Pair = tuple[Instance, Instance]
MoreInstances = Callable[..., Awaitable[Instance]]


@pytest.fixture(scope="session")
def backing(stores: StoreUrls, background: LoopThread, databases: Databases) -> Backing:
    """The stores of the run, with a database of users that is the journeys' own."""
    return Backing(stores, background.run(databases.take("users"), STORES_START_S))


@pytest.fixture(scope="session")
def pair(
    backing: Backing, background: LoopThread, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Pair]:
    """Two instances that no test breaks."""
    folder = tmp_path_factory.mktemp("instances")
    one, other = Instance(backing, folder / "one.log"), Instance(backing, folder / "other.log")
    try:
        background.run(one.start(), STORES_START_S)
        background.run(other.start(), STORES_START_S)
        yield one, other
    finally:
        one.close()
        other.close()


@pytest.fixture
async def instance(backing: Backing, tmp_path: Path) -> AsyncIterator[MoreInstances]:
    """Starts another instance, for this test alone; keywords are limits of its own."""
    started: list[Instance] = []

    async def start(**limits: int) -> Instance:
        bounds = {name.upper(): str(value) for name, value in limits.items()}
        one = Instance(backing, tmp_path / f"instance-{len(started)}.log", bounds)
        started.append(one)
        await one.start()
        return one

    yield start
    for one in started:
        one.close()
