"""What must hold in a store at every moment, looked at from outside. Reads much; for operators.

All raise `Unavailable`. Never mends anything.
"""

from collections.abc import Sequence
from typing import Protocol

from storage.records.social import PostsCount


class CountAudit(Protocol):
    """A service whose counts are kept by triggers."""

    async def count_mismatches(self) -> int:
        """How many rows have counts that are not those of what they count."""


class PostsAudit(CountAudit, Protocol):
    async def posts_counts(self, author_ids: Sequence[str]) -> dict[str, int]:
        """How many posts those people have; absent where none ever."""


class SocialAudit(CountAudit, Protocol):
    async def page_posts_counts(self, after: str, limit: int) -> list[PostsCount]:
        """What Social was told of people's posts, in the order of ids, behind that one."""


class LogAudit(Protocol):
    async def heads(self, after: str, limit: int) -> list[tuple[str, int]]:
        """Conversations and the `last_seq` of their documents, in the order of ids, behind that one."""
