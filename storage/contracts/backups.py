"""Backup and restore of one store: a PostgreSQL database of a service, or the messaging store.

A backup consists of parts (tables, collections), each a stream of bytes in the store's own format, and of a
`StoreState` that describes them.
"""

from collections.abc import Awaitable, Callable, Iterator
from typing import Protocol

import msgspec

from storage.errors import StorageError

WritePart = Callable[[str, bytes], Awaitable[None]]
"""(part, bytes): appends to a part. Parts may be written alternately."""

ReadPart = Callable[[str], Iterator[bytes]]
"""(part) -> its bytes, in pieces of bounded size."""


class RestoreRefused(StorageError):  # noqa: N818 - named after the condition
    """The target must not be overwritten, or the backup does not fit it, or it is damaged."""


class PartState(msgspec.Struct, frozen=True):
    """A table with the columns in the order of its data, or a collection (without columns)."""

    name: str
    rows: int
    columns: tuple[str, ...] = ()


class SequenceState(msgspec.Struct, frozen=True):
    """A sequence. The next value is `last_value`, or the one after it if `is_called`."""

    last_value: int
    is_called: bool


class StoreState(msgspec.Struct, frozen=True):
    """What a backup of a store contains. Each of `parts` comes after those that it refers to."""

    server_version: str
    snapshot_at: str
    """When the content was read, as ISO 8601: for a database its snapshot, otherwise the begin of reading."""
    parts: tuple[PartState, ...]
    migrations: dict[str, str] = {}
    """Name -> checksum of the migrations that made the schema."""
    sequences: dict[str, SequenceState] = {}


class BackupStore(Protocol):
    """Dumps one store, and restores it."""

    async def dump(self, write: WritePart) -> StoreState:
        """Write at least everything that was committed when this call began. Instances may run.

        Raises:
            Unavailable, StorageError: the store failed; what was written is useless.
        """

    async def check_target(self, state: StoreState, *, overwrite: bool) -> None:
        """Check that `restore` may replace the content of this store. Changes nothing.

        Raises:
            RestoreRefused: it has data and `overwrite` is not set; a database also if it is in use, or if the
                backup has migrations that this version does not know.
            Unavailable, StorageError: the store failed.
        """

    async def restore(self, state: StoreState, read: ReadPart) -> None:
        """Replace the content by that of a backup, and bring it up to date with this version.

        After an error a database is unchanged; the messaging store may have a part of the backup.

        Raises:
            RestoreRefused: a part has another number of rows than `state` states; of a database also what
                `check_target` refuses, except data.
            Unavailable, StorageError: the store failed.
        """


class VolatileStore(Protocol):
    """Content of Redis that can be computed or read again, and counts of attempts, which start from 0."""

    async def clear(self) -> int:
        """Remove it all; return the number of removed keys.

        Raises:
            Unavailable: a part may have been removed.
        """
