"""Actions of moderators on users in PostgreSQL."""

from datetime import datetime

import asyncpg
import msgspec

from storage.contracts.idempotency import IdempotencyKey
from storage.contracts.moderation import (
    ActionType,
    ModeratedUser,
    NewAction,
    UserActionOutcome,
)
from storage.contracts.users import NO_END, Role, outranks
from storage.errors import Conflict, Missing
from storage.postgres.action_log import PostgresActionLog
from storage.postgres.admin_lock import AdminLock
from storage.postgres.idempotency_keys import PostgresIdempotencyKeys
from storage.postgres.pool import PostgresPool, Transaction
from storage.postgres.statement import load_statement
from storage.postgres.user_rows import to_user
from storage.postgres.uuid_params import MIN_UUID, to_uuid

SERVICE = "users"
ROLE_ACTIONS = {
    ActionType.MAKE_ADMIN: Role.ADMIN.value,
    ActionType.MAKE_MODERATOR: Role.MODERATOR.value,
    ActionType.REMOVE_ROLE: None,
}


class UserState(msgspec.Struct, frozen=True):
    """What actions change of a user."""

    role: str | None
    verified: bool
    silenced_until: datetime | None
    suspended_until: datetime | None
    banned: bool


class PostgresModeration:
    """Implements `storage.contracts.moderation.ModerationStore`."""

    def __init__(
        self, pool: PostgresPool, action_log: PostgresActionLog, idempotency_keys: PostgresIdempotencyKeys
    ) -> None:
        self._pool = pool
        self._action_log = action_log
        self._idempotency_keys = idempotency_keys
        self._get = load_statement(SERVICE, "moderation", "moderated_user_get")
        self._by_username = load_statement(SERVICE, "moderation", "moderated_user_by_username")
        self._page_with_role = load_statement(SERVICE, "moderation", "moderated_user_page_with_role")
        self._page_restricted = load_statement(SERVICE, "moderation", "moderated_user_page_restricted")
        self._admins = AdminLock()
        self._lock = load_statement(SERVICE, "moderation", "moderated_user_lock")
        self._unassign_reports = load_statement(SERVICE, "moderation", "report_unassign_all")
        self._update = load_statement(SERVICE, "moderation", "moderated_user_update")
        self._session_ids = load_statement(SERVICE, "moderation", "user_session_ids")
        self._delete_sessions = load_statement(SERVICE, "moderation", "user_session_delete_all")

    async def find_user(self, user_id: str) -> ModeratedUser | None:
        row = await self._pool.row(self._get, to_uuid(user_id))
        return _to_moderated_user(row) if row else None

    async def find_user_by_username(self, username: str) -> ModeratedUser | None:
        row = await self._pool.row(self._by_username, username)
        return _to_moderated_user(row) if row else None

    async def page_users(self, after: str, limit: int, *, with_role: bool) -> list[ModeratedUser]:
        statement = self._page_with_role if with_role else self._page_restricted
        rows = await self._pool.rows(statement, to_uuid(after) or MIN_UUID, limit)
        return [_to_moderated_user(row) for row in rows]

    async def act_on_user(
        self, action: NewAction, idempotency_key: IdempotencyKey | None = None
    ) -> UserActionOutcome:
        outcome: UserActionOutcome | None = None

        async def act(transaction: Transaction) -> str:
            nonlocal outcome
            outcome = await self._act(transaction, action)
            return outcome.action_id

        action_id = await self._idempotency_keys.run_once(idempotency_key, act)
        return outcome or await self._repeated(action_id, action)

    async def _act(self, transaction: Transaction, action: NewAction) -> UserActionOutcome:
        user_uuid = to_uuid(action.target_id)
        # Before the user, so that concurrent changes of roles lock in one order.
        admin_ids = await self._admins.lock(transaction) if action.type in ROLE_ACTIONS else []
        row = await transaction.row(self._lock, user_uuid)
        if row is None:
            raise Missing
        await self._check_rank(transaction, action, row["role"])
        before = UserState(
            row["role"],
            row["verified"],
            row["silenced_until"],
            row["suspended_until"],
            row["banned_at"] is not None,
        )
        after = _state_after(before, action)
        if after == before and action.type is not ActionType.WARN:
            raise Conflict("no_effect")
        if before.role == Role.ADMIN.value != after.role and admin_ids == [action.target_id]:
            raise Conflict("last_admin")
        await transaction.row(self._update, user_uuid, *msgspec.structs.astuple(after))
        if after.role is None and before.role is not None:
            await transaction.rows(self._unassign_reports, user_uuid)
        ends_sessions = action.type in {ActionType.BAN, ActionType.SUSPEND}
        sessions = await transaction.rows(
            self._delete_sessions if ends_sessions else self._session_ids, user_uuid
        )
        return UserActionOutcome(
            await self._action_log.record_in(transaction, action),
            action.target_id,
            tuple(str(session["id"]) for session in sessions),
            ends_sessions,
            after.silenced_until,
        )

    async def _check_rank(self, transaction: Transaction, action: NewAction, target_role: str | None) -> None:
        """Raise `Conflict` (`outranked`) unless the actor's role allows the action.

        Roles are changed by admins, also their own. Otherwise an actor acts on others only: moderators on
        users without a role, admins on moderators too.
        """
        if action.actor_id is None:
            return
        role = await self._action_log.role_in(transaction, action.actor_id)
        if action.type in ROLE_ACTIONS:
            is_allowed = role == Role.ADMIN.value
        else:
            is_allowed = outranks(role, target_role) and action.actor_id != action.target_id
        if not is_allowed:
            raise Conflict("outranked")

    async def _repeated(self, action_id: str, action: NewAction) -> UserActionOutcome:
        user = await self.find_user(action.target_id)
        sessions = await self._pool.rows(self._session_ids, to_uuid(action.target_id))
        return UserActionOutcome(
            action_id,
            action.target_id,
            tuple(str(session["id"]) for session in sessions),
            sessions_ended=False,
            silenced_until=None if user is None else user.silenced_until,
        )


def _state_after(state: UserState, action: NewAction) -> UserState:
    end = action.expires_at or NO_END
    match action.type:
        case ActionType.SILENCE:
            return msgspec.structs.replace(state, silenced_until=end)
        case ActionType.UNSILENCE:
            return msgspec.structs.replace(state, silenced_until=None)
        case ActionType.SUSPEND:
            return msgspec.structs.replace(state, suspended_until=end)
        case ActionType.UNSUSPEND:
            return msgspec.structs.replace(state, suspended_until=None)
        case ActionType.BAN | ActionType.UNBAN:
            return msgspec.structs.replace(state, banned=action.type is ActionType.BAN)
        case ActionType.VERIFY | ActionType.UNVERIFY:
            return msgspec.structs.replace(state, verified=action.type is ActionType.VERIFY)
        case ActionType.MAKE_ADMIN | ActionType.MAKE_MODERATOR | ActionType.REMOVE_ROLE:
            return msgspec.structs.replace(state, role=ROLE_ACTIONS[action.type])
        case _:
            return state


def _to_moderated_user(row: asyncpg.Record) -> ModeratedUser:
    return ModeratedUser(to_user(row), row["silenced_until"], row["suspended_until"], row["banned_at"])
