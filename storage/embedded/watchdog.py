"""Supervises the stores while no other process does.

Takes over within `WATCH_INTERVAL_S` after the supervising process ends.
"""

import asyncio
import contextlib
from collections.abc import Callable, Sequence

from storage.embedded.folder_locks import FolderLocks
from storage.embedded.store_supervisor import WATCH_INTERVAL_S, StoreSupervisor


class Watchdog:
    def __init__(
        self, supervisors: Sequence[StoreSupervisor], locks: FolderLocks, report: Callable[[str, str], None]
    ) -> None:
        self._supervisors = supervisors
        self._locks = locks
        self._report = report
        self._task: asyncio.Task[None] | None = None
        self._stopping = False
        self.active = False

    def start(self) -> None:
        self.active = self._locks.try_supervise()
        self._task = asyncio.create_task(self._run(), name="embedded stores")

    async def stop(self) -> None:
        """Stop supervising. A start in progress is cancelled; the next user finds its process."""
        self._stopping = True
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
            self._task = None
        self.active = False
        self._locks.stop_supervising()

    async def _run(self) -> None:
        # An error raised during cancellation can replace it, so the flag ends the loop.
        while not self._stopping:
            try:
                while not self._locks.try_supervise():  # noqa: ASYNC110 - a file lock has no event
                    await asyncio.sleep(WATCH_INTERVAL_S)
                self.active = True
                async with asyncio.TaskGroup() as group:
                    for supervisor in self._supervisors:
                        group.create_task(supervisor.watch())
            except Exception as error:  # noqa: BLE001 - supervision must continue after any error
                self._report("supervisor", f"supervision failed and restarts: {error!r}")
                await asyncio.sleep(WATCH_INTERVAL_S)
