"""Reports to the moderators. They refer to the reported object by id only."""

from datetime import datetime
from enum import StrEnum

import msgspec


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
