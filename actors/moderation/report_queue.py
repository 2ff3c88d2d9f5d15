"""The reports, as moderators work on them. The caller checks the role."""

from actors.moderation.bodies import validate_resolution
from actors.moderation.moderated_items import ModeratedItems
from actors.moderation.serializers import to_report
from actors.pagination import KeysetPage, paginate
from actors.protocol.errors import ApiError
from actors.protocol.moderation_objects import Report
from storage.contracts.paging import PageKey
from storage.contracts.reports import ReportState, ReportStore


class ReportQueue:
    """Methods raise `ApiError`, and `Unavailable` from the stores."""

    def __init__(self, reports: ReportStore, contents: ModeratedItems) -> None:
        self._reports = reports
        self._contents = contents

    async def page(self, state: ReportState | None, after: PageKey | None, limit: int) -> KeysetPage[Report]:
        """List reports in a state, or all, oldest first."""
        records = await self._reports.page(state, after, limit + 1)
        page, key = paginate(records, limit, lambda record: (record.created_at, record.id))
        return KeysetPage([to_report(record) for record in page], key)

    async def get(self, report_id: str) -> Report:
        record = await self._reports.get(report_id)
        if record is None:
            raise report_not_found()
        content = await self._contents.find(record.kind, record.target_id)
        return to_report(record, is_hidden=None if content is None else content.is_hidden)

    async def resolve(self, report_id: str, resolution: str, moderator_id: str | None) -> None:
        """Close a report with a note about the outcome. `moderator_id` is None for the command line."""
        if not await self._reports.resolve(report_id, validate_resolution(resolution), moderator_id):
            raise ApiError("report.not_found", "No such open report.")


def report_not_found() -> ApiError:
    return ApiError("report.not_found", "No such report.")
