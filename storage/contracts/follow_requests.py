"""The store of private accounts and requests to follow them, in the Social service.

All methods raise `Unavailable`.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

import msgspec

from storage.contracts.domain_events import CursorUpdate
from storage.contracts.paging import PageKey
from storage.contracts.user_cache import UserCardRecord


class FollowRequestRecord(msgspec.Struct, frozen=True):
    """A row of a list of requests, ordered by (created_at, user id)."""

    user: UserCardRecord
    created_at: datetime


class AccountPrivacyChange(msgspec.Struct, frozen=True):
    """Whether an account is private as of `version` of the User service; None if the user was deleted."""

    user_id: str
    private: bool | None
    version: int


class FollowRequestStore(Protocol):
    """Requests to follow private accounts. `SocialStore.follow` makes them.

    A user never follows another and asks to follow them as well, and there is no request between two users
    with a block, under any concurrency.
    """

    async def page(self, user_id: str, before: PageKey | None, limit: int) -> list[FollowRequestRecord]:
        """Return the requests to follow a user, the latest first."""

    async def accept(self, user_id: str, requester_id: str) -> bool:
        """Turn a request into a follow. Returns whether there is a new follow.

        The request of or to a deleted user is deleted.
        """

    async def accept_all(self, user_id: str) -> None:
        """Turn all requests to follow a user into follows. Idempotent; a crash leaves some of them."""

    async def decline(self, user_id: str, requester_id: str) -> bool:
        """Delete a request. Returns whether there was one."""

    async def requests_among(self, pairs: Sequence[tuple[str, str]]) -> set[tuple[str, str]]:
        """Return those of the (requester id, requested id) pairs that exist. One round trip."""

    async def set_private(
        self, changes: Sequence[AccountPrivacyChange], cursor_update: CursorUpdate | None
    ) -> None:
        """Store which accounts are private, unless a newer version is stored, and advance the cursor.

        Deleted users are deleted, whatever the version. One transaction.

        Raises:
            Conflict: `cursor`: another reader has moved it; nothing was stored.
        """

    async def public_with_requests(self, user_ids: Sequence[str]) -> list[str]:
        """Return those of the users who have requests although their accounts are public."""
