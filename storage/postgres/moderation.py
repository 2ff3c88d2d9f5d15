"""Moderation of users in PostgreSQL."""

from storage.errors import Missing
from storage.postgres.pool import PostgresPool
from storage.postgres.statement import load_statement

SERVICE = "users"


class PostgresModeration:
    """Implements `storage.contracts.moderation.ModerationStore`."""

    def __init__(self, pool: PostgresPool) -> None:
        self._pool = pool
        self._verified_update = load_statement(SERVICE, "moderation", "user_verified_update")
        self._ban_lock = load_statement(SERVICE, "moderation", "user_ban_lock")
        self._ban = load_statement(SERVICE, "moderation", "user_ban")
        self._unban = load_statement(SERVICE, "moderation", "user_unban")

    async def set_verified(self, username: str, *, verified: bool) -> None:
        if not await self._pool.write(self._verified_update, username, verified):
            raise Missing

    async def ban(self, username: str) -> list[str]:
        async with self._pool.transaction() as transaction:
            user = await transaction.row(self._ban_lock, username)
            if user is None:
                raise Missing
            sessions = await transaction.rows(self._ban, user["id"])
        return [str(row["id"]) for row in sessions]

    async def unban(self, username: str) -> None:
        if not await self._pool.write(self._unban, username):
            raise Missing
