"""Reports of posts, comments, messages and people, to the moderators.

Only what the reporter may see can be reported; anything else is as if it were not there. Never tells
the one who is reported.
"""

from collections.abc import Awaitable, Callable

from actors.accounts.requests import refuse
from actors.moderation.report_request import ReportRequest, reason_of
from actors.protocol.errors import ApiError
from config.accounts import REPORT_TARGET_CHARACTERS
from storage.contracts.moderation import ReportStore
from storage.errors import Conflict
from storage.records.idempotency_key import IdempotencyKey
from storage.records.moderation import NewReport, ReportKind

ONCE = "idempotency_keys"
Visible = Callable[[str, ReportKind, str], Awaitable[bool]]


class Reports:
    """`visible` says whether a user may see what has that kind and id, whatever its form."""

    def __init__(self, store: ReportStore, visible: Visible) -> None:
        self._store = store
        self._visible = visible

    async def file(self, reporter_id: str, request: ReportRequest, once: IdempotencyKey | None) -> None:
        """Tell the moderators, once for each person and target; again changes nothing."""
        refuse(request.faults())
        kind, target_id = request.kind, request.id
        report = NewReport(reporter_id, kind, target_id, reason_of(request.reason))
        if not await self._reportable(report):
            raise ApiError(f"{kind.value}.not_found", f"No such {kind.value}.")
        try:
            await self._store.create(report, once)
        except Conflict as conflict:
            if conflict.constraint != ONCE:
                raise
            raise ApiError("idempotency.conflict", "The key was used for another report.") from None

    async def _reportable(self, report: NewReport) -> bool:
        target_id = report.target_id
        if len(target_id) > REPORT_TARGET_CHARACTERS or not (target_id.isascii() and target_id.isprintable()):
            return False
        # What was reported may have been hidden since; whoever tells it again hears the same as before.
        return await self._store.exists(report.reporter_id, report.kind, target_id) or await self._visible(
            report.reporter_id, report.kind, target_id
        )
