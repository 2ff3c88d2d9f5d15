"""Migrations: applied once each, in order, also by concurrent starts."""

import asyncio
import itertools
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest

from storage.embedded import StoreUrls
from storage.errors import StorageError, Unavailable
from storage.postgres import migrations
from storage.postgres.migrations import (
    InvalidMigration,
    create_database,
    database_url,
    load_migrations,
    migrate,
)

_numbers = itertools.count(1)


@pytest.fixture
async def service(
    stores: StoreUrls, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[tuple[str, Path]]:
    """A service that a test writes migrations for; its database does not exist yet."""
    name = f"migrated_{next(_numbers)}"
    for owner in (name, "common"):
        (tmp_path / owner / "migrations").mkdir(parents=True)
    monkeypatch.setattr(migrations, "SQL", tmp_path)
    yield name, tmp_path / name / "migrations"
    connection = await asyncpg.connect(stores.postgres)
    await connection.execute(f'DROP DATABASE IF EXISTS "convene_{name}" WITH (FORCE)')
    await connection.close()


async def tables(url: str) -> set[str]:
    connection = await asyncpg.connect(url)
    try:
        rows = await connection.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        return {row["tablename"] for row in rows}
    finally:
        await connection.close()


async def test_database_is_created_and_migrated_once(stores: StoreUrls, service: tuple[str, Path]) -> None:
    """Each file is applied once, in order."""
    name, folder = service
    (folder / "0001_a.sql").write_text("CREATE TABLE a (id int)")
    (folder / "0002_b.sql").write_text("ALTER TABLE a RENAME TO b")
    url = await create_database(stores.postgres, name)
    assert await create_database(stores.postgres, name) == url
    assert await migrate(url, name) == [f"{name}/0001_a", f"{name}/0002_b"]
    assert await migrate(url, name) == []
    (folder / "0003_c.sql").write_text("CREATE TABLE c (id int)")
    assert await migrate(url, name) == [f"{name}/0003_c"]
    assert await tables(url) == {"b", "c", "schema_migrations"}


async def test_concurrent_starts_migrate_once(stores: StoreUrls, service: tuple[str, Path]) -> None:
    """One instance creates the database, one migrates, all continue."""
    name, folder = service
    for number in range(1, 6):
        (folder / f"000{number}_t.sql").write_text(f"CREATE TABLE t{number} (id int)")

    async def start() -> list[str]:
        return await migrate(await create_database(stores.postgres, name), name)

    applied = await asyncio.gather(*(start() for _ in range(6)))
    assert sorted(len(names) for names in applied) == [0, 0, 0, 0, 0, 5]


async def test_failed_migration_is_rolled_back(stores: StoreUrls, service: tuple[str, Path]) -> None:
    """Earlier ones stay; it can be fixed and applied again."""
    name, folder = service
    (folder / "0001_a.sql").write_text("CREATE TABLE a (id int)")
    url = await create_database(stores.postgres, name)
    # The second fails only when it is noted.
    for broken in ("CREATE TABLE b (id int); SELECT 1 / 0", "ALTER TABLE schema_migrations RENAME TO b"):
        (folder / "0002_b.sql").write_text(broken)
        with pytest.raises(StorageError):
            await migrate(url, name)
        assert await tables(url) == {"a", "schema_migrations"}
    (folder / "0002_b.sql").write_text("CREATE TABLE b (id int)")
    assert await migrate(url, name) == [f"{name}/0002_b"]


async def test_changed_and_missing_files_are_errors(stores: StoreUrls, service: tuple[str, Path]) -> None:
    """Migrations of a newer version are ignored."""
    name, folder = service
    for number in (1, 2, 3):
        (folder / f"000{number}_t.sql").write_text(f"CREATE TABLE t{number} (id int)")
    url = await create_database(stores.postgres, name)
    await migrate(url, name)
    (folder / "0003_t.sql").unlink()
    assert await migrate(url, name) == []
    (folder / "0001_t.sql").write_text("CREATE TABLE other (id int)")
    with pytest.raises(InvalidMigration, match="0001_t"):
        await migrate(url, name)
    (folder / "0001_t.sql").unlink()
    with pytest.raises(InvalidMigration, match="0001_t"):
        await migrate(url, name)


async def test_records_of_earlier_versions_are_converted(
    stores: StoreUrls, service: tuple[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Old owner names and checksums of whole files are replaced; nothing is applied twice."""
    name, folder = service
    monkeypatch.setattr(migrations, "RENAMED_OWNERS", ((f"old_{name}", name),))
    (folder / "0001_t.sql").write_text("CREATE TABLE t (id int)")
    url = await create_database(stores.postgres, name)
    await migrate(url, name)
    connection = await asyncpg.connect(url)
    await connection.execute(
        "UPDATE schema_migrations SET name = $1, checksum = 'whole file'", f"old_{name}/0001_t"
    )
    await connection.close()

    assert await migrate(url, name) == []
    (folder / "0001_t.sql").write_text("CREATE TABLE t (id bigint)")
    with pytest.raises(InvalidMigration, match="0001_t"):
        await migrate(url, name)


async def test_comments_of_applied_migrations_may_change(
    stores: StoreUrls, service: tuple[str, Path]
) -> None:
    """The checksum covers the statements, not the comments."""
    name, folder = service
    (folder / "0001_t.sql").write_text("-- First.\nCREATE TABLE t (id int)")
    url = await create_database(stores.postgres, name)
    await migrate(url, name)
    (folder / "0001_t.sql").write_text("-- Creates a table.\n\nCREATE TABLE t (id int)")
    assert await migrate(url, name) == []


def test_numbers_must_be_unique_and_well_formed(service: tuple[str, Path]) -> None:
    """Two files with one number, or one without a number, are an error."""
    name, folder = service
    (folder / "0001_a.sql").write_text("SELECT 1")
    (folder / "0001_b.sql").write_text("SELECT 1")
    with pytest.raises(InvalidMigration):
        load_migrations(name)
    (folder / "0001_b.sql").rename(folder / "b.sql")
    with pytest.raises(InvalidMigration):
        load_migrations(name)


async def test_unreachable_server_is_unavailable(tmp_path: Path) -> None:
    """No driver exception is raised."""
    with pytest.raises(Unavailable):
        await create_database(f"postgresql://nobody@/postgres?host={tmp_path}", "users")
    with pytest.raises(Unavailable):
        await migrate(f"postgresql://nobody@/convene_users?host={tmp_path}", "users")


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("postgresql://u:p@/postgres?host=/run/x", "postgresql://u:p@/convene_users?host=/run/x"),
        ("postgresql://u:p@h:5432/postgres", "postgresql://u:p@h:5432/convene_users"),
        ("postgresql://u:p@h:5432", "postgresql://u:p@h:5432/convene_users"),
        ("postgresql://u:p@h/?sslmode=require", "postgresql://u:p@h/convene_users?sslmode=require"),
        ("postgresql:///postgres?host=/run/x", "postgresql:///convene_users?host=/run/x"),
    ],
)
def test_database_url_changes_only_the_database(given: str, expected: str) -> None:
    """Server, login and options stay unchanged."""
    assert database_url(given, "users") == expected
