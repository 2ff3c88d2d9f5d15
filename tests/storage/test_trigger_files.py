"""Trigger files: applied after the migrations, and again only if changed."""

import itertools
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest

from storage.embedded import StoreUrls
from storage.errors import StorageError
from storage.postgres import migrations
from storage.postgres.migrations import create_database, load_migrations, load_routines, migrate

SERVICES = ("users", "social", "posts", "events", "notifications")
_numbers = itertools.count(1)
_TRIGGER = """
CREATE OR REPLACE FUNCTION {name}() RETURNS TRIGGER AS $$
BEGIN NEW.said := '{says}'; RETURN NEW; END
$$ LANGUAGE plpgsql;
CREATE OR REPLACE TRIGGER {name} BEFORE INSERT ON said FOR EACH ROW EXECUTE FUNCTION {name}()
"""


@pytest.fixture
async def names(stores: StoreUrls) -> AsyncIterator[list[str]]:
    """Names of services; their databases are dropped after the test."""
    made: list[str] = []
    yield made
    connection = await asyncpg.connect(stores.postgres)
    for name in made:
        await connection.execute(f'DROP DATABASE IF EXISTS "convene_{name}" WITH (FORCE)')
    await connection.close()


@pytest.fixture
def service(names: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[str, Path]:
    """A service with one table, and the folder of its triggers."""
    name = f"triggered_{next(_numbers)}"
    for folder in (f"{name}/migrations", f"{name}/triggers", "common/migrations"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / name / "migrations" / "0001_said.sql").write_text("CREATE TABLE said (said TEXT)")
    monkeypatch.setattr(migrations, "SQL", tmp_path)
    names.append(name)
    return name, tmp_path / name / "triggers"


async def call_function(url: str) -> str:
    connection = await asyncpg.connect(url)
    try:
        return str(await connection.fetchval("INSERT INTO said DEFAULT VALUES RETURNING said"))
    finally:
        await connection.close()


async def test_changed_trigger_file_is_applied_again(stores: StoreUrls, service: tuple[str, Path]) -> None:
    """Only that file; unchanged ones are not, even if the database was altered manually."""
    name, folder = service
    (folder / "a.sql").write_text(_TRIGGER.format(name="a", says="first"))
    url = await create_database(stores.postgres, name)
    assert await migrate(url, name) == [f"{name}/0001_said", f"{name}/triggers/a"]
    assert await call_function(url) == "first"
    assert await migrate(url, name) == []
    (folder / "b.sql").write_text("-- Nothing yet.\nSELECT 1")
    assert await migrate(url, name) == [f"{name}/triggers/b"]
    (folder / "a.sql").write_text(_TRIGGER.format(name="a", says="second"))
    assert await migrate(url, name) == [f"{name}/triggers/a"]
    assert await call_function(url) == "second"
    connection = await asyncpg.connect(url)
    await connection.execute(_TRIGGER.format(name="a", says="meddled"))
    await connection.close()
    assert await migrate(url, name) == []
    assert await call_function(url) == "meddled"


async def test_triggers_are_applied_after_migrations(stores: StoreUrls, service: tuple[str, Path]) -> None:
    """A trigger may use a table of the same start; removing a file undoes nothing."""
    name, folder = service
    url = await create_database(stores.postgres, name)
    await migrate(url, name)
    (folder.parent / "migrations" / "0002_more.sql").write_text("ALTER TABLE said ADD COLUMN more TEXT")
    (folder / "a.sql").write_text(_TRIGGER.format(name="a", says="first").replace("NEW.said", "NEW.more"))
    assert await migrate(url, name) == [f"{name}/0002_more", f"{name}/triggers/a"]
    (folder / "a.sql").unlink()
    assert await migrate(url, name) == []


async def test_failed_trigger_file_keeps_the_previous_version(
    stores: StoreUrls, service: tuple[str, Path]
) -> None:
    """A file is applied atomically and retried at the next start."""
    name, folder = service
    (folder / "a.sql").write_text(_TRIGGER.format(name="a", says="first"))
    url = await create_database(stores.postgres, name)
    await migrate(url, name)
    good = _TRIGGER.format(name="a", says="second")
    (folder / "a.sql").write_text(f"{good}; SELECT 1 / 0")
    for _ in range(2):
        with pytest.raises(StorageError):
            await migrate(url, name)
        assert await call_function(url) == "first"
    (folder / "a.sql").write_text(good)
    assert await migrate(url, name) == [f"{name}/triggers/a"]
    assert await call_function(url) == "second"


@pytest.mark.parametrize("service_name", SERVICES)
async def test_every_service_migrates_from_an_empty_database(
    stores: StoreUrls, names: list[str], service_name: str
) -> None:
    """All migrations, then all triggers; the next start applies nothing."""
    name = f"anew_{service_name}_{next(_numbers)}"
    names.append(name)
    url = await create_database(stores.postgres, name)
    expected = [one.name for one in (*load_migrations(service_name), *load_routines(service_name))]
    assert await migrate(url, service_name) == expected
    assert await migrate(url, service_name) == []


@pytest.mark.parametrize("service_name", SERVICES)
async def test_every_trigger_file_can_be_applied_again(
    stores: StoreUrls, names: list[str], service_name: str
) -> None:
    """Triggers of other files are not duplicated."""
    name = f"again_{service_name}_{next(_numbers)}"
    names.append(name)
    url = await create_database(stores.postgres, name)
    await migrate(url, service_name)
    there = """
        SELECT tgname, tgrelid::regclass::text FROM pg_trigger WHERE NOT tgisinternal
        UNION ALL SELECT proname, oid::regprocedure::text
        FROM pg_proc WHERE pronamespace = 'public'::regnamespace
        ORDER BY 1, 2
    """
    connection = await asyncpg.connect(url)
    try:
        before = await connection.fetch(there)
        outdated = "UPDATE schema_migrations SET checksum = '' WHERE name ~ '/(functions|triggers)/'"
        await connection.execute(outdated)
        applied = await migrate(url, service_name)
        assert applied == [one.name for one in load_routines(service_name)]
        assert await connection.fetch(there) == before
        assert len(before) >= len(applied)
    finally:
        await connection.close()
