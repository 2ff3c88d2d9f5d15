"""Data exports: archives of what a user wrote and received, in chunks. All methods raise `Unavailable`."""

from collections.abc import AsyncGenerator, Sequence
from datetime import datetime
from typing import Final, Protocol

import msgspec

PENDING: Final = "pending"
READY: Final = "ready"
FAILED: Final = "failed"


class DataExportRecord(msgspec.Struct, frozen=True):
    """The export of a user. `attempt` counts the attempts to make it; `bytes` is the size of the archive."""

    id: str
    user_id: str
    state: str
    attempt: int
    bytes: int
    chunk_count: int
    requested_at: datetime
    finished_at: datetime | None
    expires_at: datetime | None


class ReadyExport(msgspec.Struct, frozen=True):
    """An export that can be downloaded, and the name of its user."""

    export: DataExportRecord
    username: str


class ExportBacklog(msgspec.Struct, frozen=True):
    """The pending exports, and the age of the oldest; 0 without any."""

    pending: int = 0
    oldest_s: float = 0.0


class LeaseLost(Exception):  # noqa: N818 - named after the condition
    """Another instance makes the export, or it was deleted with its user."""


class DataExportStore(Protocol):
    """One export per user. Deleted with the user.

    An instance makes an export under a lease, which `renew` and `add_chunk` extend. Methods that take a
    claimed record raise `LeaseLost` once another attempt has claimed the export, or it was deleted.
    """

    async def get(self, user_id: str) -> DataExportRecord | None:
        """Return the user's export; None if there is none, or if it has expired."""

    async def request(self, user_id: str, interval_s: float) -> tuple[DataExportRecord, bool]:
        """Return the user's export, and whether it is new.

        A new one replaces one that is not pending and was requested at least `interval_s` ago, or has
        expired.

        Raises:
            Missing: there is no such user.
        """

    async def claim(self, lease_s: float) -> DataExportRecord | None:
        """Lease the oldest pending export that no instance makes; delete chunks of former attempts.

        Returns None if there is none.

        Raises:
            LeaseLost: the lease was lost while many chunks were deleted.
        """

    async def renew(self, claimed: DataExportRecord, lease_s: float) -> None:
        """Extend the lease."""

    async def add_chunk(self, claimed: DataExportRecord, number: int, data: bytes, lease_s: float) -> None:
        """Store chunk `number`, which must be the next one, counted from 0, and extend the lease.

        After `Unavailable` it may be stored; storing it again raises `LeaseLost` then.
        """

    async def finish(self, claimed: DataExportRecord, lifetime_s: float) -> None:
        """Make the export ready, with the chunks stored. It expires after `lifetime_s`."""

    async def release(
        self, claimed: DataExportRecord, *, failed: bool, retry_s: float, lifetime_s: float
    ) -> None:
        """Let another attempt begin after `retry_s`, or fail the export, which expires after `lifetime_s`."""

    async def list_unnotified(self, limit: int) -> list[DataExportRecord]:
        """Return exports that are ready and not marked as notified, the oldest first."""

    async def mark_notified(self, export_ids: Sequence[str]) -> None: ...

    async def find_ready(self, export_id: str) -> ReadyExport | None:
        """Return an export that is ready and has not expired, unless its user is banned or suspended."""

    async def read_chunk(self, export: DataExportRecord, number: int) -> bytes | None:
        """Return a chunk; None if the export was deleted meanwhile."""

    async def backlog(self) -> ExportBacklog: ...


class ExportPart(Protocol):
    """A kind of data of a user, which becomes one file of the archive."""

    @property
    def name(self) -> str:
        """Name of the file, without extension."""

    def read(self, user_id: str) -> AsyncGenerator[Sequence[bytes]]:
        """Yield batches of JSON objects, at most `EXPORT_BATCH_ROWS` each. Nothing else is kept in memory.

        Raises:
            Unavailable: from the iterator, after some batches.
        """
