"""Registrations that wait for approval, invite codes and blocked names in PostgreSQL."""

from datetime import datetime

import asyncpg

from config.accounts import INVITE_CODES_MAX, NAME_BLOCKS_MAX, REGISTRATIONS_WAITING_MAX
from storage.contracts.idempotency import IdempotencyKey
from storage.contracts.moderation import ActionType, AdminTarget, NewAction
from storage.contracts.paging import PageKey
from storage.contracts.registrations import InviteCodeRecord, NameBlockRecord, NameKind, RegistrationRecord
from storage.contracts.users import NewUser, UserRecord
from storage.errors import Conflict, Missing
from storage.postgres.action_log import PostgresActionLog
from storage.postgres.idempotency_keys import PostgresIdempotencyKeys
from storage.postgres.pool import PostgresPool, Transaction
from storage.postgres.statement import load_statement
from storage.postgres.users import PostgresUsers
from storage.postgres.uuid_params import page_after, to_uuid

SERVICE = "users"
WAITING_CONSTRAINTS = {
    "registrations_email_key": "users_email_key",
    "registrations_username_key": "users_username_key",
}
"""Names and addresses of waiting registrations count as taken."""


class PostgresRegistrations:
    """Implements `storage.contracts.registrations.RegistrationStore`."""

    def __init__(
        self,
        pool: PostgresPool,
        users: PostgresUsers,
        action_log: PostgresActionLog,
        idempotency_keys: PostgresIdempotencyKeys,
    ) -> None:
        self._pool = pool
        self._users = users
        self._action_log = action_log
        self._idempotency_keys = idempotency_keys
        self._insert = load_statement(SERVICE, "registrations", "registration_insert")
        self._page = load_statement(SERVICE, "registrations", "registration_page")
        self._take = load_statement(SERVICE, "registrations", "registration_take")
        self._insert_code = load_statement(SERVICE, "registrations", "invite_code_insert")
        self._get_code = load_statement(SERVICE, "registrations", "invite_code_get")
        self._page_codes = load_statement(SERVICE, "registrations", "invite_code_page")
        self._delete_code = load_statement(SERVICE, "registrations", "invite_code_delete")
        self._insert_block = load_statement(SERVICE, "registrations", "name_block_insert")
        self._delete_block = load_statement(SERVICE, "registrations", "name_block_delete")
        self._page_blocks = load_statement(SERVICE, "registrations", "name_block_page")

    async def request(self, user: NewUser, idempotency_key: IdempotencyKey | None) -> None:
        values = (user.email, user.username, user.password_hash, user.display_name, REGISTRATIONS_WAITING_MAX)

        async def insert(transaction: Transaction) -> str:
            row = await transaction.row(self._insert, *values)
            assert row is not None
            if row["email_taken"] or row["username_taken"]:
                raise Conflict("users_email_key" if row["email_taken"] else "users_username_key")
            if row["id"] is None:
                raise Conflict("registrations_limit")
            return str(row["id"])

        try:
            await self._idempotency_keys.run_once(idempotency_key, insert)
        except Conflict as conflict:
            raise Conflict(WAITING_CONSTRAINTS.get(conflict.constraint, conflict.constraint)) from None

    async def page(self, after: PageKey | None, limit: int) -> list[RegistrationRecord]:
        rows = await self._pool.rows(self._page, *page_after(after), limit)
        return [_to_registration(row) for row in rows]

    async def approve(self, registration_id: str, actor_id: str) -> UserRecord:
        async with self._pool.transaction() as transaction:
            row = await transaction.row(self._take, to_uuid(registration_id))
            if row is None:
                raise Missing
            new_user = NewUser(row["email"], row["username"], row["password_hash"], row["display_name"])
            user = await self._users.register_in(transaction, new_user)
            await self._record(
                transaction, actor_id, ActionType.APPROVE, AdminTarget.REGISTRATION, registration_id, user.id
            )
        return user

    async def decline(self, registration_id: str, actor_id: str) -> RegistrationRecord | None:
        async with self._pool.transaction() as transaction:
            row = await transaction.row(self._take, to_uuid(registration_id))
            if row is None:
                return None
            await self._record(
                transaction, actor_id, ActionType.DECLINE, AdminTarget.REGISTRATION, registration_id
            )
        return _to_registration(row)

    async def create_invite_code(
        self,
        code: str,
        uses: int,
        expires_at: datetime | None,
        actor_id: str,
        idempotency_key: IdempotencyKey | None,
    ) -> InviteCodeRecord:
        async def insert(transaction: Transaction) -> str:
            row = await transaction.row(
                self._insert_code, code, uses, expires_at, to_uuid(actor_id), INVITE_CODES_MAX
            )
            if row is None:
                raise Conflict("invite_codes_limit")
            code_id = str(row["id"])
            await self._record(
                transaction, actor_id, ActionType.CREATE_INVITE_CODE, AdminTarget.INVITE_CODE, code_id
            )
            return code_id

        code_id = await self._idempotency_keys.run_once(idempotency_key, insert)
        row = await self._pool.row(self._get_code, to_uuid(code_id))
        if row is None:
            raise Missing
        return _to_invite_code(row)

    async def page_invite_codes(self, after: PageKey | None, limit: int) -> list[InviteCodeRecord]:
        rows = await self._pool.rows(self._page_codes, *page_after(after), limit)
        return [_to_invite_code(row) for row in rows]

    async def delete_invite_code(self, invite_code_id: str, actor_id: str) -> bool:
        async with self._pool.transaction() as transaction:
            if await transaction.row(self._delete_code, to_uuid(invite_code_id)) is None:
                return False
            await self._record(
                transaction, actor_id, ActionType.DELETE_INVITE_CODE, AdminTarget.INVITE_CODE, invite_code_id
            )
        return True

    async def block_name(self, kind: NameKind, value: str, actor_id: str) -> None:
        async with self._pool.transaction() as transaction:
            row = await transaction.row(self._insert_block, kind.value, value, NAME_BLOCKS_MAX)
            assert row is not None
            if row["is_full"]:
                raise Conflict("name_blocks_limit")
            if row["is_new"]:
                await self._record(transaction, actor_id, ActionType.BLOCK_NAME, AdminTarget(kind), value)

    async def unblock_name(self, kind: NameKind, value: str, actor_id: str) -> None:
        async with self._pool.transaction() as transaction:
            if await transaction.row(self._delete_block, kind.value, value) is not None:
                await self._record(transaction, actor_id, ActionType.UNBLOCK_NAME, AdminTarget(kind), value)

    async def page_blocked_names(self, kind: NameKind, after: str, limit: int) -> list[NameBlockRecord]:
        rows = await self._pool.rows(self._page_blocks, kind.value, after, limit)
        return [NameBlockRecord(NameKind(row["kind"]), row["value"], row["created_at"]) for row in rows]

    async def _record(
        self,
        transaction: Transaction,
        actor_id: str,
        type_: ActionType,
        kind: AdminTarget,
        target_id: str,
        user_id: str | None = None,
    ) -> None:
        action = NewAction(actor_id, type_, kind, target_id, user_id, NO_REASON)
        await self._action_log.record_in(transaction, action)


NO_REASON = "-"
"""The reason of actions that need none."""


def _to_registration(row: asyncpg.Record) -> RegistrationRecord:
    return RegistrationRecord(
        str(row["id"]), row["email"], row["username"], row["display_name"], row["created_at"]
    )


def _to_invite_code(row: asyncpg.Record) -> InviteCodeRecord:
    return InviteCodeRecord(
        str(row["id"]), row["code"], row["uses_left"], row["expires_at"], row["created_at"]
    )
