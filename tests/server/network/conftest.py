"""One server for all tests of a file, and a second one on the same stores for those that ask two."""

from collections.abc import AsyncIterator

import pytest_asyncio

from run import Instance
from storage.embedded import StoreUrls
from tests.server.api import Api
from tests.server.serving import serving


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def instance(stores: StoreUrls) -> AsyncIterator[Instance]:
    """A server with the shipped limits."""
    async with serving(stores) as started:
        yield started


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def api(instance: Instance) -> AsyncIterator[Api]:
    """Requests to it."""
    async with Api(instance) as requests:
        yield requests


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def second(stores: StoreUrls) -> AsyncIterator[Instance]:
    """Another server, which the first one meets in the stores alone."""
    async with serving(stores) as started:
        yield started


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def there(second: Instance) -> AsyncIterator[Api]:
    """Requests to the other one."""
    async with Api(second) as requests:
        yield requests
