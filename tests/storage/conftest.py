"""Fixtures: empty databases of the services, and Redis servers, for one test."""

from collections.abc import AsyncIterator, Iterator

import pytest

from storage.postgres.notifications import PostgresNotifications
from storage.postgres.posts import PostgresPosts
from storage.postgres.reactions import PostgresReactions
from storage.postgres.social import PostgresSocial
from tests.conftest import FreshDatabase
from tests.storage.event_setup import EventSetup
from tests.storage.notification_setup import make_notification_store
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


@pytest.fixture
def posts(posts_database: ServiceDatabase) -> PostgresPosts:
    """The store of posts of one instance."""
    return PostgresPosts(posts_database.instance_a.pool, posts_database.instance_a.idempotency_keys)


@pytest.fixture
def reactions(posts_database: ServiceDatabase) -> PostgresReactions:
    """The store of comments and likes of one instance."""
    return PostgresReactions(posts_database.instance_a.pool, posts_database.instance_a.idempotency_keys)


@pytest.fixture
def social(social_database: ServiceDatabase) -> PostgresSocial:
    """The social store of one instance."""
    return PostgresSocial(social_database.instance_a.pool)


@pytest.fixture
def notifications(notifications_database: ServiceDatabase) -> PostgresNotifications:
    """The store of notifications of one instance."""
    return make_notification_store(notifications_database.instance_a)
