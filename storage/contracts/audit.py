"""Consistency checks for operators. Read-only; most scan whole tables. All methods raise `Unavailable`."""

from collections.abc import Sequence
from typing import Protocol

import msgspec

from storage.contracts.moderation import TargetKind
from storage.contracts.social import PostsCount


class CountAudit(Protocol):
    """Checks the stored counts of one service."""

    async def count_mismatches(self) -> int:
        """Return how many rows hold a count that differs from the rows it counts.

        Of events also those with a user who goes and waits; of notifications, those delivered in a state
        with a higher count.
        """


class PostsAudit(CountAudit, Protocol):
    async def posts_counts(self, author_ids: Sequence[str]) -> dict[str, int]:
        """Return the stored number of posts by author id, without hidden ones.

        Authors that never posted are absent.
        """


class SocialAudit(CountAudit, Protocol):
    async def page_posts_counts(self, after: str, limit: int) -> list[PostsCount]:
        """Return the post counts that Social holds, for user ids greater than `after`, in id order.

        Without their `source_event_id`, which is 0.
        """


class LogAudit(Protocol):
    async def document_seqs(self, after: str, limit: int) -> list[tuple[str, int]]:
        """Return (conversation id, `last_seq` of its document) for ids greater than `after`, in id order."""


class ContentAction(msgspec.Struct, frozen=True):
    """The state in which moderators left an item, by the audit log."""

    kind: TargetKind
    target_id: str
    hidden: bool


class ModerationAudit(Protocol):
    async def count_misassigned_reports(self) -> int:
        """Return how many open reports are assigned to users without a role."""

    async def is_log_append_only(self) -> bool:
        """Return whether the database refuses changes of the audit log."""

    async def list_content_actions(self, limit: int) -> list[ContentAction]:
        """Return the latest hiding or restoring of each item, of the newest `limit` of all items.

        Without items of a kind that only later versions know.
        """
