"""Makes the exports that users have requested, one at a time on each instance.

    pending -> leased by an instance -> archive in chunks -> ready -> notification (and e-mail)

A lease that is not extended, because its instance was killed or has lost the store, passes to another one,
which starts from the beginning. After some attempts the export fails.
"""

import contextlib
import logging
import time
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing

import msgspec

from actors.exports.archive import ArchiveTooLarge, ArchiveWriter
from actors.notifications import notification_templates
from actors.protocol.timestamps import now_ms, rfc3339_from_ms
from actors.runtime.periodic_job import PeriodicJob
from config.exports import (
    EXPORT_ATTEMPTS_MAX,
    EXPORT_LEASE_S,
    EXPORT_LIFETIME_S,
    EXPORT_POLL_S,
    EXPORT_RETRY_S,
)
from storage.contracts.data_exports import (
    DataExportRecord,
    DataExportStore,
    ExportBacklog,
    ExportPart,
    LeaseLost,
)
from storage.contracts.notifications import NotificationStore
from storage.errors import StorageError
from storage.outages import failure_level

_log = logging.getLogger(__name__)
FORMAT_VERSION = 1
NOTIFIED_PER_READ = 100
RENEW_AFTER_S = EXPORT_LEASE_S / 4


class ExporterStatistics(msgspec.Struct, frozen=True):
    """Exports that this instance made or gave up, and the backlog of all instances when it looked last."""

    made: int
    failed: int
    backlog: ExportBacklog


class ExportManifest(msgspec.Struct, frozen=True):
    """The first file of an archive. `files` are in its order."""

    format_version: int
    user_id: str
    created_at: str
    files: list[str]


class DataExporter:
    """`wake_pusher()` lets notifications be pushed now."""

    def __init__(
        self,
        store: DataExportStore,
        parts: Sequence[ExportPart],
        notifications: NotificationStore,
        wake_pusher: Callable[[], None],
    ) -> None:
        self._store = store
        self._parts = parts
        self._notifications = notifications
        self._wake_pusher = wake_pusher
        self._job = PeriodicJob("making of data exports", self._run_or_repeat, EXPORT_POLL_S)
        self._made = 0
        self._failed = 0
        self._backlog = ExportBacklog()

    def start(self) -> None:
        self._job.start()

    async def close(self) -> None:
        """Stop at once. An export that was being made passes to another instance when its lease ends."""
        await self._job.close()

    def wake(self) -> None:
        """Look for pending exports soon."""
        self._job.wake()

    def statistics(self) -> ExporterStatistics:
        return ExporterStatistics(self._made, self._failed, self._backlog)

    async def run(self) -> None:
        """Make pending exports until none is left, and notify their users.

        Raises:
            StorageError: a store failed.
            LeaseLost: an export was deleted or claimed again just after its claim; others may be pending.
        """
        while (claimed := await self._store.claim(EXPORT_LEASE_S)) is not None:
            with contextlib.suppress(LeaseLost):
                await self._make_or_release(claimed)
            await self._notify()
        await self._notify()
        self._backlog = await self._store.backlog()

    async def _make_or_release(self, claimed: DataExportRecord) -> None:
        try:
            if claimed.attempt > EXPORT_ATTEMPTS_MAX:
                await self._fail(claimed, "too many attempts")
            else:
                await self._make(claimed)
        except ArchiveTooLarge:
            await self._fail(claimed, "the archive is too large")
        except LeaseLost:
            raise
        except Exception as error:  # noqa: BLE001 - one export must not stop the others
            expected = isinstance(error, StorageError)
            level = failure_level(error) if expected else logging.ERROR
            _log.log(
                level,
                "a data export will be retried: %s",
                type(error).__name__,
                exc_info=None if expected else error,
            )
            await self._store.release(
                claimed, failed=False, retry_s=EXPORT_RETRY_S, lifetime_s=EXPORT_LIFETIME_S
            )

    async def _make(self, claimed: DataExportRecord) -> None:
        renewed_at = time.monotonic()

        async def store_chunk(number: int, data: bytes) -> None:
            nonlocal renewed_at
            await self._store.add_chunk(claimed, number, data, EXPORT_LEASE_S)
            renewed_at = time.monotonic()

        async def read(part: ExportPart) -> AsyncGenerator[Sequence[bytes]]:
            nonlocal renewed_at
            async with aclosing(part.read(claimed.user_id)) as batches:
                async for batch in batches:
                    if time.monotonic() - renewed_at > RENEW_AFTER_S:
                        await self._store.renew(claimed, EXPORT_LEASE_S)
                        renewed_at = time.monotonic()
                    yield batch

        writer = ArchiveWriter(store_chunk)
        await writer.add_array("about", _manifest(claimed, [part.name for part in self._parts]))
        for part in self._parts:
            await writer.add_array(part.name, read(part))
        await writer.close()
        await self._store.finish(claimed, EXPORT_LIFETIME_S)
        self._made += 1

    async def _fail(self, claimed: DataExportRecord, reason: str) -> None:
        _log.error("a data export failed", extra={"export": claimed.id, "reason": reason})
        await self._store.release(claimed, failed=True, retry_s=EXPORT_RETRY_S, lifetime_s=EXPORT_LIFETIME_S)
        self._failed += 1

    async def _notify(self) -> None:
        """Notify the users of exports that are ready. Idempotent, so instances may do it at the same time."""
        while ready := await self._store.list_unnotified(NOTIFIED_PER_READ):
            await self._notifications.add(
                [notification_templates.export_ready(one.user_id, one.id) for one in ready], None
            )
            await self._store.mark_notified([one.id for one in ready])
            self._wake_pusher()

    async def _run_or_repeat(self) -> None:
        try:
            await self.run()
        except LeaseLost:
            # Its user was deleted just after the claim. Others may wait.
            self._job.wake()


async def _manifest(claimed: DataExportRecord, files: list[str]) -> AsyncGenerator[Sequence[bytes]]:
    yield [
        msgspec.json.encode(ExportManifest(FORMAT_VERSION, claimed.user_id, rfc3339_from_ms(now_ms()), files))
    ]
