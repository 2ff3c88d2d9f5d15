"""Bulk creation of users in PostgreSQL, for load tests."""

from collections.abc import Sequence
from typing import Final

from storage.contracts.bulk_users import BulkUser
from storage.postgres.pool import PostgresPool
from storage.postgres.statement import load_statement

SERVICE: Final = "users"
EMAIL_DOMAIN: Final = "load.example"
UNUSABLE_PASSWORD_HASH: Final = "!"  # noqa: S105 - no password has this hash
"""Not a valid hash, so no password matches it."""


class PostgresBulkUsers:
    """Implements `storage.contracts.bulk_users.BulkUserStore`."""

    def __init__(self, pool: PostgresPool) -> None:
        self._pool = pool
        self._insert = load_statement(SERVICE, "bulk_users", "bulk_user_insert")

    async def insert_users(self, users: Sequence[BulkUser], session_lifetime_s: int) -> int:
        rows = await self._pool.write(
            self._insert,
            [user.id for user in users],
            [user.username for user in users],
            [user.token_hash for user in users],
            EMAIL_DOMAIN,
            UNUSABLE_PASSWORD_HASH,
            float(session_lifetime_s),
        )
        return int(rows[0]["user_count"])
