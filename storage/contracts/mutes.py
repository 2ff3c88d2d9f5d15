"""The store of mutes, in the Social service. All methods raise `Unavailable`."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

import msgspec

from storage.contracts.paging import PageKey
from storage.contracts.user_cache import UserCardRecord


class MuteScope(msgspec.Struct, frozen=True):
    """What a mute hides, and until when; without `expires_at` until it is deleted."""

    posts: bool = True
    notifications: bool = True
    expires_at: datetime | None = None


class MuteRecord(msgspec.Struct, frozen=True):
    """A row of a list of mutes, ordered by (created_at, user id)."""

    user: UserCardRecord
    scope: MuteScope
    created_at: datetime


class MuteStore(Protocol):
    """Mutes of one user by another. Reads leave out those that have expired."""

    async def mute(self, muter_id: str, muted_id: str, scope: MuteScope) -> None:
        """Mute a user, or replace the scope of the mute. Idempotent.

        Raises:
            Conflict: `mutes_not_self`; `mutes_something`: the scope has neither posts nor notifications;
                `users_deleted`.
        """

    async def count_mutes_of_others(self, muter_id: str, muted_id: str, at_most: int) -> int:
        """Count the users that a user mutes, without `muted_id`, up to `at_most`."""

    async def unmute(self, muter_id: str, muted_id: str) -> bool:
        """Delete a mute. Returns whether there was one, even if it had expired."""

    async def page(
        self, muter_id: str, before: PageKey | None, excluded_user_ids: Sequence[str], limit: int
    ) -> list[MuteRecord]:
        """Return the users that a user mutes, the latest first."""

    async def post_muters_among(self, author_id: str, user_ids: Sequence[str]) -> set[str]:
        """Return those of the users who mute the author's posts. One round trip."""

    async def notification_mutes_among(self, pairs: Sequence[tuple[str, str]]) -> set[tuple[str, str]]:
        """Return those of the (muter, muted) pairs with a mute of notifications. One round trip."""
