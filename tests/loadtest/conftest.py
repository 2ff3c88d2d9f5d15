"""Two real instances, people made for a load, and the checker on its own."""

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from actors.accounts.tokens import hash_token, new_token
from loadtest.check.faults import Faults
from loadtest.check.ledger import Ledger
from loadtest.people.users_file import Person
from storage.contracts.bulk_users import BulkUser
from storage.embedded import StoreUrls
from storage.postgres.bulk_users import PostgresBulkUsers
from storage.postgres.pool import PostgresPool
from storage.stores import SERVICES
from tests.conftest import STORES_START_S, DatabasePool, LoopThread
from tests.journeys.instance import Backing, Instance

PEOPLE = 150
LIFETIME_S = 3600


@pytest.fixture
def faults() -> Faults:
    return Faults()


@pytest.fixture
def ledger(faults: Faults) -> Ledger:
    return Ledger("run", faults)


@pytest.fixture(scope="session")
def loaded_backing(stores: StoreUrls, background: LoopThread, databases: DatabasePool) -> Backing:
    """The stores of the run, with databases that the load tests have to themselves."""
    own = {service: background.run(databases.acquire(service), STORES_START_S) for service in SERVICES}
    return Backing(stores, own)


@pytest.fixture(scope="session")
def loaded_urls(
    loaded_backing: Backing, background: LoopThread, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[str, ...]]:
    """Two instances."""
    folder = tmp_path_factory.mktemp("loaded")
    both = [Instance(loaded_backing, folder / f"{name}.log") for name in ("one", "other")]
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
def crowd(loaded_backing: Backing, background: LoopThread) -> list[Person]:
    """People whom the store made at once, each with a token."""
    people = [Person(f"00000000-0000-4000-8000-{number:012d}", new_token()) for number in range(PEOPLE)]

    async def admit() -> None:
        pool = PostgresPool(loaded_backing.databases["users"])
        await pool.open()
        try:
            newcomers = [newcomer(person, f"load_{number}") for number, person in enumerate(people)]
            assert await PostgresBulkUsers(pool).insert_users(newcomers, LIFETIME_S) == PEOPLE
        finally:
            await pool.close()

    background.run(admit(), STORES_START_S)
    return people


def newcomer(person: Person, username: str) -> BulkUser:
    known_by = hash_token(person.token)
    assert known_by is not None
    return BulkUser(person.id, username, known_by)


@pytest.fixture
def reports(tmp_path: Path) -> Path:
    """Where reports go."""
    return tmp_path / "report"
