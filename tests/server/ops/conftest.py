"""Servers with a management port and a token of operators."""

import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import Any

import msgspec
import pytest

from config.limits import Limits
from config.settings import OpsSettings, ServerSettings, Settings
from server.instance import Instance
from storage.embedded import StoreUrls
from tests.storage.valkey_server import ValkeyServer

TOKEN = "a-token-of-operators"
StartOperated = Callable[..., Awaitable[Instance]]


@pytest.fixture
def operated_stores(stores: StoreUrls) -> Iterator[StoreUrls]:
    """The stores of the run with a separate Redis, where instances of other tests hold no leases."""
    redis = ValkeyServer()
    redis.start()
    yield msgspec.structs.replace(stores, redis=redis.url)
    redis.close()


@pytest.fixture
async def start(operated_stores: StoreUrls) -> AsyncIterator[StartOperated]:
    """Start servers with a management port; keyword arguments are fields of `Limits`."""
    async with contextlib.AsyncExitStack() as stack:

        async def start_one(ops: OpsSettings | None = None, **limits: Any) -> Instance:
            server = ServerSettings(port=0, management_port=0, requests_per_s=10_000, requests_burst=10_000)
            settings = Settings(
                server=server,
                limits=msgspec.structs.replace(Limits(), **limits),
                ops=ops or OpsSettings(token=TOKEN),
            )
            instance = Instance(settings, operated_stores)
            stack.push_async_callback(instance.stop)
            await instance.start()
            return instance

        yield start_one
