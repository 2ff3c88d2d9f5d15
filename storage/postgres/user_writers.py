"""Orders the deletion of a user's rows after the writes that may add some; see `users_lock.sql`.

user cache: deleted -> wait for running writes -> delete the rows; later writes are rejected by triggers
"""

from collections.abc import Sequence
from uuid import UUID

from storage.postgres.pool import PostgresPool, Transaction
from storage.postgres.statement import load_statement

SERVICE = "user_cache"


class UserWriters:
    """The transactions that add rows of users, in a database with a user cache."""

    def __init__(self, pool: PostgresPool) -> None:
        self._pool = pool
        self._wait = load_statement(SERVICE, "user_cache", "user_writers_wait")
        self._lock = load_statement(SERVICE, "user_cache", "users_lock")

    async def wait_for(self, user_id: UUID | None) -> None:
        """Wait for transactions that may not have seen that the user was deleted. Raises `Unavailable`."""
        await self._pool.write(self._wait, user_id)

    async def lock_in(self, transaction: Transaction, user_ids: Sequence[UUID]) -> None:
        """Make deletions wait for the transaction. Its later statements see which users were deleted before.

        For tables without a trigger that locks users and leaves out deleted ones.
        """
        await transaction.rows(self._lock, user_ids)
