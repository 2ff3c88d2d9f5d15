"""A service that tells and one that hears, on real databases."""

from collections.abc import AsyncIterator

import pytest

from storage.postgres.database import Database
from tests.actors.domain_events.recording_consumers import CREATE, DROP, TransactionalConsumer
from tests.actors.domain_events.service_databases import open_database
from tests.conftest import FreshDatabase


@pytest.fixture
async def producer(users_url: str) -> AsyncIterator[Database]:
    """The User service's database, whose feed is read."""
    async with open_database(users_url, "users") as database:
        yield database


@pytest.fixture
def keeper_url(fresh_database: FreshDatabase) -> str:
    """The URL of an empty database of the Social service."""
    return fresh_database("social")


@pytest.fixture
async def keeper(keeper_url: str) -> AsyncIterator[Database]:
    """The Social service's database, where readers keep their places."""
    async with open_database(keeper_url, "social") as database:
        yield database


@pytest.fixture
async def tally(keeper: Database) -> AsyncIterator[TransactionalConsumer]:
    """A consumer whose effects are counted, in the keeper's database."""
    await keeper.pool.write(CREATE)
    yield TransactionalConsumer(keeper)
    await keeper.pool.write(DROP)
