"""Moderation in the User service's store: reports, verification and bans."""

from datetime import datetime
from enum import StrEnum
from typing import Protocol

import msgspec

from storage.contracts.idempotency import IdempotencyKey


class ReportKind(StrEnum):
    """What can be reported."""

    POST = "post"
    COMMENT = "comment"
    MESSAGE = "message"
    USER = "user"


class NewReport(msgspec.Struct, frozen=True):
    reporter_id: str
    kind: ReportKind
    target_id: str
    reason: str


class ReportRecord(msgspec.Struct, frozen=True):
    """`reporter_id` is None once the account is deleted."""

    id: str
    reporter_id: str | None
    kind: ReportKind
    target_id: str
    reason: str
    created_at: datetime


class ReportStore(Protocol):
    """Reports. Every method is one transaction; all raise `Unavailable`."""

    async def create(self, report: NewReport, idempotency_key: IdempotencyKey | None) -> None:
        """Store a report. Durable on return.

        Idempotent: a second report by the same user of the same target changes nothing.

        Raises:
            Conflict: `idempotency_keys`: the key was used for another request; nothing was stored.
        """

    async def exists(self, reporter_id: str, kind: ReportKind, target_id: str) -> bool:
        """Return whether the user has reported the target before."""

    async def page_open(self, after: tuple[datetime, str] | None, limit: int) -> list[ReportRecord]:
        """Return unresolved reports after that (created_at, id), oldest first."""

    async def resolve(self, report_id: str, resolution: str) -> bool:
        """Resolve an open report. Returns False if it does not exist or is resolved."""


class ModerationStore(Protocol):
    """Moderation of users. Usernames are case-insensitive. All methods raise `Unavailable`."""

    async def set_verified(self, username: str, *, verified: bool) -> None:
        """Set or clear the verified badge. Idempotent. Raises `Missing`."""

    async def ban(self, username: str) -> list[str]:
        """Ban a user, end all sessions and return their ids. One transaction. Idempotent.

        From its return until `unban`, the user has no valid credentials, session or e-mail token. A
        concurrent login is either ended or refused.

        Raises:
            Missing: no user has that name.
        """

    async def unban(self, username: str) -> None:
        """Lift a ban; ended sessions stay ended. Idempotent. Raises `Missing`."""
