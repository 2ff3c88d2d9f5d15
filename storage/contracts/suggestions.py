"""The store of suggestions of users to follow, in the Social service. All methods raise `Unavailable`."""

from collections.abc import Mapping
from typing import Protocol

import msgspec

from storage.contracts.user_cache import UserCardRecord


class SuggestionRecord(msgspec.Struct, frozen=True):
    """`friend_count`: how many users that the user follows follow this one, among the follows that were read.

    `co_attendee_count`: at how many events both go, as given to `suggest`.
    """

    user: UserCardRecord
    friend_count: int
    co_attendee_count: int
    followers_count: int


class SuggestionStore(Protocol):
    async def suggest(
        self, user_id: str, co_attendees: Mapping[str, int], limit: int
    ) -> list[SuggestionRecord]:
        """Return users to follow, by the sum of both counts, by followers, and by id. One round trip.

        `co_attendees` are further users to consider, with the number of events to which both go. Leaves out
        users that the user follows, has asked to follow, mutes or has dismissed, and those with a block
        between them.
        """

    async def dismiss(self, user_id: str, dismissed_id: str) -> None:
        """Stop suggesting a user. Idempotent.

        Raises:
            Conflict: `suggestion_dismissals_not_self`, `users_deleted`.
        """
