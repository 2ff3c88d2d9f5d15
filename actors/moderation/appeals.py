"""Appeals of users against actions of moderators, and their answers.

Accepting an appeal changes nothing by itself: a moderator restores the content, or lifts the restriction. A
user who is suspended or banned appeals with login and password.
"""

from actors.accounts.bodies import raise_if_invalid
from actors.accounts.credential_checks import CredentialChecks
from actors.moderation.bodies import (
    AccountAppealRequest,
    AppealAnswerRequest,
    AppealRequest,
    validate_appeal,
    validate_appeal_answer,
)
from actors.moderation.serializers import to_appeal, to_appeal_review, to_own_action
from actors.pagination import KeysetPage, paginate
from actors.protocol.errors import ApiError
from actors.protocol.moderation_objects import Appeal, AppealReview, OwnModerationAction
from storage.contracts.appeals import AppealStore
from storage.contracts.idempotency import IdempotencyKey
from storage.contracts.moderation import ActionLog
from storage.contracts.paging import PageKey
from storage.errors import Conflict, Missing

CONFLICT_ERRORS = {
    "appeals_action_key": ("appeal.exists", "You have appealed against this action before."),
    "idempotency_keys": ("idempotency.conflict", "The `Idempotency-Key` was used for another appeal."),
}


class Appeals:
    """Methods raise `ApiError`, and `Unavailable` from the stores."""

    def __init__(
        self, store: AppealStore, action_log: ActionLog, credential_checks: CredentialChecks
    ) -> None:
        self._store = store
        self._action_log = action_log
        self._credential_checks = credential_checks

    async def page_own_actions(
        self, user_id: str, before: PageKey | None, limit: int
    ) -> KeysetPage[OwnModerationAction]:
        """List what moderators did to a user, newest first, with the appeals."""
        records = await self._action_log.page_appealable(user_id, before, limit + 1)
        page, key = paginate(records, limit, lambda record: (record.created_at, record.id))
        appeals = await self._store.find_by_actions([record.id for record in page])
        return KeysetPage([to_own_action(record, appeals.get(record.id)) for record in page], key)

    async def create(
        self, user_id: str, request: AppealRequest, idempotency_key: IdempotencyKey | None
    ) -> Appeal:
        raise_if_invalid(request.field_errors())
        return await self._create(user_id, request.action_id, request.content, idempotency_key)

    async def create_for_account(self, request: AccountAppealRequest, network: str) -> Appeal:
        """Appeal against the suspension or ban of the account that login and password belong to."""
        raise_if_invalid(request.field_errors())
        user = await self._credential_checks.check_suspended_login(request.login, request.password, network)
        action_id = await self._store.find_suspension(user.id)
        if action_id is None:
            # Banned by an earlier version, which did not record it.
            raise _action_not_found()
        return await self._create(user.id, action_id, request.content, None)

    async def page(self, after: PageKey | None, limit: int, *, open_only: bool) -> KeysetPage[AppealReview]:
        """List appeals for moderators, oldest first."""
        records = await self._store.page(after, limit + 1, open_only=open_only)
        page, key = paginate(records, limit, lambda record: (record.created_at, record.id))
        return KeysetPage([to_appeal_review(record) for record in page], key)

    async def answer(self, moderator_id: str, appeal_id: str, request: AppealAnswerRequest) -> None:
        """Answer an open appeal of another user, who is notified."""
        raise_if_invalid(request.field_errors())
        answer = validate_appeal_answer(request.answer)
        if not await self._store.answer(appeal_id, answer, moderator_id, accepted=request.accepted):
            raise ApiError("appeal.not_found", "No such open appeal.")

    async def _create(
        self, user_id: str, action_id: str, content: str, idempotency_key: IdempotencyKey | None
    ) -> Appeal:
        try:
            record = await self._store.create(user_id, action_id, validate_appeal(content), idempotency_key)
        except Missing:
            raise _action_not_found() from None
        except Conflict as conflict:
            if conflict.constraint not in CONFLICT_ERRORS:
                raise
            raise ApiError(*CONFLICT_ERRORS[conflict.constraint]) from None
        return to_appeal(record)


def _action_not_found() -> ApiError:
    return ApiError("action.not_found", "No such action.")
