"""The User service that owns people, and the Notification service that keeps copies of them."""

import secrets
from collections.abc import AsyncIterator

import pytest

from storage.postgres.database import Database
from storage.postgres.user_cache import PostgresUserCache
from storage.postgres.user_snapshots import PostgresUserSnapshots
from storage.postgres.users import PostgresUsers
from storage.records.users import NewUser, UserRecord
from tests.actors.domain_events.service_databases import all_opened
from tests.conftest import FreshDatabase


class Houses:
    """Both services, on empty databases."""

    def __init__(self, databases: dict[str, Database]) -> None:
        self.users, self.keeper = databases["users"], databases["notifications"]
        self.accounts = PostgresUsers(self.users.pool)
        self.owner = PostgresUserSnapshots(self.users.pool)
        self.copies = PostgresUserCache(self.keeper.pool, self.keeper.cursors)

    async def somebody(self, display_name: str | None = None) -> UserRecord:
        username = f"u{secrets.token_hex(6)}"
        return await self.accounts.register(NewUser(f"{username}@example.test", username, "-", display_name))


@pytest.fixture
async def houses(fresh_database: FreshDatabase) -> AsyncIterator[Houses]:
    """Nobody is registered yet."""
    async with all_opened(fresh_database, "users", "notifications") as databases:
        yield Houses(databases)
