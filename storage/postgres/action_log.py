"""The audit log of moderation in PostgreSQL. A trigger refuses changes of its rows."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

import asyncpg

from storage.contracts.idempotency import IdempotencyKey
from storage.contracts.moderation import ActionRecord, ActionType, NewAction, TargetKind
from storage.contracts.paging import PageKey
from storage.contracts.users import outranks
from storage.errors import Conflict
from storage.postgres.idempotency_keys import PostgresIdempotencyKeys
from storage.postgres.pool import PostgresPool, Transaction
from storage.postgres.statement import load_statement
from storage.postgres.user_rows import optional_id
from storage.postgres.users_by_id import UsersById
from storage.postgres.uuid_params import page_before, to_uuid, to_uuids

SERVICE = "users"
APPLIED_AT_ONCE = 3
"""Items whose latest action is applied at the same time. Each keeps a connection meanwhile."""


class PostgresActionLog:
    """Implements `storage.contracts.moderation.ActionLog`."""

    def __init__(self, pool: PostgresPool, idempotency_keys: PostgresIdempotencyKeys) -> None:
        self._pool = pool
        self._idempotency_keys = idempotency_keys
        self._users = UsersById(pool)
        self._applying = asyncio.Semaphore(APPLIED_AT_ONCE)
        self._role = load_statement(SERVICE, "moderation", "user_role_get")
        self._insert = load_statement(SERVICE, "moderation", "action_insert")
        self._list_by_ids = load_statement(SERVICE, "moderation", "action_list_by_ids")
        self._latest = load_statement(SERVICE, "moderation", "action_latest")
        self._lock_target = load_statement(SERVICE, "moderation", "action_target_lock")
        self._page = load_statement(SERVICE, "moderation", "action_page")
        self._page_of_user = load_statement(SERVICE, "moderation", "action_page_of_user")
        self._page_appealable = load_statement(SERVICE, "moderation", "action_page_appealable")

    async def record(self, action: NewAction, idempotency_key: IdempotencyKey | None = None) -> str:
        async def insert(transaction: Transaction) -> str:
            await self._check_rank(transaction, action)
            await transaction.row(self._lock_target, action.target_kind.value, action.target_id)
            latest = await transaction.row(self._latest, action.target_kind.value, action.target_id)
            latest_type = latest["type"] if latest else ActionType.RESTORE.value
            if latest_type == action.type.value:
                raise Conflict("no_effect")
            return await self.record_in(transaction, action)

        return await self._idempotency_keys.run_once(idempotency_key, insert)

    async def apply_latest(
        self, kind: TargetKind, target_id: str, apply: Callable[[ActionType], Awaitable[None]]
    ) -> None:
        async with self._applying, self._pool.transaction() as transaction:
            await transaction.row(self._lock_target, kind.value, target_id)
            latest = await transaction.row(self._latest, kind.value, target_id)
            if latest is not None:
                await apply(ActionType(latest["type"]))

    async def record_in(self, transaction: Transaction, action: NewAction) -> str:
        """Append an action in a transaction of the caller, without the checks of `record`. Returns its id."""
        rows = await transaction.rows(
            self._insert,
            None if action.actor_id is None else to_uuid(action.actor_id),
            action.type.value,
            action.target_kind.value,
            action.target_id,
            None if action.user_id is None else to_uuid(action.user_id),
            action.reason,
            action.expires_at,
            None if action.report_id is None else to_uuid(action.report_id),
        )
        return str(rows[0]["id"])

    async def role_in(self, transaction: Transaction, user_id: str) -> str | None:
        """Return the role of a user in a transaction of the caller; None without a role or such a user."""
        row = await transaction.row(self._role, to_uuid(user_id))
        return row["role"] if row else None

    async def _check_rank(self, transaction: Transaction, action: NewAction) -> None:
        """Raise `Conflict` (`outranked`) for an own item, or if the actor may not act on its author."""
        if action.actor_id is None:
            return
        author_role = None if action.user_id is None else await self.role_in(transaction, action.user_id)
        actor_role = await self.role_in(transaction, action.actor_id)
        if action.actor_id == action.user_id or not outranks(actor_role, author_role):
            raise Conflict("outranked")

    async def get(self, action_id: str) -> ActionRecord | None:
        return (await self.find([action_id])).get(action_id)

    async def find(self, action_ids: Sequence[str]) -> dict[str, ActionRecord]:
        wanted = to_uuids(action_ids)
        rows = await self._pool.rows(self._list_by_ids, wanted) if wanted else []
        return {record.id: record for record in await self._to_records(rows)}

    async def latest_on(self, kind: TargetKind, target_id: str) -> ActionRecord | None:
        row = await self._pool.row(self._latest, kind.value, target_id)
        return (await self._to_records([row]))[0] if row else None

    async def page(self, user_id: str | None, before: PageKey | None, limit: int) -> list[ActionRecord]:
        if user_id is None:
            rows = await self._pool.rows(self._page, *page_before(before), limit)
        else:
            rows = await self._pool.rows(self._page_of_user, to_uuid(user_id), *page_before(before), limit)
        return await self._to_records(rows)

    async def page_appealable(self, user_id: str, before: PageKey | None, limit: int) -> list[ActionRecord]:
        return await self._to_records(
            await self._pool.rows(self._page_appealable, to_uuid(user_id), *page_before(before), limit)
        )

    async def _to_records(self, rows: Sequence[asyncpg.Record]) -> list[ActionRecord]:
        users = await self._users.load(
            optional_id(row[column]) for row in rows for column in ("actor_id", "user_id")
        )
        return [
            ActionRecord(
                id=str(row["id"]),
                actor=users.get(str(row["actor_id"])),
                type=row["type"],
                target_kind=row["target_kind"],
                target_id=row["target_id"],
                user_id=optional_id(row["user_id"]),
                user=users.get(str(row["user_id"])),
                reason=row["reason"],
                expires_at=row["expires_at"],
                report_id=optional_id(row["report_id"]),
                created_at=row["created_at"],
            )
            for row in rows
        ]
