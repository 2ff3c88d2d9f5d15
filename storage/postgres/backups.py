"""Backup and restore of one service's database, through the driver's COPY.

    snapshot (REPEATABLE READ) --> COPY of each table --> part
    part --> recorded migrations, COPY into each table, later migrations, functions and triggers --> database

A restore is one transaction: it is done completely or not at all. Rows are copied before the triggers exist.
"""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
from graphlib import CycleError, TopologicalSorter
from typing import Final, TypeAlias

import asyncpg

from storage.contracts.backups import (
    PartState,
    ReadPart,
    RestoreRefused,
    SequenceState,
    StoreState,
    WritePart,
)
from storage.errors import StorageError
from storage.postgres.error_mapping import map_errors
from storage.postgres.migrations import (
    CONNECT_TIMEOUT_S,
    MIGRATION_LOCK_KEY,
    Migration,
    apply_migrations,
    apply_routines,
    load_migrations,
    load_routines,
)
from storage.postgres.statement import load_statement

COMMON: Final = "common"
REMOVE_TIME_LIMITS: Final = load_statement(COMMON, "backups", "backup_begin")
SNAPSHOT: Final = load_statement(COMMON, "backups", "backup_snapshot")
TABLES: Final = load_statement(COMMON, "backups", "backup_tables")
REFERENCES: Final = load_statement(COMMON, "backups", "backup_references")
SEQUENCES: Final = load_statement(COMMON, "backups", "backup_sequences")
MIGRATIONS: Final = load_statement(COMMON, "backups", "backup_migrations")
SESSIONS: Final = load_statement(COMMON, "backups", "restore_sessions")
CONTENT: Final = load_statement(COMMON, "backups", "restore_content_commands")
DROP: Final = load_statement(COMMON, "backups", "restore_drop_commands")
EMPTY: Final = load_statement(COMMON, "backups", "restore_empty_command")
SET_SEQUENCE: Final = load_statement(COMMON, "backups", "restore_sequence")
REWIND_CURSORS: Final = load_statement(COMMON, "backups", "restore_rewind_cursors")
LOCK: Final = load_statement(COMMON, "backups", "restore_lock")

SESSIONS_END_S: Final = 3.0
"""The server counts connections for a short time after they were closed."""

SESSIONS_POLL_S: Final = 0.1

Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record]"


