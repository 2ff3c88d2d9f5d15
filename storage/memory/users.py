"""In-memory stores of the User service. They pass the contract suites and do not raise `Unavailable`.

There are no restrictions, blocked names, invite codes, e-mail tokens and links to calendars.

The stores' methods do not await between reads and writes, so each is atomic within one event loop.
"""

import uuid
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta

import msgspec
from msgspec import UNSET

from storage.contracts.idempotency import IdempotencyKey
from storage.contracts.users import (
    Credentials,
    Identity,
    NewUser,
    ProfileChange,
    SessionRecord,
    SessionState,
    UserRecord,
)
from storage.errors import Conflict, Missing
from storage.search_words import SearchTerm, index_words, query_terms

Ids = list[str]


def wall_clock() -> datetime:
    return datetime.now(UTC)


class UserTables:
    __slots__ = ("idempotency_keys", "now", "password_hashes", "session_ids_by_token", "sessions", "users")

    def __init__(self, now: Callable[[], datetime] = wall_clock) -> None:
        self.now = now
        self.users: dict[str, UserRecord] = {}
        self.password_hashes: dict[str, str] = {}
        self.idempotency_keys: dict[str, tuple[IdempotencyKey, str]] = {}
        self.sessions: dict[str, SessionRecord] = {}
        self.session_ids_by_token: dict[str, str] = {}

    def end_session(self, session_id: str) -> None:
        del self.sessions[session_id]
        for token_hash, owner in list(self.session_ids_by_token.items()):
            if owner == session_id:
                del self.session_ids_by_token[token_hash]


class MemoryUsers:
    """Implements `storage.contracts.users.UserStore`."""

    def __init__(self, tables: UserTables) -> None:
        self._tables = tables

    async def register(self, user: NewUser, idempotency_key: IdempotencyKey | None = None) -> UserRecord:
        if idempotency_key is not None and idempotency_key.key in self._tables.idempotency_keys:
            first, user_id = self._tables.idempotency_keys[idempotency_key.key]
            if first != idempotency_key:
                raise Conflict("idempotency_keys")
            return self._tables.users[user_id]
        self._check_unique(user.email, user.username, except_user_id=None)
        record = UserRecord(
            id=str(uuid.uuid4()),
            email=user.email,
            username=user.username,
            display_name=user.display_name,
            bio=None,
            avatar_url=None,
            verified=False,
            created_at=self._tables.now(),
        )
        self._tables.users[record.id] = record
        self._tables.password_hashes[record.id] = user.password_hash
        if idempotency_key is not None:
            self._tables.idempotency_keys[idempotency_key.key] = (idempotency_key, record.id)
        return record

    async def credentials(self, login: str) -> Credentials | None:
        lowered = login.lower()
        for user in self._tables.users.values():
            if (user.email if "@" in login else user.username).lower() == lowered:
                return await self.credentials_of(user.id)
        return None

    async def credentials_of(self, user_id: str) -> Credentials | None:
        user = self._tables.users.get(user_id)
        return Credentials(user, self._tables.password_hashes[user_id]) if user else None

    async def change(self, user_id: str, change: ProfileChange) -> UserRecord:
        user = self._tables.users.get(user_id)
        if user is None:
            raise Missing
        changes = {
            field: value for field, value in msgspec.structs.asdict(change).items() if value is not UNSET
        }
        changed = msgspec.structs.replace(user, **changes)
        self._check_unique(changed.email, changed.username, except_user_id=user_id)
        self._tables.users[user_id] = changed
        return changed

    async def change_password(self, user_id: str, password_hash: str, keep_session: str) -> list[str]:
        if user_id not in self._tables.users:
            return []
        self._tables.password_hashes[user_id] = password_hash
        ended = [
            session.id
            for session in self._tables.sessions.values()
            if session.user_id == user_id and session.id != keep_session
        ]
        for session_id in ended:
            self._tables.end_session(session_id)
        return ended

    async def find(self, user_ids: Sequence[str]) -> list[UserRecord]:
        return [
            self._tables.users[user_id]
            for user_id in dict.fromkeys(user_ids)
            if user_id in self._tables.users
        ]

    async def by_username(self, username: str) -> UserRecord | None:
        lowered = username.lower()
        return next((user for user in self._tables.users.values() if user.username.lower() == lowered), None)

    async def search(
        self, text: str, after: tuple[str, str] | None, limit: int, excluded_user_ids: Sequence[str] = ()
    ) -> list[UserRecord]:
        terms = query_terms(text)
        users = [
            user
            for user in self._tables.users.values()
            if terms and _matches(user, terms) and user.id not in excluded_user_ids
        ]
        users.sort(key=_search_key)
        return [user for user in users if after is None or _search_key(user) > after][:limit]

    def _check_unique(self, email: str, username: str, except_user_id: str | None) -> None:
        for user in self._tables.users.values():
            if user.id == except_user_id:
                continue
            if user.email.lower() == email.lower():
                raise Conflict("users_email_key")
            if user.username.lower() == username.lower():
                raise Conflict("users_username_key")


def _matches(user: UserRecord, terms: Sequence[SearchTerm]) -> bool:
    words = index_words(user.username, user.display_name)
    return all(term.matches(words) for term in terms)


def _search_key(user: UserRecord) -> tuple[str, str]:
    return (user.username.lower(), user.id)


Sessions = list[SessionRecord]


class MemorySessions:
    """Implements `storage.contracts.users.SessionStore`."""

    def __init__(self, tables: UserTables) -> None:
        self._tables = tables

    async def open(
        self, user_id: str, token_hash: str, lifetime_s: int, device: str | None = None
    ) -> SessionRecord:
        if user_id not in self._tables.users:
            raise Missing
        now = self._tables.now()
        session = SessionRecord(
            id=str(uuid.uuid4()),
            user_id=user_id,
            created_at=now,
            last_used_at=now,
            expires_at=now + timedelta(seconds=lifetime_s),
            device=device,
        )
        self._tables.sessions[session.id] = session
        self._tables.session_ids_by_token[token_hash] = session.id
        return session

    async def end_oldest(self, user_id: str, keep: int) -> Ids:
        sessions = [session for session in self._tables.sessions.values() if session.user_id == user_id]
        sessions.sort(key=lambda session: (session.last_used_at, session.id), reverse=True)
        ended = [session.id for session in sessions[keep:]]
        for session_id in ended:
            self._tables.end_session(session_id)
        return ended

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

    async def states(self, session_ids: Sequence[str]) -> dict[str, SessionState]:
        now = self._tables.now()
        sessions = (self._tables.sessions.get(session_id) for session_id in session_ids)
        return {
            one.id: SessionState(one.expires_at, self._tables.users[one.user_id].silenced_until)
            for one in sessions
            if one is not None and one.expires_at > now
        }

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


class MemoryLogins:
    """Implements `storage.contracts.users.LoginStore`."""

    def __init__(self, tables: UserTables) -> None:
        self._tables = tables

    async def replace_password_hash(self, user_id: str, old_hash: str, new_hash: str) -> None:
        if self._tables.password_hashes.get(user_id) == old_hash:
            self._tables.password_hashes[user_id] = new_hash

    async def find_expired(self, token_hashes: Sequence[str]) -> frozenset[str]:
        now = self._tables.now()
        session_ids = self._tables.session_ids_by_token
        return frozenset(
            token_hash
            for token_hash in token_hashes
            if token_hash in session_ids and self._tables.sessions[session_ids[token_hash]].expires_at <= now
        )
