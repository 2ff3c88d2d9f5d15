"""Privacy settings in PostgreSQL."""

from collections.abc import Mapping, Sequence

from storage.contracts.privacy import PrivacyRecord
from storage.errors import Missing
from storage.postgres.pool import PostgresPool
from storage.postgres.statement import load_statement
from storage.postgres.uuid_params import to_uuid, to_uuids

SERVICE = "users"


class PostgresPrivacy:
    """Implements `storage.contracts.privacy.PrivacyStore`."""

    def __init__(self, pool: PostgresPool) -> None:
        self._pool = pool
        self._get = load_statement(SERVICE, "privacy", "privacy_get")
        self._update = load_statement(SERVICE, "privacy", "privacy_update")
        self._list = load_statement(SERVICE, "privacy", "privacy_list")

    async def get(self, user_id: str) -> PrivacyRecord:
        row = await self._pool.row(self._get, to_uuid(user_id))
        return PrivacyRecord(row["groups"], row["invites"]) if row else PrivacyRecord()

    async def change(self, user_id: str, groups: str | None, invites: str | None) -> PrivacyRecord:
        rows = await self._pool.write(self._update, to_uuid(user_id), groups, invites)
        if not rows:
            raise Missing
        return PrivacyRecord(rows[0]["groups"], rows[0]["invites"])

    async def list_restricted(self, user_ids: Sequence[str]) -> Mapping[str, PrivacyRecord]:
        rows = await self._pool.rows(self._list, to_uuids(user_ids))
        return {str(row["user_id"]): PrivacyRecord(row["groups"], row["invites"]) for row in rows}
