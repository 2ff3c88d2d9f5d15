"""A complete server in the test's own event loop, on real stores, and registered users."""

import contextlib
import functools
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import Any

import pytest
import pytest_asyncio

from actors.accounts.passwords import Passwords
from server.composition import components
from server.instance import Instance
from server.observability import health
from storage.embedded import StoreUrls
from tests.conftest import LoopThread
from tests.server.api_client import ApiClient
from tests.server.owned_objects import OwnedObjects, owned_objects
from tests.server.registered_users import RegisteredUsers
from tests.server.routes.user_service import CHEAP_HASHES
from tests.server.running_instance import running_instance

StartInstance = Callable[..., Awaitable[Instance]]


@pytest.fixture(scope="session", autouse=True)
def cheap_hashes() -> Iterator[None]:
    """Servers in this process hash passwords at a low cost; tests of the cost make `Passwords` themselves."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(components, "Passwords", functools.partial(Passwords, cost=CHEAP_HASHES))
        yield


@pytest.fixture(autouse=True)
def current_metrics(monkeypatch: pytest.MonkeyPatch) -> None:
    """Metrics are rendered at every request, so that a test sees the current ones."""
    monkeypatch.setattr(health, "METRICS_CACHE_S", 0.0)


@pytest.fixture(scope="session")
def people() -> RegisteredUsers:
    """Users registered in this test run."""
    return RegisteredUsers()


@pytest.fixture
async def start_instance(stores: StoreUrls) -> AsyncIterator[StartInstance]:
    """Start servers on free ports; keyword arguments are fields of `Limits`."""
    async with contextlib.AsyncExitStack() as stack:

        async def start(**limits: Any) -> Instance:
            return await stack.enter_async_context(running_instance(stores, **limits))

        yield start


@pytest.fixture(scope="session")
def shared_instance(stores: StoreUrls, background: LoopThread) -> Iterator[Instance]:
    """One server with the default limits, in an event loop that outlives the tests."""
    server = running_instance(stores)
    yield background.run(server.__aenter__())
    background.run(server.__aexit__(None, None, None))


@pytest.fixture
def instance(shared_instance: Instance) -> Instance:
    """The shared server. It may contain users and data of other tests."""
    return shared_instance


@pytest.fixture
async def api(instance: Instance) -> AsyncIterator[ApiClient]:
    """HTTP client for the shared server."""
    async with ApiClient(instance) as requests:
        yield requests


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def owned(stores: StoreUrls, people: RegisteredUsers) -> AsyncIterator[OwnedObjects]:
    async with owned_objects(stores, people) as objects:
        yield objects
