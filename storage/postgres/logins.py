"""Login support in PostgreSQL: password rehashing and expired sessions."""

from collections.abc import Sequence

from storage.postgres.pool import PostgresPool
from storage.postgres.statement import load_statement
from storage.postgres.uuid_params import to_uuid

SERVICE = "users"


class PostgresLogins:
    """Implements `storage.contracts.users.LoginStore`."""

    def __init__(self, pool: PostgresPool) -> None:
        self._pool = pool
        self._replace_password_hash = load_statement(SERVICE, "logins", "user_password_rehash")
        self._expired = load_statement(SERVICE, "logins", "session_expired")

    async def replace_password_hash(self, user_id: str, old_hash: str, new_hash: str) -> None:
        await self._pool.write(self._replace_password_hash, to_uuid(user_id), old_hash, new_hash)

    async def find_expired(self, token_hashes: Sequence[str]) -> frozenset[str]:
        rows = await self._pool.rows(self._expired, list(token_hashes))
        return frozenset(row["token_hash"] for row in rows)
