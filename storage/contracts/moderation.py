"""The User service's store of what moderators are told, and of what they do to people."""

from datetime import datetime
from typing import Protocol

from storage.records.idempotency_key import IdempotencyKey
from storage.records.moderation import NewReport, ReportKind, ReportRecord


class ReportStore(Protocol):
    """Reports. Every method is one transaction; all raise `Unavailable`."""

    async def create(self, report: NewReport, idempotency_key: IdempotencyKey | None) -> None:
        """Store a report, durably on return. Idempotent: the same person and target again change nothing.

        Raises:
            Conflict: `idempotency_keys`: the key was used for something else; nothing was stored.
        """

    async def exists(self, reporter_id: str, kind: ReportKind, target_id: str) -> bool:
        """Whether that person has reported that before."""

    async def page_open(self, after: tuple[datetime, str] | None, limit: int) -> list[ReportRecord]:
        """Those that nobody has resolved, the oldest first, behind that (created_at, id)."""

    async def resolve(self, report_id: str, resolution: str) -> bool:
        """Close an open report; False where there is none, or none any more."""


class ModerationStore(Protocol):
    """What moderators do to people, who are named without regard to case. All raise `Unavailable`."""

    async def set_verified(self, username: str, *, verified: bool) -> None:
        """Give or take the badge. May be repeated. Raises `Missing`."""

    async def ban(self, username: str) -> list[str]:
        """Keep somebody out and end all sessions, whose ids it answers; one transaction. May be repeated.

        From its return on, that user has no credentials, no session and no token of a mail that works,
        until `unban`: what was under way at the same time is either ended or refused.

        Raises:
            Missing: nobody has that name.
        """

    async def unban(self, username: str) -> None:
        """Let somebody in again; the old sessions stay ended. May be repeated. Raises `Missing`."""
