"""Runs the tests on both event loops (asyncio's and the one of production) and provides the fixtures."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping

import pytest
import pytest_asyncio
import uvloop

from server.instance import Instance
from storage.embedded import StoreUrls
from tests.server.api_client import ApiClient
from tests.server.registered_users import RegisteredUsers
from tests.server.running_instance import running_instance
from tests.server.websocket.chat_fixture import ChatFixture
from tests.server.websocket.peer import Peer, connect_peer


def pytest_asyncio_loop_factories(
    config: pytest.Config, item: pytest.Item
) -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
    return {"asyncio": asyncio.new_event_loop, "uvloop": uvloop.new_event_loop}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def instance(stores: StoreUrls) -> AsyncIterator[Instance]:
    """One server with the default limits, in the loop of the module."""
    async with running_instance(stores) as started:
        yield started


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def chat(stores: StoreUrls, people: RegisteredUsers) -> AsyncIterator[ChatFixture]:
    async with (
        running_instance(
            stores, messages_per_s=100_000, messages_burst=100_000, frames_burst=100_000
        ) as instance,
        ApiClient(instance) as api,
    ):
        ana, ben, eve = await people.register(3, instance)
        group = (await api.group(ana, ben))["id"]
        foreign = (await api.group(eve, ben))["id"]
        yield ChatFixture(instance, api, ana, ben, eve, group, foreign)


@pytest_asyncio.fixture(loop_scope="module")
async def ana(chat: ChatFixture) -> AsyncIterator[Peer]:
    """Ana's websocket, after `ready`."""
    async with connect_peer(chat.instance.port) as connected:
        await connected.open(chat.ana.token)
        yield connected


@pytest_asyncio.fixture(loop_scope="module")
async def unauthenticated(chat: ChatFixture) -> AsyncIterator[Peer]:
    """A websocket before `ready`."""
    async with connect_peer(chat.instance.port) as connected:
        await connected.open()
        yield connected
