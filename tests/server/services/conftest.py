"""One server for all tests of a file, and a second one on the same stores for those that ask two."""

from collections.abc import AsyncIterator

import pytest_asyncio

from run import Instance
from storage.embedded import StoreUrls
from tests.server.api_client import ApiClient
from tests.server.running_instance import running_instance


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def instance(stores: StoreUrls) -> AsyncIterator[Instance]:
    """A server with the shipped limits."""
    async with running_instance(stores) as started:
        yield started


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def api(instance: Instance) -> AsyncIterator[ApiClient]:
    """Requests to it."""
    async with ApiClient(instance) as requests:
        yield requests


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def second_instance(stores: StoreUrls) -> AsyncIterator[Instance]:
    """Another server, which the first one meets in the stores alone."""
    async with running_instance(stores) as started:
        yield started


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def second_api(second_instance: Instance) -> AsyncIterator[ApiClient]:
    """Requests to the other one."""
    async with ApiClient(second_instance) as requests:
        yield requests
