"""Users in PostgreSQL. Unique indexes enforce unique e-mails and usernames."""

from collections.abc import Sequence

import asyncpg
from msgspec import UNSET

from config.limits import DISPLAY_NAME_CHARACTERS
from storage.contracts.idempotency import IdempotencyKey
from storage.contracts.privacy import PrivacyRecord
from storage.contracts.users import Credentials, NewUser, ProfileChange, UserRecord
from storage.errors import Conflict, Missing
from storage.postgres.idempotency_keys import PostgresIdempotencyKeys
from storage.postgres.pool import PostgresPool, Transaction
from storage.postgres.statement import load_statement
from storage.postgres.user_rows import to_user
from storage.postgres.uuid_params import to_uuid, to_uuids

SERVICE = "users"
LAST_CODE_POINT = 0x10FFFF
SURROGATE_RANGE = (0xD800, 0xDFFF)


class PostgresUsers:
    """Implements `storage.contracts.users.UserStore`. New users get the settings `initial_privacy`."""

    def __init__(self, pool: PostgresPool, initial_privacy: PrivacyRecord | None = None) -> None:
        self._pool = pool
        self._initial_privacy = initial_privacy or PrivacyRecord()
        self._idempotency_keys = PostgresIdempotencyKeys(pool)
        self._insert = load_statement(SERVICE, "users", "user_insert")
        self._credentials_by_email = load_statement(SERVICE, "users", "user_credentials_by_email")
        self._credentials_by_username = load_statement(SERVICE, "users", "user_credentials_by_username")
        self._credentials_by_id = load_statement(SERVICE, "users", "user_credentials_by_id")
        self._update = load_statement(SERVICE, "users", "user_update")
        self._lock = load_statement(SERVICE, "users", "user_lock")
        self._password_update = load_statement(SERVICE, "users", "user_password_update")
        self._delete_other_sessions = load_statement(SERVICE, "users", "session_delete_others")
        self._list_by_ids = load_statement(SERVICE, "users", "user_list_by_ids")
        self._by_username = load_statement(SERVICE, "users", "user_by_username")
        self._page_by_prefix = load_statement(SERVICE, "users", "user_page_by_prefix")

    async def register(self, user: NewUser, idempotency_key: IdempotencyKey | None = None) -> UserRecord:
        privacy = self._initial_privacy
        values = (
            user.email,
            user.username,
            user.password_hash,
            user.display_name,
            privacy.groups,
            privacy.invites,
        )
        if idempotency_key is None:
            return to_user((await self._pool.write(self._insert, *values))[0])

        async def insert(transaction: Transaction) -> str:
            return str((await transaction.rows(self._insert, *values))[0]["id"])

        users = await self.find([await self._idempotency_keys.run_once(idempotency_key, insert)])
        if not users:
            raise Conflict("idempotency_keys")
        return users[0]

    async def credentials(self, login: str) -> Credentials | None:
        by_email = "@" in login
        statement = self._credentials_by_email if by_email else self._credentials_by_username
        return _to_credentials(await self._pool.row(statement, login))

    async def credentials_of(self, user_id: str) -> Credentials | None:
        return _to_credentials(await self._pool.row(self._credentials_by_id, to_uuid(user_id)))

    async def change(self, user_id: str, change: ProfileChange) -> UserRecord:
        fields = (change.email, change.username, change.display_name, change.bio, change.avatar_url)
        values: list[object] = []
        for field in fields:
            values += [False, None] if field is UNSET else [True, field]
        rows = await self._pool.write(self._update, to_uuid(user_id), *values)
        if not rows:
            raise Missing
        return to_user(rows[0])

    async def change_password(self, user_id: str, password_hash: str, keep_session: str) -> list[str]:
        user_uuid = to_uuid(user_id)
        async with self._pool.transaction() as transaction:
            await transaction.row(self._lock, user_uuid)
            await transaction.row(self._password_update, user_uuid, password_hash)
            sessions = await transaction.rows(self._delete_other_sessions, user_uuid, to_uuid(keep_session))
        return [str(row["id"]) for row in sessions]

    async def find(self, user_ids: Sequence[str]) -> list[UserRecord]:
        wanted = to_uuids(user_ids)
        return [to_user(row) for row in await self._pool.rows(self._list_by_ids, wanted)] if wanted else []

    async def by_username(self, username: str) -> UserRecord | None:
        row = await self._pool.row(self._by_username, username)
        return to_user(row) if row else None

    async def search(self, prefix: str, after: tuple[str, str] | None, limit: int) -> list[UserRecord]:
        lowered = prefix.lower()
        # Usernames are unique, so the id in the key is not needed.
        after_username = after[0] if after else ""
        rows = await self._pool.rows(
            self._page_by_prefix, lowered, _prefix_upper_bound(lowered), after_username, limit
        )
        return [to_user(row) for row in rows]


def _to_credentials(row: asyncpg.Record | None) -> Credentials | None:
    return Credentials(to_user(row), row["password_hash"]) if row else None


def _prefix_upper_bound(prefix: str) -> str:
    """Return the smallest string above all that start with `prefix`, in code point order."""
    for end in range(len(prefix), 0, -1):
        code = ord(prefix[end - 1])
        if code < LAST_CODE_POINT:
            following = SURROGATE_RANGE[1] + 1 if code + 1 == SURROGATE_RANGE[0] else code + 1
            return prefix[: end - 1] + chr(following)
    return chr(LAST_CODE_POINT) * (DISPLAY_NAME_CHARACTERS + 1)
