"""What feeds are read from: posts by author and tag, and followed tags. All methods raise `Unavailable`."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

import msgspec

from storage.contracts.paging import PageKey
from storage.contracts.posts import PostKey, PostRecord


class TagFollowRecord(msgspec.Struct, frozen=True):
    """A followed tag. `name` is as the user wrote it."""

    id: str
    name: str
    created_at: datetime


class TagFollowStore(Protocol):
    """Tags that users follow, by the key in which equal tags are equal."""

    async def follow(self, user_id: str, tag_key: str, name: str) -> bool:
        """Follow a tag. Returns whether the user did not follow it yet; else its name stays."""

    async def count_others(self, user_id: str, tag_key: str) -> int:
        """Return how many other tags the user follows."""

    async def unfollow(self, user_id: str, tag_key: str) -> bool: ...

    async def get(self, user_id: str, tag_key: str) -> TagFollowRecord | None: ...

    async def page(self, user_id: str, before: PageKey | None, limit: int) -> Sequence[TagFollowRecord]:
        """Return the tags that a user follows, the latest first."""


class FeedPosts(Protocol):
    """Reads for feeds."""

    async def newest(
        self,
        ids: Sequence[str],
        authors: Sequence[str],
        before: PageKey | None,
        viewer_id: str,
        excluded_user_ids: Sequence[str],
        limit: int,
    ) -> list[PostRecord]:
        """Return the newest of the posts `ids`, posts by `authors`, and public posts with a followed tag.

        Newest first. Of posts with a tag that the viewer follows, without those by excluded users; of all,
        without reposts of posts by excluded users. The caller decides which posts the viewer sees.
        Cost: one index range for each author and tag.
        """

    async def newest_public(
        self, before: PageKey | None, viewer_id: str, excluded_user_ids: Sequence[str], limit: int
    ) -> list[PostRecord]:
        """Return public posts, newest first, without reposts and posts by the excluded users."""

    async def newest_keys(self, authors: Sequence[str], limit: int) -> list[PostKey]:
        """Return keys of the newest posts by any of `authors`, newest first."""
