"""Secret links to calendars in PostgreSQL."""

from datetime import datetime

from storage.errors import Missing
from storage.postgres.pool import PostgresPool
from storage.postgres.statement import load_statement
from storage.postgres.uuid_params import to_uuid

SERVICE = "users"


class PostgresCalendarLinks:
    """Implements `storage.contracts.calendar_links.CalendarLinkStore`."""

    def __init__(self, pool: PostgresPool) -> None:
        self._pool = pool
        self._set = load_statement(SERVICE, "calendar_links", "calendar_link_set")
        self._get = load_statement(SERVICE, "calendar_links", "calendar_link_get")
        self._delete = load_statement(SERVICE, "calendar_links", "calendar_link_delete")
        self._owner = load_statement(SERVICE, "calendar_links", "calendar_link_owner")

    async def set(self, user_id: str, token_hash: str) -> datetime:
        rows = await self._pool.write(self._set, to_uuid(user_id), token_hash)
        if not rows:
            raise Missing
        created_at: datetime = rows[0]["created_at"]
        return created_at

    async def get_created_at(self, user_id: str) -> datetime | None:
        row = await self._pool.row(self._get, to_uuid(user_id))
        return None if row is None else row["created_at"]

    async def delete(self, user_id: str) -> None:
        await self._pool.write(self._delete, to_uuid(user_id))

    async def find_user_id(self, token_hash: str) -> str | None:
        row = await self._pool.row(self._owner, token_hash)
        return None if row is None else str(row["id"])
