"""The services that show posts, on empty databases and a Valkey server."""

from collections.abc import AsyncIterator

import pytest

from storage.redis.timelines import RedisTimelines
from tests.actors.domain_events.service_databases import open_databases
from tests.actors.feed.conftest import timelines, valkey
from tests.actors.posts.visibility_setup import DATABASES, VisibilitySetup
from tests.conftest import FreshDatabase

__all__ = ["timelines", "valkey"]


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
