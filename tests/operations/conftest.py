"""Operator services on databases of one test."""

import uuid
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import msgspec
import pytest

from config.settings import ServerSettings, Settings, StoreSettings
from server.instance import Instance
from server.operator_services import OperatorServices
from storage.contracts.users import NewUser
from storage.embedded import StoreUrls
from storage.postgres.pool import PostgresPool
from storage.postgres.roles import SERVICES
from storage.postgres.users import PostgresUsers
from tests.conftest import FreshDatabase
from tests.operations.installation import Installation
from tests.storage.valkey_server import ValkeyServer


@pytest.fixture
def own_databases(fresh_database: FreshDatabase) -> dict[str, str]:
    """An empty database for each service."""
    return {service: fresh_database(service) for service in SERVICES}


@pytest.fixture
def own_settings(own_databases: dict[str, str]) -> Settings:
    urls_by_setting = {f"postgres_url_{service}": url for service, url in own_databases.items()}
    stores = msgspec.convert(urls_by_setting, StoreSettings)
    return Settings(server=ServerSettings(port=0), stores=stores)


@pytest.fixture
def own_stores(stores: StoreUrls) -> StoreUrls:
    """The stores of the test run, with a separate MongoDB database."""
    head, _, query = stores.mongo.partition("?")
    mongo = f"{head.rstrip('/')}/doctor_{uuid.uuid4().hex[:8]}?{query}"
    return msgspec.structs.replace(stores, mongo=mongo)


@pytest.fixture
async def operations(own_settings: Settings, own_stores: StoreUrls) -> AsyncIterator[OperatorServices]:
    """Services of the operator commands; no readers run."""
    instance = Instance(own_settings, own_stores)
    try:
        yield await instance.open_operator_services()
    finally:
        await instance.stop()


@pytest.fixture
def redis() -> Iterator[ValkeyServer]:
    """A Redis server used only by this test: a restore removes its keys."""
    server = ValkeyServer()
    server.start()
    yield server
    server.close()


@pytest.fixture
async def source(stores: StoreUrls, redis: ValkeyServer, tmp_path: Path) -> AsyncIterator[Installation]:
    """An installation with a running instance."""
    installation = await Installation.create(stores, redis, tmp_path)
    await installation.instance.start()
    yield installation
    installation.instance.close()


@pytest.fixture
async def target(stores: StoreUrls, redis: ValkeyServer, tmp_path: Path) -> AsyncIterator[Installation]:
    """Other stores, completely empty: no tables, no collections."""
    installation = await Installation.create(stores, redis, tmp_path)
    yield installation
    installation.instance.close()


@pytest.fixture
async def filled_installation(
    stores: StoreUrls, redis: ValkeyServer, own_databases: dict[str, str], tmp_path: Path
) -> Installation:
    """Stores with one user, on which no instance runs."""
    installation = Installation.on(stores, redis, own_databases, tmp_path)
    await installation.create_messaging()
    pool = PostgresPool(own_databases["users"])
    await pool.open()
    try:
        await PostgresUsers(pool).register(NewUser("ana@example.test", "ana", "x", None))
    finally:
        await pool.close()
    return installation
