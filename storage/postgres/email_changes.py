"""Changes of e-mail addresses in PostgreSQL.

Every transaction locks the user's row first, so changes of one user are serialized.
"""

from storage.contracts.email_changes import EmailChangeRecord, ReplacedEmail, UndoneEmailChange
from storage.contracts.users import ProfileChange
from storage.errors import Conflict, Missing
from storage.postgres.pool import PostgresPool
from storage.postgres.statement import load_statement
from storage.postgres.user_rows import to_user
from storage.postgres.users import PostgresUsers
from storage.postgres.uuid_params import to_uuid

SERVICE = "users"


class PostgresEmailChanges:
    """Implements `storage.contracts.email_changes.EmailChangeStore`."""

    def __init__(self, pool: PostgresPool, users: PostgresUsers) -> None:
        self._pool = pool
        self._users = users
        self._lock = load_statement(SERVICE, "email_changes", "email_change_lock")
        self._insert = load_statement(SERVICE, "email_changes", "email_change_insert")
        self._lock_owner = load_statement(SERVICE, "email_changes", "email_change_owner_lock")
        self._undo = load_statement(SERVICE, "email_changes", "email_change_undo")

    async def change(
        self, user_id: str, change: ProfileChange, token_hash: str, lifetime_s: int, max_tokens: int
    ) -> EmailChangeRecord:
        user_uuid = to_uuid(user_id)
        async with self._pool.transaction() as transaction:
            locked = await transaction.row(self._lock, user_uuid)
            if locked is None:
                raise Missing
            old = ReplacedEmail(locked["email"], locked["email_verified_at"] is not None)
            is_new = old.email != change.email
            if is_new and not await transaction.row(
                self._insert, user_uuid, old.email, token_hash, float(lifetime_s), max_tokens
            ):
                raise Conflict("email_changes")
            user = await self._users.change_in(transaction, user_id, change)
        return EmailChangeRecord(user, old if is_new else None)

    async def undo(self, token_hash: str, password_hash: str) -> UndoneEmailChange:
        async with self._pool.transaction() as transaction:
            await transaction.row(self._lock_owner, token_hash)
            row = await transaction.row(self._undo, token_hash, password_hash)
        if row is None:
            raise Missing
        return UndoneEmailChange(to_user(row), [str(session_id) for session_id in row["session_ids"]])
