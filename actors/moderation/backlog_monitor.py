"""Counts what waits for moderators, for metrics."""

from typing import Final

import msgspec

from actors.runtime.periodic_job import PeriodicJob
from storage.contracts.appeals import AppealBacklog, AppealStore
from storage.contracts.reports import ReportBacklog, ReportStore

INTERVAL_S: Final = 30.0


class ModerationBacklog(msgspec.Struct, frozen=True):
    """What waited at the last check. All instances count the same."""

    reports: ReportBacklog = ReportBacklog()
    appeals: AppealBacklog = AppealBacklog()


class BacklogMonitor:
    def __init__(self, reports: ReportStore, appeals: AppealStore) -> None:
        self._reports = reports
        self._appeals = appeals
        self._backlog = ModerationBacklog()
        self._job = PeriodicJob("counting of open reports", self.count, INTERVAL_S)

    def start(self) -> None:
        self._job.start()

    async def close(self) -> None:
        await self._job.close()

    def statistics(self) -> ModerationBacklog:
        return self._backlog

    async def count(self) -> None:
        """Count open reports and appeals. Raises `Unavailable`."""
        self._backlog = ModerationBacklog(await self._reports.backlog(), await self._appeals.backlog())
