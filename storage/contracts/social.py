"""The Social service's store: who follows and who blocks whom. All raise `Unavailable`."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from storage.records.domain_events import CursorUpdate
from storage.records.social import Audience, Followees, FollowRecord, PostsCount, SocialStats

PageKey = tuple[int, str]
"""Microseconds since the epoch, and an id."""


class SocialStore(Protocol):
    """Between two people there is never a follow and a block, whatever the concurrency."""

    async def follow(self, follower_id: str, following_id: str) -> bool:
        """Whether that is new. Raises `Conflict`: `follows_blocked`, `follows_not_self`."""

    async def unfollow(self, follower_id: str, following_id: str) -> bool: ...

    async def block(self, blocker_id: str, blocked_id: str) -> bool:
        """Whether that is new; follows both ways have ended. Raises `Conflict`: `blocks_not_self`."""

    async def unblock(self, blocker_id: str, blocked_id: str) -> bool: ...

    async def blocks(self, user_ids: Sequence[str]) -> Mapping[str, Sequence[str]]:
        """With whom each of them has a block, whoever began; absent where with nobody. One round trip."""

    async def followers(
        self, user_id: str, before: PageKey | None, excluded_user_ids: Sequence[str], limit: int
    ) -> list[FollowRecord]: ...

    async def following(
        self, user_id: str, before: PageKey | None, excluded_user_ids: Sequence[str], limit: int
    ) -> list[FollowRecord]: ...

    async def stats(self, user_id: str) -> SocialStats: ...

    async def followed_among(self, user_id: str, others: Sequence[str]) -> set[str]:
        """Whom of the others that user follows."""

    async def connected_among(self, user_id: str, others: Sequence[str]) -> set[str]:
        """Whom of the others that user follows or is followed by."""

    async def remove_user(self, user_id: str) -> None:
        """Drop everything about a deleted user. Repeatable."""


class AudienceStore(Protocol):
    """The same store, as feeds ask it."""

    async def followees(self, user_id: str) -> Followees: ...

    async def followers_after(self, user_id: str, after: str, limit: int) -> list[str]:
        """Ids in order, behind that one."""

    async def audiences(self, user_ids: Sequence[str]) -> Mapping[str, Audience]: ...

    async def set_broadcast(self, user_id: str) -> None:
        """From now on that user's posts are read, not handed out. For good."""

    async def mark_broadcast_settled(self, user_id: str) -> None:
        """Every timeline that did not know it was dropped."""

    async def set_posts_counts(
        self, counts: Sequence[PostsCount], cursor_update: CursorUpdate | None
    ) -> None:
        """Take over how many posts people have, unless told of a later state; moves the cursor with it.

        Raises:
            Conflict: `cursor`: somebody else has moved it; nothing was taken over.
        """

    async def reset_posts_count_versions(self) -> None:
        """The numbers of the Post service's events have begun anew."""
