"""The lock that changes of admins hold: concurrent ones must not leave no admin who can log in."""

from storage.postgres.pool import Transaction
from storage.postgres.statement import load_statement


class AdminLock:
    def __init__(self) -> None:
        self._lock_all = load_statement("users", "moderation", "admin_lock_all")

    async def lock(self, transaction: Transaction) -> list[str]:
        """Lock all admins until the end of the transaction, and return the ids of those who can log in.

        Call it before another user is locked: then all transactions lock in one order.
        """
        return [str(row["id"]) for row in await transaction.rows(self._lock_all) if row["is_active"]]