class PostgresBackup:
    """Implements `storage.contracts.backups.BackupStore` for the database of a service."""

    def __init__(self, url: str, service: str) -> None:
        self._url = url
        self._service = service

    async def dump(self, write: WritePart) -> StoreState:
        # Without a transaction id, so readers of the outbox are not delayed.
        async with (
            self._connect() as connection,
            connection.transaction(isolation="repeatable_read", readonly=True),
        ):
            (snapshot,) = await connection.fetch(SNAPSHOT.text)
            tables = _in_reference_order(
                {row["name"]: tuple(row["columns"]) for row in await connection.fetch(TABLES.text)},
                [(row["name"], row["referenced"]) for row in await connection.fetch(REFERENCES.text)],
            )
            parts = [
                PartState(name, await self._copy_out(connection, name, columns, write), columns)
                for name, columns in tables.items()
            ]
            # Sequences are not part of a snapshot: read after it they are at least as high as its rows.
            sequences = await connection.fetch(SEQUENCES.text)
            migrations = await connection.fetch(MIGRATIONS.text)
        return StoreState(
            server_version=snapshot["server_version"],
            snapshot_at=snapshot["snapshot_at"],
            parts=tuple(parts),
            migrations={row["name"]: row["checksum"] for row in migrations},
            sequences={
                row["name"]: _sequence_state(row["last_value"], row["start_value"]) for row in sequences
            },
        )

    async def check_target(self, state: StoreState, *, overwrite: bool) -> None:
        self._recorded_migrations(state)
        async with self._connect() as connection:
            await self._check_unused(connection)
            if overwrite:
                return
            for row in await connection.fetch(CONTENT.text):
                filled = await connection.fetchval(row["command"])
                if filled is not None:
                    raise RestoreRefused(
                        f"{self._service}: the table {filled} has rows. Use --overwrite to replace them."
                    )

    async def restore(self, state: StoreState, read: ReadPart) -> None:
        recorded = self._recorded_migrations(state)
        async with self._connect() as connection:
            await connection.execute(LOCK.text, MIGRATION_LOCK_KEY)
            await self._check_unused(connection)
            async with connection.transaction():
                for row in await connection.fetch(DROP.text):
                    await connection.execute(row["command"])
                await apply_migrations(connection, recorded)
                names = [part.name for part in state.parts]
                await connection.execute(await connection.fetchval(EMPTY.text, names))
                for part in state.parts:
                    await self._copy_in(connection, part, read)
                for name, sequence in state.sequences.items():
                    await connection.fetch(SET_SEQUENCE.text, name, sequence.last_value, sequence.is_called)
                await connection.execute(REWIND_CURSORS.text)
                await apply_migrations(connection, load_migrations(self._service))
                await apply_routines(connection, load_routines(self._service))

    def _recorded_migrations(self, state: StoreState) -> list[Migration]:
        """Return the migrations of the backup's schema, in the order of this version."""
        known = {migration.name: migration for migration in load_migrations(self._service)}
        unknown = [
            name
            for name, checksum in sorted(state.migrations.items())
            if name not in known or known[name].checksum != checksum
        ]
        if unknown:
            raise RestoreRefused(
                f"{self._service}: this version does not know the migrations {', '.join(unknown)}. "
                "Restore with the version that made the backup, or with a newer one."
            )
        return [migration for name, migration in known.items() if name in state.migrations]

    async def _check_unused(self, connection: Connection) -> None:
        deadline = time.monotonic() + SESSIONS_END_S
        while sessions := await connection.fetchval(SESSIONS.text):
            if time.monotonic() < deadline:
                await asyncio.sleep(SESSIONS_POLL_S)
                continue
            raise RestoreRefused(
                f"{self._service}: {sessions} connections are open. Stop all instances first."
            )

    @staticmethod
    async def _copy_out(connection: Connection, name: str, columns: tuple[str, ...], write: WritePart) -> int:
        async def append(data: bytes) -> None:
            await write(name, data)

        await write(name, b"")
        status: str = await connection.copy_from_table(name, columns=columns, output=append)
        return int(status.rpartition(" ")[2])

    async def _copy_in(self, connection: Connection, part: PartState, read: ReadPart) -> None:
        async def pieces(source: Iterator[bytes]) -> AsyncIterator[bytes]:
            for piece in source:
                yield piece

        status: str = await connection.copy_to_table(
            part.name, columns=part.columns, source=pieces(read(part.name))
        )
        rows = int(status.rpartition(" ")[2])
        if rows != part.rows:
            raise RestoreRefused(f"{self._service}: {part.name} has {rows} rows instead of {part.rows}.")

    @contextlib.asynccontextmanager
    async def _connect(self) -> AsyncIterator[Connection]:
        with map_errors():
            connection = await asyncpg.connect(self._url, timeout=CONNECT_TIMEOUT_S)
            try:
                await connection.fetch(REMOVE_TIME_LIMITS.text)
                yield connection
            finally:
                await connection.close(timeout=CONNECT_TIMEOUT_S)


def _sequence_state(last_value: int | None, start_value: int) -> SequenceState:
    if last_value is None:
        return SequenceState(start_value, is_called=False)
    return SequenceState(last_value, is_called=True)


def _in_reference_order(
    tables: Mapping[str, tuple[str, ...]], references: Iterable[tuple[str, str]]
) -> dict[str, tuple[str, ...]]:
    """Order tables so that each comes after those that it refers to."""
    sorter: TopologicalSorter[str] = TopologicalSorter(dict.fromkeys(tables, ()))
    for name, referenced in references:
        sorter.add(name, referenced)
    try:
        return {name: tables[name] for name in sorter.static_order()}
    except CycleError:
        raise StorageError("Tables refer to each other in a cycle.") from None
