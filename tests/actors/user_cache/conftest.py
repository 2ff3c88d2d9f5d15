"""The User service, and the Notification service with a user cache."""

import secrets
from collections.abc import AsyncIterator

import pytest

from storage.contracts.users import NewUser, UserRecord
from storage.postgres.database import Database
from storage.postgres.user_cache import PostgresUserCache
from storage.postgres.user_snapshots import PostgresUserSnapshots
from storage.postgres.users import PostgresUsers
from tests.actors.domain_events.service_databases import open_databases
from tests.conftest import FreshDatabase


class UserCacheSetup:
    """Both services on empty databases."""

    def __init__(self, databases: dict[str, Database]) -> None:
        self.users_database, self.consumer_database = databases["users"], databases["notifications"]
        self.user_store = PostgresUsers(self.users_database.pool)
        self.user_snapshots = PostgresUserSnapshots(self.users_database.pool)
        self.user_cache = PostgresUserCache(self.consumer_database.pool, self.consumer_database.cursors)

    async def register_user(self, display_name: str | None = None) -> UserRecord:
        username = f"u{secrets.token_hex(6)}"
        return await self.user_store.register(
            NewUser(f"{username}@example.test", username, "-", display_name)
        )


@pytest.fixture
async def setup(fresh_database: FreshDatabase) -> AsyncIterator[UserCacheSetup]:
    """A setup without users."""
    async with open_databases(fresh_database, "users", "notifications") as databases:
        yield UserCacheSetup(databases)
