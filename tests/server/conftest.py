"""A whole server in the test's own loop, on the run's real stores."""

from collections.abc import AsyncIterator, Awaitable, Callable

import msgspec
import pytest

from config.limits import Limits
from config.settings import ServerSettings, Settings
from run import Instance
from storage.embedded import StoreUrls

StartInstance = Callable[..., Awaitable[Instance]]


@pytest.fixture
async def start_instance(stores: StoreUrls) -> AsyncIterator[StartInstance]:
    """Starts servers on free ports; keyword arguments are fields of `Limits`."""
    started: list[Instance] = []

    async def start(**limits: object) -> Instance:
        chosen = msgspec.structs.replace(Limits(), **limits)
        settings = Settings(server=ServerSettings(port=0), limits=chosen)
        instance = Instance(settings, stores)
        started.append(instance)
        await instance.start()
        return instance

    yield start
    for instance in started:
        await instance.stop()


@pytest.fixture
async def instance(start_instance: StartInstance) -> Instance:
    """One server with the shipped limits."""
    return await start_instance()
