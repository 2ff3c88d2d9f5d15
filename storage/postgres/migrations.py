"""Migrations: the numbered SQL files of a service, each applied once, in order, in a transaction of its own.

Functions and triggers come after them, and again whenever their file has changed.

One process at a time migrates a database; the others wait and then find nothing to do. A file that was
changed after it was applied is refused. Never undoes a migration.
"""

import re
from dataclasses import dataclass
from hashlib import sha256
from typing import Final
from urllib.parse import urlsplit

import asyncpg

from storage.errors import StorageError
from storage.postgres.error_mapping import map_errors
from storage.postgres.statement import SQL, load_statement

COMMON: Final = "common"
USER_CACHE: Final = "user_cache"
USER_CACHE_SERVICES: Final = frozenset({"social", "posts", "events", "notifications"})
"""The services that show names, and so keep copies of people."""
# Any number will do, as long as every process takes the same one.
MIGRATION_LOCK_KEY: Final = 7_264_538_190_441
CONNECT_TIMEOUT_S: Final = 10.0
MIGRATION_TIMEOUT_S: Final = 600.0
# Marks checksums of the statements alone. Databases from before 0.1.0 have checksums of the whole file.
CHECKSUM_KIND: Final = "2:"
RENAMED_OWNERS: Final = (("house", COMMON), ("copies", USER_CACHE))
"""Folders of migrations that were renamed before 0.1.0: their old and new names."""
_COMMENT = re.compile(r"^\s*--.*$", re.MULTILINE)
_FILE = re.compile(r"[0-9]{4}_[a-z0-9_]+")
_NAME = re.compile(r"[a-z][a-z0-9_]*")


class InvalidMigration(StorageError):  # noqa: N818 - reads as what it says
    """The files and what the database has had do not go together."""


@dataclass(frozen=True, slots=True)
class Migration:
    """One file; `name` is its service and number, as it is remembered."""

    name: str
    text: str

    @property
    def checksum(self) -> str:
        """SHA-256 of the statements without comments and blank lines, so that a comment may be corrected."""
        lines = (line.rstrip() for line in _COMMENT.sub("", self.text).splitlines())
        return CHECKSUM_KIND + sha256("\n".join(line for line in lines if line).encode()).hexdigest()


def load_migrations(service: str) -> list[Migration]:
    """Read those of the house, which every database has, then the service's own."""
    found: list[Migration] = []
    for owner in (COMMON, USER_CACHE, service) if service in USER_CACHE_SERVICES else (COMMON, service):
        files = sorted((SQL / owner / "migrations").glob("*.sql"))
        numbers = [file.name[:4] for file in files]
        if len(set(numbers)) != len(numbers) or not all(_FILE.fullmatch(file.stem) for file in files):
            raise InvalidMigration(f"The migrations of {owner} are not numbered one by one.")
        found += [Migration(f"{owner}/{file.stem}", file.read_text("utf-8")) for file in files]
    return found


def load_routines(service: str) -> list[Migration]:
    """Read the service's functions and triggers; each file may be applied again, and is when it changed."""
    files = (
        file for kind in ("functions", "triggers") for file in sorted((SQL / service / kind).glob("*.sql"))
    )
    return [Migration(f"{service}/{file.parent.name}/{file.stem}", file.read_text("utf-8")) for file in files]


def database_url(maintenance_url: str, service: str) -> str:
    """Name the service's own database on the server that the URL reaches."""
    path = urlsplit(maintenance_url).path
    head, _, query = maintenance_url.partition("?")
    address = head[: len(head) - len(path)] if path else head
    return f"{address}/convene_{service}" + (f"?{query}" if query else "")


