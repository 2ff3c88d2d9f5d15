"""Reports of posts, comments, messages and people, to the moderators.

Only what the reporter may see can be reported; anything else is as if it were not there. Never tells
the one who is reported.
"""

from collections.abc import Awaitable, Callable

from actors.accounts.requests import raise_if_invalid
from actors.moderation.report_request import ReportRequest, validate_reason
from actors.protocol.errors import ApiError
from config.accounts import REPORT_TARGET_CHARACTERS
from storage.contracts.idempotency import IdempotencyKey
from storage.contracts.moderation import NewReport, ReportKind, ReportStore
from storage.errors import Conflict

IDEMPOTENCY_CONFLICT = "idempotency_keys"
IsVisible = Callable[[str, ReportKind, str], Awaitable[bool]]


class Reports:
    """`visible` says whether a user may see what has that kind and id, whatever its form."""

    def __init__(self, store: ReportStore, is_visible: IsVisible) -> None:
        self._store = store
        self._is_visible = is_visible

    async def create(
        self, reporter_id: str, request: ReportRequest, idempotency_key: IdempotencyKey | None
    ) -> None:
        """Tell the moderators, once for each person and target; again changes nothing."""
        raise_if_invalid(request.field_errors())
        kind, target_id = request.kind, request.id
        report = NewReport(reporter_id, kind, target_id, validate_reason(request.reason))
        if not await self._is_reportable(report):
            raise ApiError(f"{kind.value}.not_found", f"No such {kind.value}.")
        try:
            await self._store.create(report, idempotency_key)
        except Conflict as conflict:
            if conflict.constraint != IDEMPOTENCY_CONFLICT:
                raise
            raise ApiError("idempotency.conflict", "The key was used for another report.") from None

    async def _is_reportable(self, report: NewReport) -> bool:
        target_id = report.target_id
        if len(target_id) > REPORT_TARGET_CHARACTERS or not (target_id.isascii() and target_id.isprintable()):
            return False
        # What was reported may have been hidden since; whoever tells it again hears the same as before.
        return await self._store.exists(report.reporter_id, report.kind, target_id) or await self._is_visible(
            report.reporter_id, report.kind, target_id
        )
