"""Migrations: the numbered SQL files of a service, applied once each, in order, one transaction per file.

Functions and triggers are applied after them, and again whenever their file changes: the functions
together, each trigger by itself.

One process at a time migrates a database; others wait and then find nothing to do. A migration that was
changed after it was applied is an error. There are no down migrations.
"""

import asyncio
import random
import re
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Final
from urllib.parse import urlsplit

import asyncpg

from storage.errors import StorageError
from storage.postgres.error_mapping import map_errors
from storage.postgres.statement import SQL, Statement, load_statement

COMMON: Final = "common"
FUNCTIONS: Final = "functions"
TRIGGERS: Final = "triggers"
USER_CACHE: Final = "user_cache"
USER_CACHE_SERVICES: Final = frozenset({"social", "posts", "events", "notifications"})
"""Services that show users, and so have a `user_cache`."""
# Any number works, as long as every process uses the same one.
MIGRATION_LOCK_KEY: Final = 7_264_538_190_441
CONNECT_TIMEOUT_S: Final = 10.0
MIGRATION_TIMEOUT_S: Final = 600.0
LOCK_ATTEMPTS: Final = 100
LOCK_RETRY_S: Final = 0.5
# Marks checksums of the statements alone. Databases from before 0.1.0 have checksums of the whole file.
CHECKSUM_KIND: Final = "2:"
RENAMED_OWNERS: Final = (("house", COMMON), ("copies", USER_CACHE))
"""Folders of migrations that were renamed before 0.1.0: their old and new names."""
_COMMENT = re.compile(r"^\s*--.*$", re.MULTILINE)
_FILE = re.compile(r"[0-9]{4}_[a-z0-9_]+")
_NAME = re.compile(r"[a-z][a-z0-9_]*")


class InvalidMigration(StorageError):  # noqa: N818 - named after the condition
    """The migration files do not match those applied to the database."""


@dataclass(frozen=True, slots=True)
class Migration:
    """One SQL file. `name` is recorded in the database: service and file name."""

    name: str
    text: str

    @property
    def checksum(self) -> str:
        """SHA-256 without comment lines and blank lines, so that comments can be corrected."""
        lines = (line.rstrip() for line in _COMMENT.sub("", self.text).splitlines())
        return CHECKSUM_KIND + sha256("\n".join(line for line in lines if line).encode()).hexdigest()


def load_migrations(service: str) -> list[Migration]:
    """Read the migrations shared by all databases, then those of the service."""
    migrations: list[Migration] = []
    for owner in _owners(service):
        files = sorted((SQL / owner / "migrations").glob("*.sql"))
        numbers = [file.name[:4] for file in files]
        if len(set(numbers)) != len(numbers) or not all(_FILE.fullmatch(file.stem) for file in files):
            raise InvalidMigration(f"The migrations of {owner} must have unique four-digit numbers.")
        migrations += [Migration(f"{owner}/{file.stem}", file.read_text("utf-8")) for file in files]
    return migrations


def load_routines(service: str) -> list[Migration]:
    """Read the functions and triggers, shared ones first. Applying a file again replaces its routine."""
    return [
        Migration(f"{owner}/{kind}/{file.stem}", file.read_text("utf-8"))
        for owner in _owners(service)
        for kind in (FUNCTIONS, TRIGGERS)
        for file in sorted((SQL / owner / kind).glob("*.sql"))
    ]


def _owners(service: str) -> tuple[str, ...]:
    """Return the folders of a service's database, shared ones first."""
    return (COMMON, USER_CACHE, service) if service in USER_CACHE_SERVICES else (COMMON, service)


def database_url(maintenance_url: str, service: str) -> str:
    """Return the URL of the service's database on the server of `maintenance_url`."""
    path = urlsplit(maintenance_url).path
    head, _, query = maintenance_url.partition("?")
    address = head[: len(head) - len(path)] if path else head
    return f"{address}/convene_{service}" + (f"?{query}" if query else "")


async def create_database(maintenance_url: str, service: str) -> str:
    """Create the service's database if it is missing and return its URL. Safe to call concurrently."""
    name = f"convene_{service}"
    if _NAME.fullmatch(name) is None:
        raise InvalidMigration("A service name may contain only letters, digits and underscores.")
    with map_errors():
        connection = await asyncpg.connect(maintenance_url, timeout=CONNECT_TIMEOUT_S)
        try:
            if (
                await connection.fetchval(load_statement(COMMON, "migrations", "database_exists").text, name)
                is None
            ):
                await connection.execute(f'CREATE DATABASE "{name}"')
        except (asyncpg.DuplicateDatabaseError, asyncpg.UniqueViolationError):
            pass  # created concurrently
        finally:
            await connection.close(timeout=CONNECT_TIMEOUT_S)
    return database_url(maintenance_url, service)


