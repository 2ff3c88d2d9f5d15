"""Reports of posts, comments, messages, events and users to the moderators.

A user can report only what they can see; anything else is `<kind>.not_found`. Users can be reported in spite
of a block; so that the response does not reveal who has blocked the caller, a user who does not exist can be
reported too, without effect. The author of the reported content is not notified.
"""

from collections.abc import Awaitable, Callable

import msgspec

from actors.accounts.bodies import raise_if_invalid
from actors.moderation.report_request import ReportRequest, validate_reason
from actors.protocol.errors import ApiError
from actors.protocol.text_validation import is_printable_ascii
from config.accounts import REPORT_TARGET_CHARACTERS
from config.limits import REPORTS_OPEN_MAX
from storage.contracts.idempotency import IdempotencyKey
from storage.contracts.identifiers import is_user_id
from storage.contracts.moderation import TargetKind
from storage.contracts.reports import NewReport, ReportStore, Snapshot
from storage.errors import Conflict

TOO_MANY_OPEN_RETRY_MS = 3600 * 1000
IDEMPOTENCY_CONFLICT = "idempotency_keys"
IsVisible = Callable[[str, TargetKind, str], Awaitable[bool]]
TakeSnapshot = Callable[[TargetKind, str], Awaitable[Snapshot | None]]


class Reports:
    """`is_visible(user_id, kind, id)` returns whether the user can see the target; ids may be malformed.

    `take_snapshot(kind, id)` returns what moderators will see of it, also if it is changed or deleted later.
    """

    def __init__(self, store: ReportStore, is_visible: IsVisible, take_snapshot: TakeSnapshot) -> None:
        self._store = store
        self._is_visible = is_visible
        self._take_snapshot = take_snapshot

    async def create(
        self, reporter_id: str, request: ReportRequest, idempotency_key: IdempotencyKey | None
    ) -> None:
        """Store a report. Each user reports a target once; repeating it has no effect.

        Concurrent calls may exceed the bound on open reports.

        Raises:
            ApiError: request.invalid, idempotency.conflict, `<kind>.not_found`; rate.limited: too many
                reports of the user are open.
        """
        raise_if_invalid(request.field_errors())
        kind, target_id = request.kind, request.id
        report = NewReport(reporter_id, kind, target_id, validate_reason(request.reason))
        # The target may have been hidden since the first report; repeating the report must still succeed.
        is_valid = len(target_id) <= REPORT_TARGET_CHARACTERS and is_printable_ascii(target_id)
        if not is_valid or not await self._store.exists(reporter_id, kind, target_id):
            # First, so that it does not depend on what the reporter can see.
            await self._require_few_open(reporter_id)
            snapshot = await self._take_visible_snapshot(report) if is_valid else None
            if snapshot is None:
                if kind is TargetKind.USER and is_user_id(target_id):
                    return
                raise ApiError(f"{kind.value}.not_found", f"No such {kind.value}.")
            report = msgspec.structs.replace(report, snapshot=snapshot)
        try:
            await self._store.create(report, idempotency_key)
        except Conflict as conflict:
            if conflict.constraint != IDEMPOTENCY_CONFLICT:
                raise
            raise ApiError(
                "idempotency.conflict", "The `Idempotency-Key` was used for another report."
            ) from None

    async def _require_few_open(self, reporter_id: str) -> None:
        if await self._store.count_open_of(reporter_id, REPORTS_OPEN_MAX) >= REPORTS_OPEN_MAX:
            raise ApiError(
                "rate.limited",
                "Too many of your reports are not resolved yet.",
                retry_after_ms=TOO_MANY_OPEN_RETRY_MS,
            )

    async def _take_visible_snapshot(self, report: NewReport) -> Snapshot | None:
        """Return None if the reporter cannot see the target, or it was deleted meanwhile."""
        if not await self._is_visible(report.reporter_id, report.kind, report.target_id):
            return None
        return await self._take_snapshot(report.kind, report.target_id)
