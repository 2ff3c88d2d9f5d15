"""Mutes in PostgreSQL. Reads leave out mutes that have expired."""

from collections.abc import Sequence

import asyncpg

from storage.contracts.mutes import MuteRecord, MuteScope
from storage.contracts.paging import PageKey
from storage.postgres.pool import PostgresPool
from storage.postgres.statement import load_statement
from storage.postgres.user_rows import to_user_card
from storage.postgres.uuid_params import page_before, to_uuid, to_uuids

SERVICE = "social"


class PostgresMutes:
    """Implements `storage.contracts.mutes.MuteStore`."""

    def __init__(self, pool: PostgresPool) -> None:
        self._pool = pool
        self._mute = load_statement(SERVICE, "mutes", "mute_upsert")
        self._count = load_statement(SERVICE, "mutes", "mute_count")
        self._unmute = load_statement(SERVICE, "mutes", "mute_delete")
        self._page = load_statement(SERVICE, "mutes", "mute_page")
        self._post_muters = load_statement(SERVICE, "mutes", "post_muter_filter")
        self._notification_mutes = load_statement(SERVICE, "mutes", "notification_mute_filter")

    async def mute(self, muter_id: str, muted_id: str, scope: MuteScope) -> None:
        await self._pool.write(
            self._mute,
            to_uuid(muter_id),
            to_uuid(muted_id),
            scope.posts,
            scope.notifications,
            scope.expires_at,
        )

    async def count_mutes_of_others(self, muter_id: str, muted_id: str, at_most: int) -> int:
        row = await self._pool.row(self._count, to_uuid(muter_id), to_uuid(muted_id), at_most)
        return row["mute_count"] if row else 0

    async def unmute(self, muter_id: str, muted_id: str) -> bool:
        return bool(await self._pool.write(self._unmute, to_uuid(muter_id), to_uuid(muted_id)))

    async def page(
        self, muter_id: str, before: PageKey | None, excluded_user_ids: Sequence[str], limit: int
    ) -> list[MuteRecord]:
        rows = await self._pool.rows(
            self._page, to_uuid(muter_id), *page_before(before), to_uuids(excluded_user_ids), limit
        )
        return [_to_mute(row) for row in rows]

    async def post_muters_among(self, author_id: str, user_ids: Sequence[str]) -> set[str]:
        rows = await self._pool.rows(self._post_muters, to_uuid(author_id), to_uuids(user_ids))
        return {str(row["muter_id"]) for row in rows}

    async def notification_mutes_among(self, pairs: Sequence[tuple[str, str]]) -> set[tuple[str, str]]:
        if not pairs:
            return set()
        rows = await self._pool.rows(
            self._notification_mutes,
            to_uuids([muter_id for muter_id, _ in pairs]),
            to_uuids([muted_id for _, muted_id in pairs]),
        )
        return {(str(row["muter_id"]), str(row["muted_id"])) for row in rows}


def _to_mute(row: asyncpg.Record) -> MuteRecord:
    scope = MuteScope(row["posts"], row["notifications"], row["expires_at"])
    return MuteRecord(to_user_card(row, str(row["user_id"])), scope, row["created_at"])
