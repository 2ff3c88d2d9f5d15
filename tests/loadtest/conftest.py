"""Two server processes, users for the load, and a log observer without a server."""

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from actors.accounts.tokens import hash_token, new_token
from loadtest.accounts.users_file import LoadUser
from loadtest.check.faults import FaultRecorder
from loadtest.check.log_observer import LogObserver
from storage.contracts.bulk_users import BulkUser
from storage.embedded import StoreUrls
from storage.postgres.bulk_users import PostgresBulkUsers
from storage.postgres.pool import PostgresPool
from storage.postgres.roles import SERVICES
from tests.conftest import STORES_START_S, DatabasePool, LoopThread
from tests.end_to_end.server_process import ServerProcess, ServerStores

USERS = 150
LIFETIME_S = 3600


@pytest.fixture
def faults() -> FaultRecorder:
    return FaultRecorder()


@pytest.fixture
def observer(faults: FaultRecorder) -> LogObserver:
    return LogObserver("run", faults)


@pytest.fixture(scope="session")
def load_server_stores(stores: StoreUrls, background: LoopThread, databases: DatabasePool) -> ServerStores:
    """The stores of the test run, with databases for the load tests alone."""
    databases_of_tests = {
        service: background.run(databases.acquire(service), STORES_START_S) for service in SERVICES
    }
    return ServerStores(stores, databases_of_tests)


@pytest.fixture(scope="session")
def server_urls(
    load_server_stores: ServerStores, background: LoopThread, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[str, ...]]:
    """URLs of two instances."""
    folder = tmp_path_factory.mktemp("loaded")
    instances = [ServerProcess(load_server_stores, folder / f"{name}.log") for name in ("one", "other")]
    try:
        for instance in instances:
            background.run(instance.start(), STORES_START_S)
        yield tuple(instance.url for instance in instances)
    finally:
        for instance in instances:
            if instance.url:
                instance.signal(signal.SIGTERM)
        for instance in instances:
            instance.close()


@pytest.fixture(scope="session")
def load_users(load_server_stores: ServerStores, background: LoopThread) -> list[LoadUser]:
    """Users inserted in bulk, each with a token."""
    users = [LoadUser(f"00000000-0000-4000-8000-{number:012d}", new_token()) for number in range(USERS)]

    async def insert_users() -> None:
        pool = PostgresPool(load_server_stores.databases["users"])
        await pool.open()
        try:
            bulk_users = [bulk_user(user, f"load_{number}") for number, user in enumerate(users)]
            assert await PostgresBulkUsers(pool).insert_users(bulk_users, LIFETIME_S) == USERS
        finally:
            await pool.close()

    background.run(insert_users(), STORES_START_S)
    return users


def bulk_user(user: LoadUser, username: str) -> BulkUser:
    token_hash = hash_token(user.token)
    assert token_hash is not None
    return BulkUser(user.id, username, token_hash)


@pytest.fixture
def report_folder(tmp_path: Path) -> Path:
    return tmp_path / "report"
