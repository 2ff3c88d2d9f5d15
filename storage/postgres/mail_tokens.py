"""E-mail tokens in PostgreSQL.

Every transaction locks the user's row first, so checks and writes of one user's tokens are serialized.
"""

from storage.contracts.users import UserRecord
from storage.errors import Missing
from storage.postgres.pool import PostgresPool
from storage.postgres.statement import load_statement
from storage.postgres.user_rows import to_user
from storage.postgres.uuid_params import to_uuid

SERVICE = "users"


class PostgresPasswordResets:
    """Implements `storage.contracts.mail_tokens.PasswordResetStore`."""

    def __init__(self, pool: PostgresPool) -> None:
        self._pool = pool
        self._lock = load_statement(SERVICE, "mail_tokens", "password_reset_lock")
        self._insert = load_statement(SERVICE, "mail_tokens", "password_reset_insert")
        self._owner = load_statement(SERVICE, "mail_tokens", "password_reset_owner")
        self._lock_owner = load_statement(SERVICE, "mail_tokens", "password_reset_owner_lock")
        self._redeem = load_statement(SERVICE, "mail_tokens", "password_reset_redeem")

    async def issue(self, email: str, token_hash: str, lifetime_s: int, max_tokens: int) -> UserRecord | None:
        async with self._pool.transaction() as transaction:
            user = await transaction.row(self._lock, email)
            if user is None:
                return None
            row = await transaction.row(self._insert, user["id"], token_hash, float(lifetime_s), max_tokens)
        return to_user(row) if row else None

    async def find_owner(self, token_hash: str) -> UserRecord | None:
        row = await self._pool.row(self._owner, token_hash)
        return to_user(row) if row else None

    async def redeem(self, token_hash: str, password_hash: str) -> list[str]:
        async with self._pool.transaction() as transaction:
            await transaction.row(self._lock_owner, token_hash)
            row = await transaction.row(self._redeem, token_hash, password_hash)
        if row is None:
            raise Missing
        return [str(session_id) for session_id in row["session_ids"]]


class PostgresEmailVerifications:
    """Implements `storage.contracts.mail_tokens.EmailVerificationStore`."""

    def __init__(self, pool: PostgresPool) -> None:
        self._pool = pool
        self._lock = load_statement(SERVICE, "mail_tokens", "email_verification_lock")
        self._insert = load_statement(SERVICE, "mail_tokens", "email_verification_insert")
        self._lock_owner = load_statement(SERVICE, "mail_tokens", "email_verification_owner_lock")
        self._redeem = load_statement(SERVICE, "mail_tokens", "email_verification_redeem")

    async def issue(
        self, user_id: str, token_hash: str, lifetime_s: int, max_tokens: int
    ) -> UserRecord | None:
        user_uuid = to_uuid(user_id)
        async with self._pool.transaction() as transaction:
            if await transaction.row(self._lock, user_uuid) is None:
                return None
            row = await transaction.row(self._insert, user_uuid, token_hash, float(lifetime_s), max_tokens)
        return to_user(row) if row else None

    async def redeem(self, token_hash: str) -> None:
        async with self._pool.transaction() as transaction:
            await transaction.row(self._lock_owner, token_hash)
            row = await transaction.row(self._redeem, token_hash)
        if row is None:
            raise Missing
