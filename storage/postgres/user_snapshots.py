"""People in PostgreSQL as the other services ask for them. Never shows more of a user than the card."""

from collections.abc import Sequence

from storage.postgres.pool import PostgresPool
from storage.postgres.statement import load_statement
from storage.postgres.user_card_rows import to_user_snapshot
from storage.postgres.uuid_params import MIN_UUID, to_uuid, to_uuids
from storage.records.user_cache import UserSnapshot

SERVICE = "users"


class PostgresUserSnapshots:
    """A `PeopleStore`."""

    def __init__(self, pool: PostgresPool) -> None:
        self._pool = pool
        self._list = load_statement(SERVICE, "user_snapshot_list_by_ids")
        self._page = load_statement(SERVICE, "user_snapshot_page")
        self._lock = load_statement(SERVICE, "user_delete_lock")
        self._delete = load_statement(SERVICE, "user_delete")
        self._delete_sessions = load_statement(SERVICE, "session_delete_all")

    async def find(self, ids: Sequence[str]) -> list[UserSnapshot]:
        wanted = to_uuids(ids)
        return [to_user_snapshot(row) for row in await self._pool.rows(self._list, wanted)] if wanted else []

    async def page(self, after: str, limit: int) -> list[UserSnapshot]:
        rows = await self._pool.rows(self._page, to_uuid(after) or MIN_UUID, limit)
        return [to_user_snapshot(row) for row in rows]

    async def delete(self, user_id: str) -> list[str] | None:
        known = to_uuid(user_id)
        async with self._pool.transaction() as transaction:
            if await transaction.row(self._lock, known) is None:
                return None
            ended = await transaction.rows(self._delete_sessions, known)
            await transaction.row(self._delete, known)
        return [str(row["id"]) for row in ended]
