"""Records of the Post service: posts, comments and likes."""

from datetime import datetime

import msgspec

from storage.records.user_cache import UserCardRecord


class PostRecord(msgspec.Struct, frozen=True):
    id: str
    author: UserCardRecord
    content: str
    event_id: str | None
    like_count: int
    comment_count: int
    liked_by_me: bool
    created_at: datetime


class CommentRecord(msgspec.Struct, frozen=True):
    id: str
    post_id: str
    author: UserCardRecord
    content: str
    created_at: datetime
    post_author_id: str | None = None


class LikeRecord(msgspec.Struct, frozen=True):
    id: str
    created_at: datetime
    user: UserCardRecord


class PostKey(msgspec.Struct, frozen=True, gc=False):
    """A post in a timeline, ordered by (created_us, id). `created_us` is microseconds since the epoch."""

    created_us: int
    id: str
    author_id: str
