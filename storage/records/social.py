"""Records of the Social service: follows, counts and audiences."""

from datetime import datetime

import msgspec

from storage.records.user_cache import UserCardRecord


class FollowRecord(msgspec.Struct, frozen=True):
    """A row of a follower or following list, ordered by (created_at, id)."""

    id: str
    created_at: datetime
    user: UserCardRecord


class SocialStats(msgspec.Struct, frozen=True):
    followers_count: int = 0
    following_count: int = 0
    posts_count: int = 0


class PostsCount(msgspec.Struct, frozen=True):
    """A user's post count, as of the domain event `source_event_id`."""

    user_id: str
    posts_count: int
    source_event_id: int


class Followees(msgspec.Struct, frozen=True):
    """Followed users: `fanned_out` authors are pushed to timelines, `broadcast` authors merged at read."""

    fanned_out: list[str]
    broadcast: list[str]


class Audience(msgspec.Struct, frozen=True):
    """`broadcast_settled`: every timeline built before the author became a broadcaster was invalidated."""

    followers_count: int
    broadcast: bool
    broadcast_settled: bool = False
