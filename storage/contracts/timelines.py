"""The newest posts of whom somebody follows, kept ready to be read. All raise `Unavailable`.

What is kept may be lost at any moment and is then built anew from the stores; it is never the only place
of anything, and may hold more than may be shown.
"""

from collections.abc import Sequence
from typing import Protocol

from storage.records.posts import PostKey
from storage.records.timelines import TimelinePage


class Timelines(Protocol):
    """One timeline a user. Built between `begin` and `finish`; what is pushed meanwhile is not lost."""

    async def read(self, user_id: str, before: PostKey | None, limit: int) -> TimelinePage | None:
        """The newest of it; None when it has to be built. One round trip."""

    async def begin_rebuild(self, user_id: str) -> str:
        """Begin to build one anew; answers a token for `finish`. From now on posts are pushed to it."""

    async def finish_rebuild(
        self, user_id: str, token: str, keys: Sequence[PostKey], broadcast: Sequence[str], *, truncated: bool
    ) -> bool:
        """Put in what was read since `begin`; `cut` when there are older ones.

        False, and nothing happens, when it was dropped or begun again since: what was read may be wrong.
        """

    async def push(self, key: PostKey, user_ids: Sequence[str]) -> None:
        """Put a post on those of the timelines that are kept. Repeatable."""

    async def invalidate(self, user_ids: Sequence[str]) -> None:
        """Have them built anew when they are next read."""
