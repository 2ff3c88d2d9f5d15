"""Users in PostgreSQL. Unique indexes enforce unique e-mails and usernames."""

from collections.abc import Sequence

from msgspec import UNSET

from storage.contracts.idempotency import IdempotencyKey
from storage.contracts.privacy import PrivacyRecord
from storage.contracts.users import NO_END, Credentials, NewUser, ProfileChange, UserRecord
from storage.errors import Conflict, Missing
from storage.postgres.idempotency_keys import PostgresIdempotencyKeys
from storage.postgres.pool import PostgresPool, Transaction
from storage.postgres.search_index import PostgresSearchIndex
from storage.postgres.statement import load_statement
from storage.postgres.user_rows import profile_change_values, to_user
from storage.postgres.uuid_params import to_uuid, to_uuids
from storage.search_words import (
    SEARCH_SCANNED_ROWS,
    index_terms,
    index_words,
    is_scan_promising,
    query_terms,
    to_tsquery,
    to_tsvector,
)

SERVICE = "users"


class PostgresUsers:
    """Implements `storage.contracts.users.UserStore`. New users get the settings `initial_privacy`."""

    def __init__(self, pool: PostgresPool, initial_privacy: PrivacyRecord | None = None) -> None:
        self._pool = pool
        self._initial_privacy = initial_privacy or PrivacyRecord()
        self._idempotency_keys = PostgresIdempotencyKeys(pool)
        self._insert = load_statement(SERVICE, "users", "user_insert")
        self._use_code = load_statement(SERVICE, "users", "invite_code_use")
        self._credentials_by_email = load_statement(SERVICE, "users", "user_credentials_by_email")
        self._credentials_by_username = load_statement(SERVICE, "users", "user_credentials_by_username")
        self._credentials_by_id = load_statement(SERVICE, "users", "user_credentials_by_id")
        self._update = load_statement(SERVICE, "users", "user_update")
        self._lock = load_statement(SERVICE, "users", "user_lock")
        self._password_update = load_statement(SERVICE, "users", "user_password_update")
        self._delete_other_sessions = load_statement(SERVICE, "users", "session_delete_others")
        self._list_by_ids = load_statement(SERVICE, "users", "user_list_by_ids")
        self._by_username = load_statement(SERVICE, "users", "user_by_username")
        self._page_nearby = load_statement(SERVICE, "search_words", "user_page_nearby")
        self._page_by_words = load_statement(SERVICE, "search_words", "user_page_by_words")
        self._search_index = PostgresSearchIndex.for_users(pool)

    async def register(self, user: NewUser, idempotency_key: IdempotencyKey | None = None) -> UserRecord:
        if idempotency_key is None and user.invite_code is None:
            return to_user((await self._pool.write(self._insert, *self._values(user)))[0])

        async def insert(transaction: Transaction) -> str:
            return (await self.register_in(transaction, user)).id

        users = await self.find([await self._idempotency_keys.run_once(idempotency_key, insert)])
        if not users:
            raise Conflict("idempotency_keys")
        return users[0]

    async def register_in(self, transaction: Transaction, user: NewUser) -> UserRecord:
        """Like `register`, in a transaction of the caller."""
        if user.invite_code is not None and await transaction.row(self._use_code, user.invite_code) is None:
            raise Conflict("invite_codes")
        return to_user((await transaction.rows(self._insert, *self._values(user)))[0])

    def _values(self, user: NewUser) -> tuple[object, ...]:
        """Return the parameters of `user_insert`."""
        privacy = self._initial_privacy
        return (
            user.email,
            user.username,
            user.password_hash,
            user.display_name,
            to_tsvector(index_words(user.username, user.display_name)),
            privacy.groups,
            privacy.invites,
        )

    async def credentials(self, login: str) -> Credentials | None:
        by_email = "@" in login
        statement = self._credentials_by_email if by_email else self._credentials_by_username
        row = await self._pool.row(statement, login)
        if row is None:
            return None
        suspended_until = NO_END if row["is_banned"] else row["suspended_until"]
        return Credentials(to_user(row), row["password_hash"], suspended_until)

    async def credentials_of(self, user_id: str) -> Credentials | None:
        row = await self._pool.row(self._credentials_by_id, to_uuid(user_id))
        return Credentials(to_user(row), row["password_hash"]) if row else None

    async def change(self, user_id: str, change: ProfileChange) -> UserRecord:
        values = profile_change_values(change)
        if change.username is UNSET and change.display_name is UNSET:
            rows = await self._pool.write(self._update, to_uuid(user_id), *values)
            row = rows[0] if rows else None
        else:
            async with self._pool.transaction() as transaction:
                row = await transaction.row(self._update, to_uuid(user_id), *values)
                if row is not None:
                    texts = (row["username"], row["display_name"])
                    await self._search_index.set_words(transaction, {row["id"]: texts})
        if row is None:
            raise Missing
        return to_user(row)

    async def change_in(self, transaction: Transaction, user_id: str, change: ProfileChange) -> UserRecord:
        """Like `change`, in a transaction of the caller.

        After a change of the names, the user is found by them once the indexing job has run.
        """
        row = await transaction.row(self._update, to_uuid(user_id), *profile_change_values(change))
        if row is None:
            raise Missing
        return to_user(row)

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

    async def search(
        self, text: str, after: tuple[str, str] | None, limit: int, excluded_user_ids: Sequence[str] = ()
    ) -> list[UserRecord]:
        terms = query_terms(text)
        # Usernames are unique, so the id in the key is not needed.
        after_username = after[0] if after else ""
        if not terms:
            return []
        words, indexed = to_tsquery(terms), to_tsquery(index_terms(terms))
        excluded = to_uuids(excluded_user_ids)
        for scanned in SEARCH_SCANNED_ROWS:
            rows = await self._pool.search(self._page_nearby, words, after_username, excluded, scanned, limit)
            if len(rows) == limit:
                return [to_user(row) for row in rows]
            if not is_scan_promising(len(rows), limit):
                break
        rows = await self._pool.search(self._page_by_words, words, indexed, after_username, excluded, limit)
        return [to_user(row) for row in rows]
