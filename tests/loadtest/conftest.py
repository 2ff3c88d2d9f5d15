"""Two real instances, people made for a load, and the checker on its own."""

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
from storage.stores import SERVICES
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
    """The stores of the run, with databases that the load tests have to themselves."""
    own = {service: background.run(databases.acquire(service), STORES_START_S) for service in SERVICES}
    return ServerStores(stores, own)


@pytest.fixture(scope="session")
def server_urls(
    load_server_stores: ServerStores, background: LoopThread, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[str, ...]]:
    """Two instances."""
    folder = tmp_path_factory.mktemp("loaded")
    both = [ServerProcess(load_server_stores, folder / f"{name}.log") for name in ("one", "other")]
    try:
        for instance in both:
            background.run(instance.start(), STORES_START_S)
        yield tuple(instance.url for instance in both)
    finally:
        for instance in both:
            if instance.url:
                instance.signal(signal.SIGTERM)
        for instance in both:
            instance.close()


@pytest.fixture(scope="session")
def load_users(load_server_stores: ServerStores, background: LoopThread) -> list[LoadUser]:
    """People whom the store made at once, each with a token."""
    people = [LoadUser(f"00000000-0000-4000-8000-{number:012d}", new_token()) for number in range(USERS)]

    async def admit() -> None:
        pool = PostgresPool(load_server_stores.databases["users"])
        await pool.open()
        try:
            newcomers = [bulk_user(person, f"load_{number}") for number, person in enumerate(people)]
            assert await PostgresBulkUsers(pool).insert_users(newcomers, LIFETIME_S) == USERS
        finally:
            await pool.close()

    background.run(admit(), STORES_START_S)
    return people


def bulk_user(user: LoadUser, username: str) -> BulkUser:
    known_by = hash_token(user.token)
    assert known_by is not None
    return BulkUser(user.id, username, known_by)


@pytest.fixture
def report_folder(tmp_path: Path) -> Path:
    """Where reports go."""
    return tmp_path / "report"
