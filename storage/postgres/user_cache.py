"""A service's cached user data, in its database."""

from collections.abc import Sequence

from storage.contracts.domain_events import CursorUpdate
from storage.contracts.user_cache import UserSnapshot
from storage.postgres.cursors import PostgresCursors
from storage.postgres.pool import PostgresPool
from storage.postgres.statement import load_statement
from storage.postgres.user_rows import to_user_snapshot
from storage.postgres.uuid_params import MIN_UUID, to_uuid, to_uuids

SERVICE = "user_cache"


class PostgresUserCache:
    """Implements `storage.contracts.user_cache.UserCache`."""

    def __init__(self, pool: PostgresPool, cursors: PostgresCursors) -> None:
        self._pool = pool
        self._cursors = cursors
        self._upsert = load_statement(SERVICE, "user_cache", "user_cache_upsert")
        self._list = load_statement(SERVICE, "user_cache", "user_cache_list")
        self._page = load_statement(SERVICE, "user_cache", "user_cache_page")

    async def apply(self, snapshots: Sequence[UserSnapshot], cursor_update: CursorUpdate | None) -> None:
        # An upsert must not contain a row twice, and a fixed order avoids deadlocks.
        newest: dict[str, UserSnapshot] = {}
        for snapshot in sorted(snapshots, key=lambda snapshot: (snapshot.id, snapshot.version)):
            newest[snapshot.id] = snapshot
        async with self._pool.transaction() as transaction:
            if newest:
                await transaction.rows(self._upsert, *_columns(list(newest.values())))
            await self._cursors.advance_in(transaction, cursor_update)

    async def find(self, ids: Sequence[str]) -> list[UserSnapshot]:
        wanted = to_uuids(ids)
        return [to_user_snapshot(row) for row in await self._pool.rows(self._list, wanted)] if wanted else []

    async def page(self, after: str, limit: int) -> list[UserSnapshot]:
        rows = await self._pool.rows(self._page, to_uuid(after) or MIN_UUID, limit)
        return [to_user_snapshot(row) for row in rows]


def _columns(snapshots: Sequence[UserSnapshot]) -> list[list[object]]:
    return [
        [to_uuid(snapshot.id) for snapshot in snapshots],
        [snapshot.username for snapshot in snapshots],
        [snapshot.display_name for snapshot in snapshots],
        [snapshot.avatar_url for snapshot in snapshots],
        [snapshot.verified for snapshot in snapshots],
        [snapshot.version for snapshot in snapshots],
        [snapshot.deleted for snapshot in snapshots],
    ]
