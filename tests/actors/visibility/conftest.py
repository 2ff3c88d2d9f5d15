"""The services that show posts, on empty databases and a Valkey server, in the event loop of production."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping

import pytest
import uvloop

from storage.redis.timelines import RedisTimelines
from tests.actors.domain_events.service_databases import open_databases
from tests.actors.feed.conftest import timelines, valkey
from tests.actors.visibility.setup import DATABASES, VisibilitySetup
from tests.conftest import FreshDatabase

__all__ = ["timelines", "valkey"]


def pytest_asyncio_loop_factories(
    config: pytest.Config, item: pytest.Item
) -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
    return {"uvloop": uvloop.new_event_loop}


@pytest.fixture
async def setup(
    fresh_database: FreshDatabase,
    timelines: RedisTimelines,
) -> AsyncIterator[VisibilitySetup]:
    """Services without users, posts or events."""
    async with open_databases(fresh_database, *DATABASES) as databases:
        made = VisibilitySetup(databases, timelines)
        yield made
        await made.close()
