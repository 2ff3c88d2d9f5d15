"""Moderation in the User service's store: roles, restrictions of users, and the audit log of all actions."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Protocol

import msgspec

from storage.contracts.idempotency import IdempotencyKey
from storage.contracts.paging import PageKey
from storage.contracts.users import UserRecord


class TargetKind(StrEnum):
    """What moderators act on."""

    POST = "post"
    COMMENT = "comment"
    MESSAGE = "message"
    EVENT = "event"
    USER = "user"


class AdminTarget(StrEnum):
    """What else the audit log names: who may register, reports, and appeals."""

    REGISTRATION = "registration"
    INVITE_CODE = "invite_code"
    USERNAME = "username"
    EMAIL_DOMAIN = "email_domain"
    REPORT = "report"
    APPEAL = "appeal"


class ActionType(StrEnum):
    """What moderators do: to items (`HIDE`, `RESTORE`), users, and from `APPROVE` on to `AdminTarget`s."""

    HIDE = "hide"
    RESTORE = "restore"
    WARN = "warn"
    SILENCE = "silence"
    UNSILENCE = "unsilence"
    SUSPEND = "suspend"
    UNSUSPEND = "unsuspend"
    BAN = "ban"
    UNBAN = "unban"
    VERIFY = "verify"
    UNVERIFY = "unverify"
    MAKE_ADMIN = "make_admin"
    MAKE_MODERATOR = "make_moderator"
    REMOVE_ROLE = "remove_role"
    APPROVE = "approve"
    DECLINE = "decline"
    CREATE_INVITE_CODE = "create_invite"
    DELETE_INVITE_CODE = "delete_invite"
    BLOCK_NAME = "block_name"
    UNBLOCK_NAME = "unblock_name"
    ASSIGN = "assign"
    UNASSIGN = "unassign"
    RESOLVE = "resolve"
    ACCEPT_APPEAL = "accept_appeal"
    DECLINE_APPEAL = "decline_appeal"


def to_target_kind(name: str) -> TargetKind | None:
    """Return the kind; None for one that only later versions know."""
    return TargetKind(name) if name in set(TargetKind) else None


class NewAction(msgspec.Struct, frozen=True):
    """An action to record. `actor_id` is None for the command line, `expires_at` for no end.

    `user_id` is the user acted upon; None if there is none, or if the user is unknown.
    """

    actor_id: str | None
    type: ActionType
    target_kind: TargetKind | AdminTarget
    target_id: str
    user_id: str | None
    reason: str
    expires_at: datetime | None = None
    report_id: str | None = None


class ActionRecord(msgspec.Struct, frozen=True):
    """An action of the audit log. `actor` and `user` are None if there is none or the account was deleted.

    `type` and `target_kind` are names, because later versions record others than those defined here.
    """

    id: str
    actor: UserRecord | None
    type: str
    target_kind: str
    target_id: str
    user_id: str | None
    user: UserRecord | None
    reason: str
    expires_at: datetime | None
    report_id: str | None
    created_at: datetime


class ModeratedUser(msgspec.Struct, frozen=True):
    """A user with role and restrictions. Restrictions whose end has passed are None."""

    user: UserRecord
    silenced_until: datetime | None
    suspended_until: datetime | None
    banned_at: datetime | None


class UserActionOutcome(msgspec.Struct, frozen=True):
    """What an action changed.

    `session_ids` are the user's login sessions: they have ended if `sessions_ended`, else their state must be
    read again. `silenced_until` is the restriction in force after it.
    """

    action_id: str
    user_id: str
    session_ids: tuple[str, ...]
    sessions_ended: bool
    silenced_until: datetime | None


class ModerationStore(Protocol):
    """Actions on users. Each is one transaction with its record in the audit log. All raise `Unavailable`."""

    async def find_user(self, user_id: str) -> ModeratedUser | None: ...

    async def find_user_by_username(self, username: str) -> ModeratedUser | None:
        """Ignores case."""

    async def page_users(self, after: str, limit: int, *, with_role: bool) -> list[ModeratedUser]:
        """Return users with a role, or those with a restriction in force, by id, after that id."""

    async def act_on_user(
        self, action: NewAction, idempotency_key: IdempotencyKey | None = None
    ) -> UserActionOutcome:
        """Do to a user what the action says, and record it.

        From the return of a ban or suspension until its end, the user cannot log in and has no valid session
        or e-mail token; a concurrent login is either ended or refused. The link to the calendar is deleted.
        A repeated key returns the first action.

        Raises:
            Missing: there is no such user.
            Conflict: `no_effect`: the user is in that state already; `last_admin`: a change of the role
                would leave no admin who can log in; `outranked`: the actor's role does not allow it;
                `idempotency_keys`: the key was used for another request.
        """


class ActionLog(Protocol):
    """The audit log, which is append-only. All methods raise `Unavailable`."""

    async def record(self, action: NewAction, idempotency_key: IdempotencyKey | None = None) -> str:
        """Append an action on an item and return its id. A repeated key returns the first one.

        Raises:
            Conflict: `outranked`: the item is the actor's, or the actor's role does not allow it;
                `no_effect`: the item is hidden or visible already, by the log; `idempotency_keys`: the key
                was used for another request.
        """

    async def apply_latest(
        self, kind: TargetKind, target_id: str, apply: Callable[[ActionType], Awaitable[None]]
    ) -> None:
        """Await `apply` with the latest of `HIDE` and `RESTORE` on an item, if there is one.

        Meanwhile no other action on the item can be recorded or applied, on any instance: so the item
        ends in the state of its latest record. What `apply` raises is raised.
        """

    async def get(self, action_id: str) -> ActionRecord | None: ...

    async def find(self, action_ids: Sequence[str]) -> dict[str, ActionRecord]:
        """Return those of the actions that exist, by id."""

    async def latest_on(self, kind: TargetKind, target_id: str) -> ActionRecord | None:
        """Return the latest hiding or restoring of an item."""

    async def page(self, user_id: str | None, before: PageKey | None, limit: int) -> list[ActionRecord]:
        """Return actions, newest first; those that concern one user, or all."""

    async def page_appealable(self, user_id: str, before: PageKey | None, limit: int) -> list[ActionRecord]:
        """Return actions on a user and the user's items, newest first."""
