"""The reports, as moderators work on them. The caller checks the role."""

import msgspec

from actors.moderation.bodies import validate_resolution
from actors.moderation.moderated_items import ModeratedItems
from actors.moderation.serializers import to_report
from actors.pagination import KeysetPage, paginate
from actors.protocol.errors import ApiError
from actors.protocol.moderation_objects import Report
from storage.contracts.contents import ContentRecord
from storage.contracts.moderation import TargetKind, to_target_kind
from storage.contracts.paging import PageKey
from storage.contracts.reports import ReportFilter, ReportRecord, ReportStore
from storage.errors import Conflict, Missing


class ReportQueue:
    """Methods raise `ApiError`, and `Unavailable` from the stores."""

    def __init__(self, reports: ReportStore, contents: ModeratedItems) -> None:
        self._reports = reports
        self._contents = contents

    async def page(
        self, moderator_id: str, wanted: ReportFilter, after: PageKey | None, limit: int
    ) -> KeysetPage[Report]:
        """List reports, oldest first. Those about the moderator do not name who made them."""
        records = await self._reports.page(wanted, after, limit + 1)
        page, key = paginate(records, limit, lambda record: (record.created_at, record.id))
        return KeysetPage(
            [to_report(await self._without_reporter_of(record, moderator_id)) for record in page], key
        )

    async def get(self, moderator_id: str, report_id: str) -> Report:
        """Return a report. One about the moderator does not name who made it."""
        record = await self._reports.get(report_id)
        if record is None:
            raise report_not_found()
        content = await self._find_content(record)
        return to_report(
            await self._without_reporter_of(record, moderator_id),
            is_hidden=None if content is None else content.is_hidden,
        )

    async def resolve(self, report_id: str, resolution: str, moderator_id: str | None) -> None:
        """Close a report with a note about the outcome. `moderator_id` is None for the command line.

        A moderator does not close a report of themselves or of their items.
        """
        valid = validate_resolution(resolution)
        if moderator_id is not None:
            await self._require_not_reported(
                report_id, moderator_id, "You cannot resolve a report about you."
            )
        if not await self._reports.resolve(report_id, valid, moderator_id):
            raise _open_report_not_found()

    async def assign(self, actor_id: str, report_id: str, assignee_id: str | None) -> None:
        """Assign an open report to a moderator, or to no one. Not to who was reported."""
        if assignee_id is not None:
            await self._require_not_reported(report_id, assignee_id, "The report is about this user.")
        try:
            is_assigned = await self._reports.assign(report_id, assignee_id, actor_id)
        except Missing:
            raise ApiError("user.not_found", "No such user.") from None
        except Conflict:
            raise ApiError("report.not_moderator", "The user is no moderator and no admin.") from None
        if not is_assigned:
            raise _open_report_not_found()

    async def _require_not_reported(self, report_id: str, moderator_id: str, detail: str) -> None:
        """Raise `permission.denied` if a moderator, or an item of theirs, was reported.

        Who wrote an item does not change, so this need not be a part of the transaction that follows.
        """
        record = await self._reports.get(report_id)
        if record is None:
            raise _open_report_not_found()
        if moderator_id == await self._find_reported_user(record):
            raise ApiError("permission.denied", detail)

    async def _without_reporter_of(self, record: ReportRecord, moderator_id: str) -> ReportRecord:
        """Return a report as a moderator may see it: without its reporter if it is about the moderator."""
        if moderator_id == await self._find_reported_user(record):
            return msgspec.structs.replace(record, reporter=None)
        return record

    async def _find_reported_user(self, record: ReportRecord) -> str | None:
        """Return the id of the user who, or whose item, was reported; None for an item that is gone."""
        if record.kind == TargetKind.USER:
            return record.target_id
        if record.snapshot is not None:
            return record.snapshot.author_id
        content = await self._find_content(record)
        return None if content is None else content.author_id

    async def _find_content(self, record: ReportRecord) -> ContentRecord | None:
        kind = to_target_kind(record.kind)
        return None if kind is None else await self._contents.find(kind, record.target_id)


def _open_report_not_found() -> ApiError:
    return ApiError("report.not_found", "No such open report.")


def report_not_found() -> ApiError:
    return ApiError("report.not_found", "No such report.")
