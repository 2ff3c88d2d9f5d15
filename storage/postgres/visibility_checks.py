"""Checks whether the recipients of notifications can still see what these are about, in PostgreSQL."""

from collections.abc import Sequence

from storage.contracts.domain_events import CursorUpdate
from storage.contracts.paging import PageKey
from storage.contracts.visibility_checks import CheckKind, VisibilityCheck
from storage.postgres.cursors import PostgresCursors
from storage.postgres.pool import PostgresPool
from storage.postgres.statement import load_statement
from storage.postgres.uuid_params import to_uuid

SERVICE = "notifications"


class PostgresVisibilityChecks:
    """Implements `storage.contracts.visibility_checks.VisibilityCheckStore`."""

    def __init__(self, pool: PostgresPool, cursors: PostgresCursors) -> None:
        self._pool = pool
        self._cursors = cursors
        self._upsert = load_statement(SERVICE, "visibility_checks", "visibility_check_upsert")
        self._next = load_statement(SERVICE, "visibility_checks", "visibility_check_next")
        self._advance = load_statement(SERVICE, "visibility_checks", "visibility_check_advance")
        self._finish = load_statement(SERVICE, "visibility_checks", "visibility_check_finish")

    async def add(self, checks: Sequence[tuple[CheckKind, str]], cursor_update: CursorUpdate | None) -> None:
        valid = [(kind.value, parsed) for kind, user_id in checks if (parsed := to_uuid(user_id)) is not None]
        async with self._pool.transaction() as transaction:
            if valid:
                kinds, user_ids = zip(*valid, strict=True)
                await transaction.rows(self._upsert, list(kinds), list(user_ids))
            await self._cursors.advance_in(transaction, cursor_update)

    async def next(self) -> VisibilityCheck | None:
        row = await self._pool.row(self._next, [kind.value for kind in CheckKind])
        if row is None:
            return None
        before = None if row["before_us"] is None else (row["before_us"], str(row["before_id"]))
        return VisibilityCheck(CheckKind(row["kind"]), str(row["user_id"]), before, row["version"])

    async def advance(self, check: VisibilityCheck, before: PageKey | None) -> None:
        key = (check.kind.value, to_uuid(check.user_id), check.version)
        if before is None:
            await self._pool.write(self._finish, *key)
        else:
            await self._pool.write(self._advance, *key, before[0], to_uuid(before[1]))
