"""The Social service's database."""

from collections.abc import AsyncIterator

import pytest

from storage.postgres.database import Database
from storage.postgres.social import PostgresSocial
from tests.actors.domain_events.service_databases import open_database
from tests.conftest import FreshDatabase


@pytest.fixture
async def database(fresh_database: FreshDatabase) -> AsyncIterator[Database]:
    """An empty database."""
    async with open_database(fresh_database("social"), "social") as database:
        yield database


@pytest.fixture
def social(database: Database) -> PostgresSocial:
    """An empty Social store."""
    return PostgresSocial(database.pool)
