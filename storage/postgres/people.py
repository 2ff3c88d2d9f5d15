"""People in PostgreSQL as the other services ask for them. Never shows more of a user than the card."""

from collections.abc import Sequence

from storage.postgres.card_rows import copy_of
from storage.postgres.identity import FIRST_ID, id_of, ids_of
from storage.postgres.pool import PostgresPool
from storage.postgres.statement import load_statement
from storage.records.copies import UserCopy

SERVICE = "users"


class PostgresPeople:
    """A `PeopleStore`."""

    def __init__(self, pool: PostgresPool) -> None:
        self._pool = pool
        self._list = load_statement(SERVICE, "copy_list_by_ids")
        self._page = load_statement(SERVICE, "copy_page_of_users")
        self._lock = load_statement(SERVICE, "user_delete_lock")
        self._delete = load_statement(SERVICE, "user_delete")
        self._sessions_end = load_statement(SERVICE, "session_delete_all")

    async def find(self, ids: Sequence[str]) -> list[UserCopy]:
        wanted = ids_of(ids)
        return [copy_of(row) for row in await self._pool.rows(self._list, wanted)] if wanted else []

    async def page(self, after: str, limit: int) -> list[UserCopy]:
        rows = await self._pool.rows(self._page, id_of(after) or FIRST_ID, limit)
        return [copy_of(row) for row in rows]

    async def delete(self, user_id: str) -> list[str] | None:
        known = id_of(user_id)
        async with self._pool.transaction() as transaction:
            if await transaction.row(self._lock, known) is None:
                return None
            ended = await transaction.rows(self._sessions_end, known)
            await transaction.row(self._delete, known)
        return [str(row["id"]) for row in ended]
