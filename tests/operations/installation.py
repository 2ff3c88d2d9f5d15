"""Stores of one installation with an instance on them, for tests of backups and upgrades."""

import time
import uuid
from pathlib import Path

import asyncpg
import msgspec

from config.settings import Settings, StoreSettings
from storage.embedded import StoreUrls
from storage.mongo.messaging import MongoMessaging
from storage.postgres.migrations import create_database
from storage.postgres.roles import SERVICES
from tests.end_to_end.server_process import ServerProcess, ServerStores
from tests.operations.operator_commands import run_command, run_process
from tests.storage.valkey_server import ValkeyServer

DOCTOR_TIMEOUT_S = 60.0


class Installation:
    """Stores of one installation, empty at first, and an instance on them."""

    def __init__(self, urls: StoreUrls, databases: dict[str, str], log: Path) -> None:
        self.urls = urls
        self.databases = databases
        named = {f"postgres_url_{service}": url for service, url in databases.items()}
        self.settings = Settings(stores=msgspec.convert(named, StoreSettings))
        self.instance = ServerProcess(ServerStores(urls, databases), log)

    @classmethod
    async def create(cls, stores: StoreUrls, redis: ValkeyServer, folder: Path) -> "Installation":
        name = uuid.uuid4().hex[:8]
        databases = {
            service: await create_database(stores.postgres, f"{service}_{name}") for service in SERVICES
        }
        return cls.on(stores, redis, databases, folder)

    @classmethod
    def on(
        cls, stores: StoreUrls, redis: ValkeyServer, databases: dict[str, str], folder: Path
    ) -> "Installation":
        """Return an installation with these databases and an empty messaging store."""
        name = uuid.uuid4().hex[:8]
        head, _, query = stores.mongo.partition("?")
        mongo = f"{head.rstrip('/')}/backup_{name}?{query}"
        urls = msgspec.structs.replace(stores, mongo=mongo, redis=redis.url)
        return cls(urls, databases, folder / f"{name}.log")

    async def create_messaging(self) -> None:
        """Create the collections, as an instance does when it starts."""
        (await MongoMessaging.open(self.urls.mongo)).close()

    async def run(self, *arguments: str) -> tuple[int, str]:
        return await run_command(self.settings, self.urls, *arguments)

    async def run_process(self, *arguments: str) -> tuple[int | None, str]:
        return await run_process(self.settings, self.urls, *arguments)

    async def fetch_value(self, service: str, query: str) -> int:
        connection = await asyncpg.connect(self.databases[service])
        try:
            return int(await connection.fetchval(query) or 0)
        finally:
            await connection.close()


async def wait_until_doctor_passes(installation: Installation) -> None:
    """Wait until consumers have read the retained events, after which every check must pass."""
    deadline = time.monotonic() + DOCTOR_TIMEOUT_S
    while True:
        status, output = await installation.run("doctor")
        if (status, "All checks passed." in output) == (0, True):
            return
        assert time.monotonic() < deadline, output
