"""Random keys that all instances share, in the database of the User service."""

import secrets
from typing import Final

from storage.errors import Missing
from storage.postgres.pool import PostgresPool
from storage.postgres.statement import load_statement

SERVICE: Final = "users"
KEY_BYTES: Final = 32


class PostgresServerKeys:
    """Methods raise `Unavailable`."""

    def __init__(self, pool: PostgresPool) -> None:
        self._pool = pool
        self._insert = load_statement(SERVICE, "server_keys", "server_key_insert")
        self._by_name = load_statement(SERVICE, "server_keys", "server_key_by_name")

    async def get(self, name: str) -> bytes:
        """Return the key of that name; the first caller of all instances makes it."""
        row = await self._pool.row(self._by_name, name)
        if row is None:
            await self._pool.write(self._insert, name, secrets.token_bytes(KEY_BYTES))
            row = await self._pool.row(self._by_name, name)
        if row is None:
            raise Missing
        return bytes(row["value"])
