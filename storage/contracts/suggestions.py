"""The store of suggestions of users to follow, in the Social service. All methods raise `Unavailable`."""

from collections.abc import Mapping
from typing import Protocol

import msgspec

from storage.contracts.user_cache import UserCardRecord


class SuggestionRecord(msgspec.Struct, frozen=True):
    """`friend_count`: how many users that the user follows follow this one."""

    user: UserCardRecord
    friend_count: int
    co_attendee_count: int


class SuggestionStore(Protocol):
    async def suggest(
        self, user_id: str, co_attendees: Mapping[str, int], limit: int
    ) -> list[SuggestionRecord]:
        """Return users to follow, the closest first, then those with most followers. One round trip.

        `co_attendees` are further users to consider, with how often each met the user. Leaves out those that
        the user follows, mutes or has dismissed, and users with a block between them.
        """

    async def dismiss(self, user_id: str, dismissed_id: str) -> None:
        """Stop suggesting a user. Idempotent.

        Raises:
            Conflict: `suggestion_dismissals_not_self`, `users_deleted`.
        """
