"""One server for the tests of a module, and a second one on the same stores."""

from collections.abc import AsyncIterator

import pytest_asyncio

from server.instance import Instance
from storage.embedded import StoreUrls
from tests.server.api_client import ApiClient
from tests.server.running_instance import running_instance


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def instance(stores: StoreUrls) -> AsyncIterator[Instance]:
    """A server with the default limits."""
    async with running_instance(stores) as started:
        yield started


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def api(instance: Instance) -> AsyncIterator[ApiClient]:
    """HTTP client for the server."""
    async with ApiClient(instance) as requests:
        yield requests


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def second_instance(stores: StoreUrls) -> AsyncIterator[Instance]:
    """Another server, connected to the first one only through the stores."""
    async with running_instance(stores) as started:
        yield started


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def second_api(second_instance: Instance) -> AsyncIterator[ApiClient]:
    """HTTP client for the second server."""
    async with ApiClient(second_instance) as requests:
        yield requests