async def create_database(maintenance_url: str, service: str) -> str:
    """Create the service's database where it is missing, and answer its URL. Safe from many at once."""
    name = f"convene_{service}"
    if _NAME.fullmatch(name) is None:
        raise InvalidMigration("A service's name is letters, digits and underscores.")
    with map_errors():
        connection = await asyncpg.connect(maintenance_url, timeout=CONNECT_TIMEOUT_S)
        try:
            if await connection.fetchval(load_statement(COMMON, "database_exists").text, name) is None:
                await connection.execute(f'CREATE DATABASE "{name}"')
        except (asyncpg.DuplicateDatabaseError, asyncpg.UniqueViolationError):
            pass  # somebody else was quicker
        finally:
            await connection.close(timeout=CONNECT_TIMEOUT_S)
    return database_url(maintenance_url, service)


async def migrate(url: str, service: str) -> list[str]:
    """Bring a service's database up to its files; answers the names of what was applied now.

    Raises:
        MigrationFaulty: a file was changed after it was applied, or one is gone.
        Unavailable: the database cannot be reached; what was applied stays.
    """
    migrations = load_migrations(service)
    with map_errors():
        connection = await asyncpg.connect(
            url, timeout=CONNECT_TIMEOUT_S, command_timeout=MIGRATION_TIMEOUT_S
        )
        try:
            await connection.execute(load_statement(COMMON, "migration_lock").text, MIGRATION_LOCK_KEY)
            applied = await _apply(connection, migrations)
            return applied + await _apply_routines(connection, load_routines(service))
        finally:
            await connection.close(timeout=CONNECT_TIMEOUT_S)


async def _apply(connection: "asyncpg.Connection[asyncpg.Record]", migrations: list[Migration]) -> list[str]:
    await connection.execute(load_statement(COMMON, "migration_table_create").text)
    await _convert_records(connection, migrations)
    had = await _applied_checksums(connection)
    changed = [one.name for one in migrations if had.get(one.name, one.checksum) != one.checksum]
    names = {one.name for one in migrations}
    last = {name.partition("/")[0]: name for name in sorted(names)}
    # What lies above our own last one is a newer version's, which may run beside this one for a while.
    gone = sorted(name for name in had.keys() - names if name < last.get(name.partition("/")[0], ""))
    if changed or gone:
        raise InvalidMigration(f"Changed after they were applied: {changed}; applied but gone: {gone}.")
    insert = load_statement(COMMON, "migration_insert")
    applied: list[str] = []
    for migration in migrations:
        if migration.name not in had:
            async with connection.transaction():
                await connection.execute(migration.text)
                await connection.execute(insert.text, migration.name, migration.checksum)
            applied.append(migration.name)
    return applied


async def _convert_records(
    connection: "asyncpg.Connection[asyncpg.Record]", migrations: list[Migration]
) -> None:
    """Bring records from before 0.1.0 to the current names of owners and the current kind of checksum."""
    rename = load_statement(COMMON, "migration_rename_owner")
    for old_owner, new_owner in RENAMED_OWNERS:
        await connection.execute(rename.text, old_owner, new_owner)
    set_checksum = load_statement(COMMON, "migration_set_checksum")
    had = await _applied_checksums(connection)
    for migration in migrations:
        if not had.get(migration.name, CHECKSUM_KIND).startswith(CHECKSUM_KIND):
            await connection.execute(set_checksum.text, migration.name, migration.checksum)


async def _apply_routines(
    connection: "asyncpg.Connection[asyncpg.Record]", routines: list[Migration]
) -> list[str]:
    had = await _applied_checksums(connection)
    note = load_statement(COMMON, "routine_upsert")
    changed = [one for one in routines if had.get(one.name) != one.checksum]
    for routine in changed:
        async with connection.transaction():
            await connection.execute(routine.text)
            await connection.execute(note.text, routine.name, routine.checksum)
    return [one.name for one in changed]


async def _applied_checksums(connection: "asyncpg.Connection[asyncpg.Record]") -> dict[str, str]:
    rows = await connection.fetch(load_statement(COMMON, "migration_list").text)
    return {row["name"]: row["checksum"] for row in rows}
