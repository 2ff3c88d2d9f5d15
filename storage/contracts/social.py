"""The Social service's stores: follows, blocks and audiences. All methods raise `Unavailable`."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol

import msgspec

from storage.contracts.domain_events import CursorUpdate
from storage.contracts.paging import PageKey
from storage.contracts.user_cache import UserCardRecord


class FollowRecord(msgspec.Struct, frozen=True):
    """A row of a follower or following list, ordered by (created_at, id)."""

    id: str
    created_at: datetime
    user: UserCardRecord


class BlockRecord(msgspec.Struct, frozen=True):
    """A row of a list of blocked users, ordered by (created_at, user id)."""

    user: UserCardRecord
    created_at: datetime


class SocialStats(msgspec.Struct, frozen=True):
    followers_count: int = 0
    following_count: int = 0
    posts_count: int = 0


class RelationRecord(msgspec.Struct, frozen=True):
    """The relation of a user to another, and the other's counts. `blocking`: the user blocks the other."""

    following: bool
    requested: bool
    followed_by: bool
    muted: bool
    blocking: bool
    blocked_by: bool
    stats: SocialStats


class PostsCount(msgspec.Struct, frozen=True):
    """A user's post count, as of the domain event `source_event_id`."""

    user_id: str
    posts_count: int
    source_event_id: int


class Followees(msgspec.Struct, frozen=True):
    """Followed users. Posts of `fanned_out` ones are pushed to timelines, others are merged when read."""

    fanned_out: list[str]
    broadcast: list[str]


class FanOutState(msgspec.Struct, frozen=True):
    """How the posts of an author reach followers: fanned out, or merged at read time if `broadcast`.

    `broadcast_settled`: every timeline built before `set_broadcast` was invalidated.
    """

    followers_count: int
    broadcast: bool
    broadcast_settled: bool = False


class SocialStore(Protocol):
    """Follows and blocks. Two users never have both a follow and a block, under any concurrency."""

    async def follow(self, follower_id: str, following_id: str) -> bool:
        """Follow a user, or request to follow a private account. Returns whether there is a new follow.

        Raises:
            Conflict: `follows_max`: the follower follows `FOLLOWS_MAX` others, raised before any other;
                `follows_blocked`: there is a block between the two; `follows_not_self`;
                `follow_requests_max`: too many requests of the follower, or to the account, are pending;
                `users_deleted`: one of the two was deleted. Concurrent calls may exceed the limits.
        """

    async def unfollow(self, follower_id: str, following_id: str) -> bool:
        """End a follow or withdraw the request for it. Returns whether there was one."""

    async def block(self, blocker_id: str, blocked_id: str) -> bool:
        """Block a user; delete follows and requests in both directions. Returns whether the block is new.

        Raises:
            Conflict: `blocks_not_self`, `users_deleted`.
        """

    async def count_blocks_of_others(self, blocker_id: str, blocked_id: str, at_most: int) -> int:
        """Count the users that a user blocks, without `blocked_id`, up to `at_most`."""

    async def unblock(self, blocker_id: str, blocked_id: str) -> bool: ...

    async def recent_blocks(self, within_s: float, limit: int) -> list[tuple[str, str]]:
        """Return (blocker, blocked) of up to `limit` blocks of the last seconds, the newest first."""

    async def blocks(self, user_ids: Sequence[str]) -> Mapping[str, Sequence[str]]:
        """Return by user the ids that block them or are blocked by them; absent if none. One round trip."""

    async def page_blocks(self, after: tuple[str, str] | None, limit: int) -> list[tuple[str, str]]:
        """Return (blocker id, blocked id) of all blocks greater than `after`, in order."""

    async def follows_among(self, pairs: Sequence[tuple[str, str]]) -> set[tuple[str, str]]:
        """Return those of the (follower id, following id) pairs that exist. One round trip."""

    async def followers(
        self, user_id: str, before: PageKey | None, excluded_user_ids: Sequence[str], limit: int
    ) -> list[FollowRecord]:
        """Return the followers of a user, the latest first."""

    async def following(
        self, user_id: str, before: PageKey | None, excluded_user_ids: Sequence[str], limit: int
    ) -> list[FollowRecord]:
        """Return the users that a user follows, the latest first."""

    async def blocked_users(self, user_id: str, before: PageKey | None, limit: int) -> list[BlockRecord]:
        """Return the users that a user blocks, the latest first."""

    async def relations(self, user_id: str, others: Sequence[str]) -> Mapping[str, RelationRecord]:
        """Return how a user relates to each of `others`, also to those who do not exist. One round trip."""

    async def stats(self, user_id: str) -> SocialStats: ...

    async def followed_among(self, user_id: str, others: Sequence[str]) -> set[str]:
        """Return those of `others` that the user follows."""

    async def feed_authors_among(self, user_id: str, others: Sequence[str]) -> set[str]:
        """Return those of `others` that the user follows and whose posts the user does not mute."""

    async def followers_among(self, user_id: str, others: Sequence[str]) -> set[str]:
        """Return those of `others` that follow the user."""

    async def connected_among(self, user_id: str, others: Sequence[str]) -> set[str]:
        """Return those of `others` that the user follows or is followed by."""

    async def remove_user(self, user_id: str) -> None:
        """Delete all rows of a deleted user. Idempotent.

        Once the user cache has the user as deleted, none of these rows can be added again.
        """


class AudienceStore(Protocol):
    """Who gets the posts of an author and how, and post counts; for feeds."""

    async def followees(self, user_id: str) -> Followees: ...

    async def feed_authors(self, user_id: str) -> list[str]:
        """Return the followed users whose posts the user does not mute."""

    async def excluded_authors(self, user_id: str) -> list[str]:
        """Return the users with a block between them and the user, and those whose posts the user mutes."""

    async def followers_after(self, user_id: str, after: str, limit: int) -> list[str]:
        """Return follower ids greater than `after`, in order."""

    async def fan_out_states(self, user_ids: Sequence[str]) -> Mapping[str, FanOutState]:
        """Return how the posts of each author reach followers; absent if nothing was ever counted."""

    async def set_broadcast(self, user_id: str) -> None:
        """Merge the user's posts at read time from now on, instead of fanning them out. Permanent."""

    async def mark_broadcast_settled(self, user_id: str) -> None:
        """Record that every timeline built before `set_broadcast` was invalidated."""

    async def set_posts_counts(
        self, counts: Sequence[PostsCount], cursor_update: CursorUpdate | None
    ) -> None:
        """Store post counts, unless a later one is stored, and advance the cursor, in one transaction.

        Raises:
            Conflict: `cursor`: another reader has moved it; nothing was stored.
        """

    async def reset_posts_count_versions(self) -> None:
        """Accept any event id as newer, because the Post service's event ids started over."""