async def migrate(url: str, service: str) -> list[str]:
    """Apply pending migrations and changed routines; return the names of those applied.

    Raises:
        InvalidMigration: a file was changed after it was applied, or is missing.
        Unavailable: the database cannot be reached, or its locks are not got; migrations applied before stay.
        StorageError: a migration failed; migrations applied before stay.
    """
    migrations = load_migrations(service)
    with map_errors():
        connection = await asyncpg.connect(
            url, timeout=CONNECT_TIMEOUT_S, command_timeout=MIGRATION_TIMEOUT_S
        )
        try:
            await connection.execute(
                load_statement(COMMON, "migrations", "migration_lock").text, MIGRATION_LOCK_KEY
            )
            applied = await apply_migrations(connection, migrations)
            return applied + await apply_routines(connection, load_routines(service))
        finally:
            await connection.close(timeout=CONNECT_TIMEOUT_S)


async def apply_migrations(
    connection: "asyncpg.Connection[asyncpg.Record]", migrations: list[Migration]
) -> list[str]:
    """Apply the migrations that are not recorded yet; return their names. Raises `InvalidMigration`."""
    await connection.execute(load_statement(COMMON, "migrations", "migration_table_create").text)
    await _convert_records(connection, migrations)
    recorded = await _applied_checksums(connection)
    changed = [m.name for m in migrations if recorded.get(m.name, m.checksum) != m.checksum]
    names = {migration.name for migration in migrations}
    last = {name.partition("/")[0]: name for name in sorted(names)}
    # Names above our last one belong to a newer version, which may run at the same time during an upgrade.
    missing = sorted(name for name in recorded.keys() - names if name < last.get(name.partition("/")[0], ""))
    if changed or missing:
        raise InvalidMigration(f"Changed after they were applied: {changed}; applied but missing: {missing}.")
    insert = load_statement(COMMON, "migrations", "migration_insert")
    applied: list[str] = []
    for migration in migrations:
        if migration.name not in recorded:
            await _apply(connection, [migration], insert)
            applied.append(migration.name)
    return applied


async def _apply(
    connection: "asyncpg.Connection[asyncpg.Record]", files: Sequence[Migration], record: Statement
) -> None:
    """Run files and record them in one transaction, again if it does not get its locks.

    Instances of the previous version may use the same tables in another order. The lock timeout is shorter
    than PostgreSQL's `deadlock_timeout`, so nearly always the migration gives way and not the statement of an
    instance; and no statement waits long behind a migration that itself waits.
    """
    set_lock_timeout = load_statement(COMMON, "migrations", "migration_lock_timeout")
    for number in range(1, LOCK_ATTEMPTS + 1):
        try:
            async with connection.transaction():
                await connection.execute(set_lock_timeout.text)
                for file in files:
                    await connection.execute(file.text)
                    await connection.execute(record.text, file.name, file.checksum)
        except (asyncpg.LockNotAvailableError, asyncpg.DeadlockDetectedError):
            if number == LOCK_ATTEMPTS:
                raise
            await asyncio.sleep(random.uniform(0, LOCK_RETRY_S))  # noqa: S311 - jitter, not security
        else:
            return


async def _convert_records(
    connection: "asyncpg.Connection[asyncpg.Record]", migrations: list[Migration]
) -> None:
    """Convert records from before 0.1.0 to the current folder names and checksums."""
    rename = load_statement(COMMON, "migrations", "migration_rename_owner")
    for old_owner, new_owner in RENAMED_OWNERS:
        await connection.execute(rename.text, old_owner, new_owner)
    set_checksum = load_statement(COMMON, "migrations", "migration_set_checksum")
    recorded = await _applied_checksums(connection)
    for migration in migrations:
        if not recorded.get(migration.name, CHECKSUM_KIND).startswith(CHECKSUM_KIND):
            await connection.execute(set_checksum.text, migration.name, migration.checksum)


async def apply_routines(
    connection: "asyncpg.Connection[asyncpg.Record]", routines: list[Migration]
) -> list[str]:
    """Apply the functions and triggers whose files are new or changed; return their names."""
    recorded = await _applied_checksums(connection)
    upsert = load_statement(COMMON, "migrations", "routine_upsert")
    changed = [routine for routine in routines if recorded.get(routine.name) != routine.checksum]
    functions = [routine for routine in changed if routine.name.split("/")[1] == FUNCTIONS]
    # Functions call each other, so instances see all of the old ones or all of the new ones.
    await _apply(connection, functions, upsert)
    for trigger in (routine for routine in changed if routine not in functions):
        await _apply(connection, [trigger], upsert)
    return [routine.name for routine in changed]


async def _applied_checksums(connection: "asyncpg.Connection[asyncpg.Record]") -> dict[str, str]:
    rows = await connection.fetch(load_statement(COMMON, "migrations", "migration_list").text)
    return {row["name"]: row["checksum"] for row in rows}
