"""Data exports as users see them: requested, made in the background, downloaded by a link.

A link ends with the session that it was given to. Otherwise who had a stolen token could still download the
archive after the user has changed the password.
"""

from collections.abc import Awaitable, Callable, Collection, Sequence
from datetime import UTC, datetime

from actors.exports.export_links import ExportLinks
from actors.protocol.errors import ApiError
from actors.protocol.objects import DataExport, DataExportState
from actors.protocol.stored_enums import to_member
from actors.protocol.timestamps import rfc3339_from_datetime, rfc3339_from_ms, rfc3339_or_none
from config.exports import EXPORT_INTERVAL_S
from storage.contracts.data_exports import FAILED, READY, DataExportRecord, DataExportStore, ReadyExport
from storage.contracts.users import Identity
from storage.errors import Missing

FindSessions = Callable[[Sequence[str]], Awaitable[Collection[str]]]
"""Returns those of the login sessions that have not ended."""


class DataExports:
    """`wake()` makes this instance look for pending exports. Methods raise `ApiError`, `Unavailable`."""

    def __init__(
        self,
        store: DataExportStore,
        links: ExportLinks,
        find_sessions: FindSessions,
        wake: Callable[[], None],
    ) -> None:
        self._store = store
        self._links = links
        self._find_sessions = find_sessions
        self._wake = wake

    async def get(self, caller: Identity) -> DataExport | None:
        """Return the caller's export, if there is one."""
        record = await self._store.get(caller.user.id)
        return None if record is None else self._to_export(record, caller.session_id)

    async def request(self, caller: Identity) -> DataExport:
        """Request an export; one that is being made is returned.

        Raises:
            ApiError: rate.limited, if the user's export was requested less than 24 hours ago and is finished;
                user.not_found.
        """
        try:
            record, is_new = await self._store.request(caller.user.id, EXPORT_INTERVAL_S)
        except Missing:
            raise ApiError("user.not_found", "The account was deleted.") from None
        if is_new:
            self._wake()
        elif record.state in {READY, FAILED}:
            raise ApiError(
                "rate.limited",
                "An export can be requested once in 24 hours.",
                retry_after_ms=self._wait_ms(record),
            )
        return self._to_export(record, caller.session_id)

    async def find_ready(self, token: str) -> ReadyExport:
        """Return the export of a link. Raises `ApiError`: export.not_found."""
        linked = self._links.read(token)
        if linked is not None and linked.session_id in await self._find_sessions([linked.session_id]):
            ready = await self._store.find_ready(linked.export_id)
            if ready is not None:
                return ready
        raise ApiError("export.not_found", "The link is not valid or has expired; request a new one.")

    async def read_chunk(self, export: DataExportRecord, number: int) -> bytes | None:
        """Return a chunk of an archive; None if it was deleted meanwhile."""
        return await self._store.read_chunk(export, number)

    def _wait_ms(self, record: DataExportRecord) -> int:
        elapsed_s = (datetime.now(UTC) - record.requested_at).total_seconds()
        return max(1000, round((EXPORT_INTERVAL_S - elapsed_s) * 1000))

    def _to_export(self, record: DataExportRecord, session_id: str) -> DataExport:
        link = None
        if record.state == READY and record.expires_at is not None:
            link = self._links.make(record.id, session_id, record.expires_at.timestamp())
        return DataExport(
            id=record.id,
            state=to_member(DataExportState, record.state),
            requested_at=rfc3339_from_datetime(record.requested_at),
            finished_at=rfc3339_or_none(record.finished_at),
            expires_at=rfc3339_or_none(record.expires_at),
            bytes=record.bytes if record.state == READY else None,
            url=None if link is None else link.path,
            url_expires_at=None if link is None else rfc3339_from_ms(link.expires_at_s * 1000),
        )
