"""People by the thousand in PostgreSQL, for load tests. Never sees a token, only its hash."""

from collections.abc import Sequence
from typing import Final

from storage.contracts.bulk_users import BulkUser
from storage.postgres.pool import PostgresPool
from storage.postgres.statement import load_statement

SERVICE: Final = "users"
EMAIL_DOMAIN: Final = "load.example"
UNUSABLE_PASSWORD_HASH: Final = "!"  # noqa: S105 - no password has this hash
"""The hash of no password: whoever compares with it finds that nothing matches."""


class PostgresBulkUsers:
    """A `CrowdStore`."""

    def __init__(self, pool: PostgresPool) -> None:
        self._pool = pool
        self._insert = load_statement(SERVICE, "bulk_user_insert")

    async def insert_users(self, users: Sequence[BulkUser], session_lifetime_s: int) -> int:
        rows = await self._pool.write(
            self._insert,
            [one.id for one in users],
            [one.username for one in users],
            [one.token_hash for one in users],
            EMAIL_DOMAIN,
            UNUSABLE_PASSWORD_HASH,
            float(session_lifetime_s),
        )
        return int(rows[0]["made"])
