"""Appeals in PostgreSQL. A unique constraint allows one per action."""

from collections.abc import Sequence

import asyncpg
import msgspec

from config.limits import BACKLOG_COUNTED_MAX, MODERATION_REASON_CHARACTERS
from storage.contracts.appeals import AppealBacklog, AppealRecord
from storage.contracts.idempotency import IdempotencyKey
from storage.contracts.moderation import ActionType, AdminTarget, NewAction
from storage.contracts.paging import PageKey
from storage.errors import Missing
from storage.postgres.action_log import PostgresActionLog
from storage.postgres.idempotency_keys import PostgresIdempotencyKeys
from storage.postgres.pool import PostgresPool, Transaction
from storage.postgres.statement import load_statement
from storage.postgres.uuid_params import page_after, to_uuid, to_uuids

SERVICE = "users"


class PostgresAppeals:
    """Implements `storage.contracts.appeals.AppealStore`."""

    def __init__(
        self, pool: PostgresPool, action_log: PostgresActionLog, idempotency_keys: PostgresIdempotencyKeys
    ) -> None:
        self._pool = pool
        self._action_log = action_log
        self._idempotency_keys = idempotency_keys
        self._insert = load_statement(SERVICE, "appeals", "appeal_insert")
        self._get = load_statement(SERVICE, "appeals", "appeal_get")
        self._list_by_actions = load_statement(SERVICE, "appeals", "appeal_list_by_actions")
        self._page = load_statement(SERVICE, "appeals", "appeal_page")
        self._page_open = load_statement(SERVICE, "appeals", "appeal_page_open")
        self._backlog = load_statement(SERVICE, "appeals", "appeal_backlog")
        self._answer = load_statement(SERVICE, "appeals", "appeal_answer")
        self._suspension = load_statement(SERVICE, "appeals", "suspension_latest")

    async def create(
        self, user_id: str, action_id: str, content: str, idempotency_key: IdempotencyKey | None = None
    ) -> AppealRecord:
        async def insert(transaction: Transaction) -> str:
            row = await transaction.row(self._insert, to_uuid(action_id), to_uuid(user_id), content)
            if row is None:
                raise Missing
            return str(row["id"])

        row = await self._pool.row(
            self._get, to_uuid(await self._idempotency_keys.run_once(idempotency_key, insert))
        )
        if row is None:
            raise Missing
        return _to_appeal(row)

    async def find_suspension(self, user_id: str) -> str | None:
        row = await self._pool.row(self._suspension, to_uuid(user_id))
        return str(row["id"]) if row else None

    async def find_by_actions(self, action_ids: Sequence[str]) -> dict[str, AppealRecord]:
        rows = await self._pool.rows(self._list_by_actions, to_uuids(action_ids)) if action_ids else []
        return {str(row["action_id"]): _to_appeal(row) for row in rows}

    async def get(self, appeal_id: str) -> AppealRecord | None:
        row = await self._pool.row(self._get, to_uuid(appeal_id))
        return (await self._with_actions([_to_appeal(row)]))[0] if row else None

    async def page(self, after: PageKey | None, limit: int, *, open_only: bool) -> list[AppealRecord]:
        statement = self._page_open if open_only else self._page
        rows = await self._pool.rows(statement, *page_after(after), limit)
        return await self._with_actions([_to_appeal(row) for row in rows])

    async def answer(self, appeal_id: str, answer: str, answered_by: str, *, accepted: bool) -> bool:
        async with self._pool.transaction() as transaction:
            row = await transaction.row(
                self._answer, to_uuid(appeal_id), accepted, answer, to_uuid(answered_by)
            )
            if row is None:
                return False
            action = NewAction(
                answered_by,
                ActionType.ACCEPT_APPEAL if accepted else ActionType.DECLINE_APPEAL,
                AdminTarget.APPEAL,
                str(row["id"]),
                str(row["user_id"]),
                # The beginning: answers may be longer than reasons.
                answer[:MODERATION_REASON_CHARACTERS],
            )
            await self._action_log.record_in(transaction, action)
        return True

    async def backlog(self) -> AppealBacklog:
        (row,) = await self._pool.rows(self._backlog, BACKLOG_COUNTED_MAX)
        return AppealBacklog(row["open"], row["oldest_s"])

    async def _with_actions(self, appeals: Sequence[AppealRecord]) -> list[AppealRecord]:
        actions = await self._action_log.find([appeal.action_id for appeal in appeals])
        return [
            msgspec.structs.replace(appeal, action=action, user=action.user)
            for appeal in appeals
            if (action := actions.get(appeal.action_id))
        ]


def _to_appeal(row: asyncpg.Record) -> AppealRecord:
    return AppealRecord(
        id=str(row["id"]),
        action_id=str(row["action_id"]),
        content=row["content"],
        created_at=row["created_at"],
        answered_at=row["answered_at"],
        accepted=row["accepted"],
        answer=row["answer"],
    )
