"""Fixtures for all tests: real stores, started once per run, and empty databases on them.

The stores run in an event loop on a separate thread, because they outlive the loops of the tests.
"""

import asyncio
import contextlib
import itertools
import os
import shutil
import tempfile
import threading
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from pathlib import Path
from typing import Any, TypeVar

import asyncpg
import pytest

from storage.embedded import EmbeddedStores, StoreUrls, find_mongod
from storage.postgres.logins import PostgresLogins
from storage.postgres.migrations import create_database, database_url, migrate
from storage.postgres.pool import PostgresPool
from storage.postgres.sessions import PostgresSessions
from storage.postgres.users import PostgresUsers
from tests.certificates import CertificateFiles

Result = TypeVar("Result")

STORES_START_S = 120.0
MEMORY = Path("/dev/shm")
MEMORY_PREFIX = "convene-tests-"
MEMORY_MIN_BYTES = 8 * 2**30
"""The stores of a run take below one gigabyte for each of its workers."""
TESTS = Path(__file__).parent


class LoopThread:
    """An event loop on a thread, for objects shared by all tests of a run."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="stores", daemon=True)
        self._thread.start()

    def run(self, work: Coroutine[Any, Any, Result], timeout_s: float = 30.0) -> Result:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(timeout_s)

    def close(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


@pytest.fixture(scope="session")
def background() -> Iterator[LoopThread]:
    """An event loop that outlives the tests."""
    thread = LoopThread()
    yield thread
    thread.close()


@pytest.fixture(scope="session")
def stores(background: LoopThread, tmp_path_factory: pytest.TempPathFactory) -> Iterator[StoreUrls]:
    """The three real stores, started once per run. `CONVENE_MONGOD` runs the tests on that MongoDB."""
    configured = os.environ.get("CONVENE_MONGOD")
    mongod = find_mongod(configured) if configured else None
    with folder_for_stores(tmp_path_factory) as folder:
        embedded = EmbeddedStores(folder, keep=False, mongod=mongod)
        urls = background.run(embedded.start(), STORES_START_S)
        yield urls
        foreign = background.run(tables_of_other_roles(urls))
        background.run(embedded.stop(), STORES_START_S)
    assert foreign == {}, "A test migrated databases of services as the administrator; the services cannot."


async def tables_of_other_roles(urls: StoreUrls) -> dict[str, list[str]]:
    """Return the tables in the databases of services that the service does not own."""
    found: dict[str, list[str]] = {}
    for service, url in urls.postgres_by_service.items():
        connection = await asyncpg.connect(url)
        rows = await connection.fetch(
            "SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tableowner <> current_user"
        )
        await connection.close()
        if rows:
            found[service] = [row["tablename"] for row in rows]
    return found


@contextlib.contextmanager
def folder_for_stores(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A new folder, in memory if there is plenty: tests commit all the time, and a commit waits for disks."""
    if not MEMORY.is_dir() or shutil.disk_usage(MEMORY).free < MEMORY_MIN_BYTES:
        yield tmp_path_factory.mktemp("stores")
        return
    for left in MEMORY.glob(f"{MEMORY_PREFIX}*"):
        if not Path("/proc", left.name.split("-")[2]).exists():
            shutil.rmtree(left, ignore_errors=True)
    folder = Path(tempfile.mkdtemp(prefix=f"{MEMORY_PREFIX}{os.getpid()}-", dir=MEMORY))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def certificate(tmp_path: Path) -> CertificateFiles:
    """A self-signed certificate of 127.0.0.1."""
    return CertificateFiles(tmp_path)


FreshDatabase = Callable[[str], str]


# Faster than TRUNCATE, which creates new files. Triggers and foreign keys are disabled.
DELETE_ALL_ROWS = """
DO $$
DECLARE one record;
BEGIN
    SET LOCAL session_replication_role = replica;
    FOR one IN SELECT tablename FROM pg_tables
               WHERE schemaname = 'public' AND tablename <> 'schema_migrations'
    LOOP EXECUTE format('DELETE FROM public.%I', one.tablename); END LOOP;
    FOR one IN SELECT sequencename, start_value FROM pg_sequences WHERE schemaname = 'public'
    LOOP PERFORM setval(format('public.%I', one.sequencename), one.start_value, false); END LOOP;
END $$
"""
TERMINATE_CONNECTIONS = (
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> $1"
)


class DatabasePool:
    """Empty, migrated databases: copied from one template per service, emptied and reused."""

    def __init__(self, postgres_url: str) -> None:
        self._postgres_url = postgres_url
        self._numbers = itertools.count(1)
        self._templates: set[str] = set()
        self._free: dict[str, list[str]] = {}

    async def acquire(self, service: str) -> str:
        template = f"template_{service}"  # the service's own databases belong to whole-server tests
        if service not in self._templates:
            await migrate(await create_database(self._postgres_url, template), service)
            self._templates.add(service)
        free = self._free.setdefault(service, [])
        if free:
            return free.pop()
        copy = f"{service}_{next(self._numbers)}"
        connection = await asyncpg.connect(self._postgres_url)
        try:
            await connection.execute(f'CREATE DATABASE "convene_{copy}" TEMPLATE "convene_{template}"')
        finally:
            await connection.close()
        return database_url(self._postgres_url, copy)

    async def release(self, service: str, url: str) -> None:
        connection = await asyncpg.connect(url)
        try:
            await connection.execute(TERMINATE_CONNECTIONS, connection.get_server_pid())
            await connection.execute(DELETE_ALL_ROWS)
        finally:
            await connection.close()
        self._free[service].append(url)


@pytest.fixture(scope="session")
def databases(stores: StoreUrls) -> DatabasePool:
    """The databases of a run."""
    return DatabasePool(stores.postgres)


@pytest.fixture
def fresh_database(background: LoopThread, databases: DatabasePool) -> Iterator[FreshDatabase]:
    """Returns the URL of an empty, migrated database of a service, for one test."""
    acquired: list[tuple[str, str]] = []

    def fresh(service: str) -> str:
        url = background.run(databases.acquire(service), STORES_START_S)
        acquired.append((service, url))
        return url

    yield fresh
    for service, url in acquired:
        background.run(databases.release(service, url))


@pytest.fixture
def users_url(fresh_database: FreshDatabase) -> str:
    """The URL of an empty database of the User service."""
    return fresh_database("users")


@pytest.fixture
async def users_pool(users_url: str) -> AsyncIterator[PostgresPool]:
    """A pool for an empty database of the User service."""
    pool = PostgresPool(users_url)
    await pool.open()
    yield pool
    await pool.close()


@pytest.fixture
def users(users_pool: PostgresPool) -> PostgresUsers:
    return PostgresUsers(users_pool)


@pytest.fixture
def sessions(users_pool: PostgresPool) -> PostgresSessions:
    return PostgresSessions(users_pool)


@pytest.fixture
def logins(users_pool: PostgresPool) -> PostgresLogins:
    return PostgresLogins(users_pool)


STORE_FOLDERS = {"end_to_end", "storage"}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark tests that use real stores, so that `make test-fast` can leave them out."""
    for item in items:
        folders = set(item.path.relative_to(TESTS).parts)
        if (
            "stores" in getattr(item, "fixturenames", ())
            or folders & STORE_FOLDERS
            or "postgres" in item.name
        ):
            item.add_marker(pytest.mark.stores)
