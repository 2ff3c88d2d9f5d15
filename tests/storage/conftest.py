"""Fixtures: empty databases of the services, and Redis servers, for one test."""

from collections.abc import AsyncIterator, Iterator

import pytest

from tests.conftest import FreshDatabase
from tests.storage.event_setup import EventSetup
from tests.storage.service_database import ServiceDatabase
from tests.storage.valkey_server import ValkeyServer


@pytest.fixture
async def users_database(fresh_database: FreshDatabase) -> AsyncIterator[ServiceDatabase]:
    """An empty database of the User service."""
    async with ServiceDatabase.open(fresh_database("users")) as database:
        yield database


@pytest.fixture
async def social_database(fresh_database: FreshDatabase) -> AsyncIterator[ServiceDatabase]:
    """An empty database of the Social service."""
    async with ServiceDatabase.open(fresh_database("social")) as database:
        yield database


@pytest.fixture
async def posts_database(fresh_database: FreshDatabase) -> AsyncIterator[ServiceDatabase]:
    """An empty database of the Post service."""
    async with ServiceDatabase.open(fresh_database("posts")) as database:
        yield database


@pytest.fixture
async def events_database(fresh_database: FreshDatabase) -> AsyncIterator[ServiceDatabase]:
    """An empty database of the Event service."""
    async with ServiceDatabase.open(fresh_database("events")) as database:
        yield database


@pytest.fixture
async def notifications_database(fresh_database: FreshDatabase) -> AsyncIterator[ServiceDatabase]:
    """An empty database of the Notification service."""
    async with ServiceDatabase.open(fresh_database("notifications")) as database:
        yield database


@pytest.fixture
def setup(events_database: ServiceDatabase) -> EventSetup:
    """The Event service's stores."""
    return EventSetup(events_database, events_database.instance_a)


@pytest.fixture
def server() -> Iterator[ValkeyServer]:
    """A Valkey server that a test can kill, pause or empty."""
    made = ValkeyServer()
    made.start()
    yield made
    made.close()


@pytest.fixture
def two_servers(server: ValkeyServer) -> Iterator[list[ValkeyServer]]:
    """Two Valkey servers."""
    other = ValkeyServer()
    other.start()
    yield [server, other]
    other.close()
