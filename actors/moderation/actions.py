"""What moderators do to items and users. Every action is in the audit log.

    ActionRequest -> audit log -> content hidden, or user restricted -> all instances, notification

An action on a user is recorded in the transaction that applies it. One on an item, which is a post,
comment, message or event of another service, is recorded first and applied after that, in the order of the
records; a repeated request completes it. The caller checks the role; the transaction checks that the actor
may act on the user.
"""

from collections import Counter
from collections.abc import Callable
from functools import partial

import msgspec

from actors.accounts.bodies import raise_if_invalid
from actors.accounts.fields import normalize_username
from actors.accounts.restrictions import last_admin
from actors.moderation.bodies import ActionRequest, RoleRequest, validate_action_reason
from actors.moderation.moderated_items import ModeratedItems
from actors.moderation.report_queue import report_not_found
from actors.moderation.serializers import to_action, to_moderated_user
from actors.pagination import KeysetPage, paginate
from actors.protocol.errors import ApiError
from actors.protocol.moderation_objects import ModeratedUser, ModerationAction
from storage.contracts.idempotency import IdempotencyKey
from storage.contracts.moderation import (
    ActionLog,
    ActionType,
    ModerationStore,
    NewAction,
    TargetKind,
    UserActionOutcome,
)
from storage.contracts.paging import PageKey
from storage.contracts.reports import ReportStore
from storage.errors import Conflict, Missing

ROLE_ACTIONS = {
    "admin": ActionType.MAKE_ADMIN,
    "moderator": ActionType.MAKE_MODERATOR,
    None: ActionType.REMOVE_ROLE,
}
CONFLICT_ERRORS = {
    "no_effect": ("action.no_effect", "The target is in that state already."),
    "outranked": ("permission.denied", "Your role does not allow this action on this user."),
    "idempotency_keys": ("idempotency.conflict", "The `Idempotency-Key` was used for another action."),
}


class ModerationActions:
    """Methods raise `ApiError`, and `Unavailable` from the stores.

    `on_user_changed` receives what an action on a user changed, and must make it effective on every instance.
    `on_acted` is called after each action, to wake readers of its domain event.
    """

    def __init__(
        self,
        users: ModerationStore,
        action_log: ActionLog,
        contents: ModeratedItems,
        reports: ReportStore,
        on_user_changed: Callable[[UserActionOutcome], None],
        on_acted: Callable[[], None],
    ) -> None:
        self._users = users
        self._action_log = action_log
        self._contents = contents
        self._reports = reports
        self._on_user_changed = on_user_changed
        self._on_acted = on_acted
        self.counts: Counter[str] = Counter()
        """Actions by type, since the start of the instance."""

    async def act(
        self, actor_id: str | None, request: ActionRequest, idempotency_key: IdempotencyKey | None = None
    ) -> ModerationAction:
        """Do what a moderator requests, and return its record. `actor_id` is None for the command line."""
        raise_if_invalid(request.field_errors())
        if request.report_id is not None and await self._reports.get(request.report_id) is None:
            raise report_not_found()
        action = NewAction(
            actor_id,
            ActionType(request.type),
            request.kind,
            request.id,
            request.id if request.kind is TargetKind.USER else None,
            validate_action_reason(request.reason),
            request.end(),
            request.report_id,
        )
        if request.kind is TargetKind.USER:
            return await self._get((await self.act_on_user(action, idempotency_key)).action_id)
        return await self._act_on_content(request.kind, action, idempotency_key)

    async def set_role(self, actor_id: str | None, user_id: str, request: RoleRequest) -> ModeratedUser:
        """Give a user a role, or take it. Repeating it has no effect."""
        raise_if_invalid(request.field_errors())
        reason = validate_action_reason(request.reason)
        action = NewAction(actor_id, ROLE_ACTIONS[request.role], TargetKind.USER, user_id, user_id, reason)
        try:
            await self.act_on_user(action)
        except ApiError as error:
            if error.code != "action.no_effect":
                raise
        return await self.get_user(user_id)

    async def get_user(self, user_id: str) -> ModeratedUser:
        user = await self._users.find_user(user_id)
        if user is None:
            raise _not_found(TargetKind.USER)
        return to_moderated_user(user)

    async def get_user_by_username(self, username: str) -> ModeratedUser:
        """Return a user by name, ignoring case and width, also one who blocks the moderator."""
        normalized = normalize_username(username)
        user = None if normalized is None else await self._users.find_user_by_username(normalized)
        if user is None:
            raise _not_found(TargetKind.USER)
        return to_moderated_user(user)

    async def page_users(
        self, after: str, limit: int, *, with_role: bool
    ) -> tuple[list[ModeratedUser], str | None]:
        """List users with a role or a restriction in force, and the id after which the next page starts."""
        users = await self._users.page_users(after, limit + 1, with_role=with_role)
        page = [to_moderated_user(user) for user in users[:limit]]
        return page, page[-1].id if len(users) > limit else None

    async def page(
        self, user_id: str | None, before: PageKey | None, limit: int
    ) -> KeysetPage[ModerationAction]:
        """List actions on a user, or all, newest first."""
        records = await self._action_log.page(user_id, before, limit + 1)
        page, key = paginate(records, limit, lambda record: (record.created_at, record.id))
        return KeysetPage([to_action(record) for record in page], key)

    async def act_on_user(
        self, action: NewAction, idempotency_key: IdempotencyKey | None = None
    ) -> UserActionOutcome:
        """Do and record an action on a user, and make it effective on every instance."""
        try:
            outcome = await self._users.act_on_user(action, idempotency_key)
        except Missing:
            raise _not_found(TargetKind.USER) from None
        except Conflict as conflict:
            raise _to_api_error(conflict) from None
        self._on_user_changed(outcome)
        self.counts[action.type] += 1
        self._on_acted()
        return outcome

    async def _act_on_content(
        self, kind: TargetKind, action: NewAction, idempotency_key: IdempotencyKey | None
    ) -> ModerationAction:
        content = await self._contents.find(kind, action.target_id)
        if content is None:
            raise _not_found(kind)
        action = msgspec.structs.replace(action, user_id=content.author_id, expires_at=None)
        try:
            action_id = await self._action_log.record(action, idempotency_key)
        except Conflict as conflict:
            is_done = content.is_hidden == (action.type is ActionType.HIDE)
            latest = await self._action_log.latest_on(kind, action.target_id)
            if conflict.constraint != "no_effect" or is_done or latest is None:
                raise _to_api_error(conflict) from None
            # Recorded by a request that did not complete.
            action_id = latest.id
        await self._action_log.apply_latest(
            kind, action.target_id, partial(self._apply, kind, action.target_id)
        )
        return await self._get(action_id)

    async def _apply(self, kind: TargetKind, target_id: str, type_: ActionType) -> None:
        if not await self._contents.set_hidden(kind, target_id, hidden=type_ is ActionType.HIDE):
            raise _not_found(kind)
        self.counts[type_] += 1
        self._on_acted()

    async def _get(self, action_id: str) -> ModerationAction:
        record = await self._action_log.get(action_id)
        assert record is not None
        return to_action(record)


def _not_found(kind: TargetKind) -> ApiError:
    return ApiError(f"{kind.value}.not_found", f"No such {kind.value}.")


def _to_api_error(conflict: Conflict) -> ApiError | Conflict:
    if conflict.constraint == "last_admin":
        return last_admin()
    if conflict.constraint not in CONFLICT_ERRORS:
        return conflict
    return ApiError(*CONFLICT_ERRORS[conflict.constraint])
