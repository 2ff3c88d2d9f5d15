"""One server for the tests of a module, and a second one on the same stores."""

from collections.abc import AsyncIterator

import pytest_asyncio

from server.instance import Instance
from storage.embedded import StoreUrls
from tests.moderation import make_admin
from tests.server.api_client import ApiClient
from tests.server.registered_users import RegisteredUser, RegisteredUsers
from tests.server.running_instance import running_instance
from tests.server.services.consent_requests import Pair
from tests.server.services.moderation_requests import set_role


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


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def admin(stores: StoreUrls, instance: Instance, people: RegisteredUsers) -> RegisteredUser:
    (user,) = await people.register(1, instance)
    await make_admin(stores, user.id)
    return user


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def moderator(
    api: ApiClient, instance: Instance, people: RegisteredUsers, admin: RegisteredUser
) -> RegisteredUser:
    (user,) = await people.register(1, instance)
    await set_role(api, admin, user, "moderator")
    return user


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def pair(instance: Instance, second_instance: Instance, api: ApiClient, second_api: ApiClient) -> Pair:
    return Pair(instance, second_instance, api, second_api)
