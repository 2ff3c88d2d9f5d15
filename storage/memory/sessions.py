"""In-memory session store. Passes the contract suite; does not raise `Unavailable`."""

import uuid
from collections.abc import Sequence
from datetime import timedelta

import msgspec

from storage.errors import Missing
from storage.memory.user_tables import UserTables
from storage.records.users import Identity, SessionRecord

Sessions = list[SessionRecord]


class MemorySessions:
    """Implements `storage.contracts.users.SessionStore`."""

    def __init__(self, tables: UserTables) -> None:
        self._tables = tables

    async def open(self, user_id: str, token_hash: str, lifetime_s: int) -> SessionRecord:
        if user_id not in self._tables.users:
            raise Missing
        now = self._tables.now()
        session = SessionRecord(
            id=str(uuid.uuid4()),
            user_id=user_id,
            created_at=now,
            last_used_at=now,
            expires_at=now + timedelta(seconds=lifetime_s),
        )
        self._tables.sessions[session.id] = session
        self._tables.session_ids_by_token[token_hash] = session.id
        return session

    async def identities(self, token_hashes: Sequence[str]) -> dict[str, Identity]:
        now = self._tables.now()
        identities: dict[str, Identity] = {}
        for token_hash in token_hashes:
            session_id = self._tables.session_ids_by_token.get(token_hash)
            session = self._tables.sessions.get(session_id) if session_id else None
            if session is not None and session.expires_at > now:
                user = self._tables.users[session.user_id]
                identities[token_hash] = Identity(session.id, user, session.expires_at)
        return identities

    async def touch(self, session_id: str, lifetime_s: int, lifetime_max_s: int) -> None:
        session = self._tables.sessions.get(session_id)
        now = self._tables.now()
        if session is None or session.expires_at <= now:
            return
        latest = session.created_at + timedelta(seconds=lifetime_max_s)
        self._tables.sessions[session_id] = msgspec.structs.replace(
            session, last_used_at=now, expires_at=min(now + timedelta(seconds=lifetime_s), latest)
        )

    async def list(self, user_id: str) -> Sessions:
        now = self._tables.now()
        active = [s for s in self._tables.sessions.values() if s.user_id == user_id and s.expires_at > now]
        return sorted(active, key=lambda session: (session.last_used_at, session.id), reverse=True)

    async def revoke(self, user_id: str, session_id: str) -> bool:
        session = self._tables.sessions.get(session_id)
        if session is None or session.user_id != user_id:
            return False
        self._tables.end_session(session_id)
        return True
