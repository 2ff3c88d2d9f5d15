"""Reports to the moderators, in the User service's store."""

from datetime import datetime
from enum import StrEnum
from typing import Protocol

import msgspec

from storage.contracts.idempotency import IdempotencyKey
from storage.contracts.moderation import TargetKind
from storage.contracts.paging import PageKey
from storage.contracts.users import UserRecord


class ReportState(StrEnum):
    OPEN = "open"
    RESOLVED = "resolved"


class SnapshotEntry(msgspec.Struct, frozen=True):
    """A text beside the reported one: a message around it, or the post of a comment."""

    id: str
    author_id: str
    author_name: str
    content: str
    created_at: str


class Snapshot(msgspec.Struct, frozen=True):
    """What was reported, as it was then. `author_name` is a username.

    `container_id` is the conversation of a message, or the post of a comment. `context` is in order of time.
    Texts of the context are shortened.
    """

    author_id: str
    author_name: str
    content: str
    created_at: str
    container_id: str | None = None
    context: tuple[SnapshotEntry, ...] = ()


class NewReport(msgspec.Struct, frozen=True):
    reporter_id: str
    kind: TargetKind
    target_id: str
    reason: str
    snapshot: Snapshot | None = None


class ReportRecord(msgspec.Struct, frozen=True):
    """`reporter` is None once the account is deleted; `resolved_by` also for the command line.

    `kind` is a `TargetKind`, or the name of one that only later versions know. `assigned_to` is the moderator
    who works on it.
    """

    id: str
    reporter: UserRecord | None
    kind: str
    target_id: str
    reason: str
    created_at: datetime
    snapshot: Snapshot | None
    resolved_at: datetime | None
    resolved_by: UserRecord | None
    resolution: str | None
    assigned_to: UserRecord | None = None

    @property
    def reporter_id(self) -> str | None:
        return None if self.reporter is None else self.reporter.id


class ReportFilter(msgspec.Struct, frozen=True):
    """Which reports to list: those in a state, assigned to a moderator, or both; None omits a condition.

    With `is_unassigned` the open reports that are assigned to no one; the other conditions are ignored.
    """

    state: ReportState | None = None
    assigned_to: str | None = None
    is_unassigned: bool = False


class ReportBacklog(msgspec.Struct, frozen=True):
    """Open reports, those of them assigned to no one, and the age of the oldest.

    Of the `BACKLOG_COUNTED_MAX` oldest open ones.
    """

    open: int = 0
    unassigned: int = 0
    oldest_s: float = 0.0


class ReportStore(Protocol):
    """Reports. Every change is one transaction; all methods raise `Unavailable`."""

    async def create(self, report: NewReport, idempotency_key: IdempotencyKey | None) -> None:
        """Store a report. Durable on return.

        Idempotent: a second report by the same user of the same target changes nothing.

        Raises:
            Conflict: `idempotency_keys`: the key was used for another request; nothing was stored.
        """

    async def exists(self, reporter_id: str, kind: TargetKind, target_id: str) -> bool:
        """Return whether the user has reported the target before."""

    async def count_open_of(self, reporter_id: str, at_most: int) -> int:
        """Count the unresolved reports of a user, up to `at_most`."""

    async def get(self, report_id: str) -> ReportRecord | None: ...

    async def page(self, wanted: ReportFilter, after: PageKey | None, limit: int) -> list[ReportRecord]:
        """Return reports, oldest first."""

    async def assign(self, report_id: str, assignee_id: str | None, actor_id: str) -> bool:
        """Assign an open report to a moderator, or to no one, and record it in the audit log. Idempotent.

        Returns False if it does not exist or is resolved.

        Raises:
            Missing: there is no such user.
            Conflict: `not_moderator`: the user has no role.
        """

    async def backlog(self) -> ReportBacklog: ...

    async def resolve(self, report_id: str, resolution: str, resolved_by: str | None) -> bool:
        """Resolve an open report, and record it in the audit log.

        `resolved_by` is None for the command line. Returns False if it does not exist or is resolved.
        """
