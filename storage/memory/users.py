"""In-memory user store. Passes the contract suite; does not raise `Unavailable`."""

import uuid
from collections.abc import Sequence

import msgspec
from msgspec import UNSET

from storage.errors import Conflict, Missing
from storage.memory.user_tables import UserTables
from storage.records.idempotency_key import IdempotencyKey
from storage.records.users import Credentials, NewUser, ProfileChange, UserRecord


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

    async def search(self, prefix: str, after: tuple[str, str] | None, limit: int) -> list[UserRecord]:
        lowered = prefix.lower()
        users = [
            user
            for user in self._tables.users.values()
            if user.username.lower().startswith(lowered)
            or (user.display_name is not None and user.display_name.lower().startswith(lowered))
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


def _search_key(user: UserRecord) -> tuple[str, str]:
    return (user.username.lower(), user.id)
