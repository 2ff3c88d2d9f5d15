"""Appeals against actions of moderators, in the User service's store."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

import msgspec

from storage.contracts.idempotency import IdempotencyKey
from storage.contracts.moderation import ActionRecord
from storage.contracts.paging import PageKey
from storage.contracts.users import UserRecord


class AppealRecord(msgspec.Struct, frozen=True):
    """An appeal. It is open until it has an `answer`.

    Only `AppealStore.get` and `page` set `action` and `user`, who made the appeal.
    """

    id: str
    action_id: str
    content: str
    created_at: datetime
    answered_at: datetime | None
    accepted: bool | None
    answer: str | None
    action: ActionRecord | None = None
    user: UserRecord | None = None


class AppealBacklog(msgspec.Struct, frozen=True):
    """Unanswered appeals, counted up to `BACKLOG_COUNTED_MAX`, and the age of the oldest."""

    open: int = 0
    oldest_s: float = 0.0


class AppealStore(Protocol):
    """All methods raise `Unavailable`."""

    async def create(
        self, user_id: str, action_id: str, content: str, idempotency_key: IdempotencyKey | None = None
    ) -> AppealRecord:
        """Store the appeal of a user against an action on them. A repeated key returns the first one.

        Raises:
            Missing: there is no such action on the user or the user's items.
            Conflict: `appeals_action_key`: the action has an appeal; `idempotency_keys`: the key was used
                for another request.
        """

    async def find_suspension(self, user_id: str) -> str | None:
        """Return the id of the latest suspension or ban of a user, also of one that has ended."""

    async def find_by_actions(self, action_ids: Sequence[str]) -> dict[str, AppealRecord]:
        """Return appeals by the id of their action."""

    async def get(self, appeal_id: str) -> AppealRecord | None: ...

    async def page(self, after: PageKey | None, limit: int, *, open_only: bool) -> list[AppealRecord]:
        """Return appeals, oldest first."""

    async def answer(self, appeal_id: str, answer: str, answered_by: str, *, accepted: bool) -> bool:
        """Answer an open appeal, and record it in the audit log.

        Returns False if there is no such appeal, it was answered, or it is by `answered_by`.
        """

    async def backlog(self) -> AppealBacklog: ...
