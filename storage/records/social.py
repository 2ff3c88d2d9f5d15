"""Follows, blocks and counts."""

from datetime import datetime

import msgspec

from storage.records.user_cache import UserCardRecord


class FollowRecord(msgspec.Struct, frozen=True):
    """A line of a list of followers or followed; ordered by (created_at, id)."""

    id: str
    created_at: datetime
    user: UserCardRecord


class SocialStats(msgspec.Struct, frozen=True):
    followers_count: int = 0
    following_count: int = 0
    posts_count: int = 0


class PostsCount(msgspec.Struct, frozen=True):
    """How many posts a user has, as the event numbered `told` says."""

    user_id: str
    posts_count: int
    source_event_id: int


class Followees(msgspec.Struct, frozen=True):
    """Whom somebody follows: those whose posts are handed out, and those whose posts are read."""

    fanned_out: list[str]
    broadcast: list[str]


class Audience(msgspec.Struct, frozen=True):
    """`settled`: no timeline is left that does not know of the broadcast."""

    followers_count: int
    broadcast: bool
    broadcast_settled: bool = False
