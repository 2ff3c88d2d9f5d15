"""Sessions in PostgreSQL. Expiry is decided by the database's clock."""

from collections.abc import Sequence

from config.accounts import SESSIONS_LISTED_MAX
from storage.contracts.users import Identity, SessionRecord, SessionState
from storage.errors import Missing
from storage.postgres.pool import PostgresPool
from storage.postgres.statement import load_statement
from storage.postgres.user_rows import to_session, to_user
from storage.postgres.uuid_params import to_uuid, to_uuids

SERVICE = "users"
Sessions = list[SessionRecord]
Ids = list[str]


class PostgresSessions:
    """Implements `storage.contracts.users.SessionStore`."""

    def __init__(self, pool: PostgresPool) -> None:
        self._pool = pool
        self._insert = load_statement(SERVICE, "sessions", "session_insert")
        self._end_oldest = load_statement(SERVICE, "sessions", "session_end_oldest")
        self._identities = load_statement(SERVICE, "sessions", "session_identities")
        self._states = load_statement(SERVICE, "sessions", "session_states")
        self._touch = load_statement(SERVICE, "sessions", "session_touch")
        self._list = load_statement(SERVICE, "sessions", "session_list")
        self._delete = load_statement(SERVICE, "sessions", "session_delete")

    async def open(
        self, user_id: str, token_hash: str, lifetime_s: int, device: str | None = None
    ) -> SessionRecord:
        rows = await self._pool.write(self._insert, to_uuid(user_id), token_hash, float(lifetime_s), device)
        if not rows:
            raise Missing
        return to_session(rows[0])

    async def end_oldest(self, user_id: str, keep: int) -> Ids:
        return [str(row["id"]) for row in await self._pool.write(self._end_oldest, to_uuid(user_id), keep)]

    async def identities(self, token_hashes: Sequence[str]) -> dict[str, Identity]:
        rows = await self._pool.rows(self._identities, list(token_hashes))
        return {
            row["token_hash"]: Identity(str(row["session_id"]), to_user(row), row["expires_at"])
            for row in rows
        }

    async def states(self, session_ids: Sequence[str]) -> dict[str, SessionState]:
        rows = await self._pool.rows(self._states, to_uuids(session_ids))
        return {str(row["id"]): SessionState(row["expires_at"], row["silenced_until"]) for row in rows}

    async def touch(self, session_id: str, lifetime_s: int, lifetime_max_s: int) -> None:
        await self._pool.write(self._touch, to_uuid(session_id), float(lifetime_s), float(lifetime_max_s))

    async def list(self, user_id: str) -> Sessions:
        rows = await self._pool.rows(self._list, to_uuid(user_id), SESSIONS_LISTED_MAX)
        return [to_session(row) for row in rows]

    async def revoke(self, user_id: str, session_id: str) -> bool:
        return bool(await self._pool.write(self._delete, to_uuid(user_id), to_uuid(session_id)))
