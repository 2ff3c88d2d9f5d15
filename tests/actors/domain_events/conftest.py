"""A producing and a consuming service on PostgreSQL."""

from collections.abc import AsyncIterator

import pytest

from storage.postgres.database import Database
from tests.actors.domain_events.recording_consumers import CREATE, DROP, TransactionalConsumer
from tests.actors.domain_events.service_databases import open_database
from tests.conftest import FreshDatabase


@pytest.fixture
async def producer(users_url: str) -> AsyncIterator[Database]:
    """The User service's database, whose outbox is read."""
    async with open_database(users_url, "users") as database:
        yield database


@pytest.fixture
def consumer_url(fresh_database: FreshDatabase) -> str:
    """The URL of an empty database of the Social service."""
    return fresh_database("social")


@pytest.fixture
async def consumer_database(consumer_url: str) -> AsyncIterator[Database]:
    """The Social service's database, where readers store their cursors."""
    async with open_database(consumer_url, "social") as database:
        yield database


@pytest.fixture
async def consumer(consumer_database: Database) -> AsyncIterator[TransactionalConsumer]:
    """A consumer whose effects are rows in the consumer's database."""
    await consumer_database.pool.write(CREATE)
    yield TransactionalConsumer(consumer_database)
    await consumer_database.pool.write(DROP)
