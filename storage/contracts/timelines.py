"""Cached timelines: keys of the newest posts by followed users. All methods raise `Unavailable`.

A timeline may be lost at any time and is then rebuilt from the other stores. It may contain posts that the
user may not see; readers filter.
"""

from collections.abc import Sequence
from typing import Protocol

import msgspec

from storage.contracts.posts import PostKey


class TimelinePage(msgspec.Struct, frozen=True):
    """`keys` are newest first; posts of `broadcast` authors are not included and must be merged.

    `truncated`: posts older than the last key may exist.
    """

    keys: list[PostKey]
    broadcast: list[str]
    truncated: bool


class Timelines(Protocol):
    """One timeline per user. Posts pushed between `begin_rebuild` and `finish_rebuild` are kept."""

    async def read(self, user_id: str, before: PostKey | None, limit: int) -> TimelinePage | None:
        """Return the newest keys before `before`, or None if the timeline must be rebuilt. One round trip."""

    async def begin_rebuild(self, user_id: str) -> str:
        """Start a rebuild and return a token for `finish_rebuild`. Pushes are collected from now on."""

    async def finish_rebuild(
        self, user_id: str, token: str, keys: Sequence[PostKey], broadcast: Sequence[str], *, truncated: bool
    ) -> bool:
        """Store the keys read since `begin_rebuild`; `truncated` if older posts exist.

        Returns:
            False, without effect, if the timeline was invalidated or another rebuild was started since:
            the keys may be outdated.
        """

    async def push(self, key: PostKey, user_ids: Sequence[str]) -> None:
        """Add a post to those of the timelines that are cached or being rebuilt. Idempotent."""

    async def invalidate(self, user_ids: Sequence[str]) -> None:
        """Drop timelines; the next read rebuilds them."""
