"""Public user data in PostgreSQL, as other services read it."""

from collections.abc import Sequence

from storage.contracts.user_cache import UserSnapshot
from storage.contracts.users import Role
from storage.errors import Conflict
from storage.postgres.admin_lock import AdminLock
from storage.postgres.pool import PostgresPool
from storage.postgres.statement import load_statement
from storage.postgres.user_rows import to_user_snapshot
from storage.postgres.uuid_params import MIN_UUID, to_uuid, to_uuids

SERVICE = "users"


class PostgresUserSnapshots:
    """Implements `storage.contracts.user_cache.UserSnapshotStore`."""

    def __init__(self, pool: PostgresPool) -> None:
        self._pool = pool
        self._list = load_statement(SERVICE, "user_snapshots", "user_snapshot_list_by_ids")
        self._list_by_usernames = load_statement(SERVICE, "user_snapshots", "user_snapshot_list_by_usernames")
        self._page = load_statement(SERVICE, "user_snapshots", "user_snapshot_page")
        self._admins = AdminLock()
        self._lock = load_statement(SERVICE, "user_snapshots", "user_delete_lock")
        self._delete = load_statement(SERVICE, "user_snapshots", "user_delete")
        self._delete_sessions = load_statement(SERVICE, "user_snapshots", "session_delete_all")

    async def find(self, ids: Sequence[str]) -> list[UserSnapshot]:
        wanted = to_uuids(ids)
        return [to_user_snapshot(row) for row in await self._pool.rows(self._list, wanted)] if wanted else []

    async def find_by_usernames(self, usernames: Sequence[str]) -> list[UserSnapshot]:
        return [
            to_user_snapshot(row) for row in await self._pool.rows(self._list_by_usernames, list(usernames))
        ]

    async def page(self, after: str, limit: int) -> list[UserSnapshot]:
        rows = await self._pool.rows(self._page, to_uuid(after) or MIN_UUID, limit)
        return [to_user_snapshot(row) for row in rows]

    async def delete(self, user_id: str) -> list[str] | None:
        try:
            return await self._delete_in_transaction(user_id, locks_admins=False)
        except _IsAdmin:
            return await self._delete_in_transaction(user_id, locks_admins=True)

    async def _delete_in_transaction(self, user_id: str, *, locks_admins: bool) -> list[str] | None:
        user_uuid = to_uuid(user_id)
        async with self._pool.transaction() as transaction:
            admin_ids = await self._admins.lock(transaction) if locks_admins else []
            row = await transaction.row(self._lock, user_uuid)
            if row is None:
                return None
            if row["role"] == Role.ADMIN.value and not locks_admins:
                raise _IsAdmin
            if admin_ids == [user_id]:
                raise Conflict("last_admin")
            sessions = await transaction.rows(self._delete_sessions, user_uuid)
            await transaction.row(self._delete, user_uuid)
        return [str(row["id"]) for row in sessions]


class _IsAdmin(Exception):  # noqa: N818 - named after the condition
    """The user is an admin, so the lock on all admins is needed first."""
