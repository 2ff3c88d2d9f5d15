"""The exporter: finished by another instance, failed after some attempts, in bounded memory."""

import asyncio
import io
import json
import tracemalloc
import zipfile
from collections.abc import AsyncGenerator, AsyncIterator, Sequence

import pytest

from actors.exports.exporter import DataExporter
from actors.notifications.notification_preferences import DEFAULT_CHANNELS
from config.exports import EXPORT_ATTEMPTS_MAX, EXPORT_BATCH_ROWS
from storage.contracts.data_exports import FAILED, PENDING, READY, ExportPart
from storage.errors import Unavailable
from storage.postgres.data_exports import PostgresDataExports
from storage.postgres.database import Database
from storage.postgres.export_parts import PARTS, PostgresExportPart
from storage.postgres.notifications import PostgresNotifications
from storage.postgres.users import PostgresUsers
from tests.actors.domain_events.service_databases import open_databases
from tests.conftest import FreshDatabase
from tests.storage.test_privacy_store import new_user

DAY_S = 86_400.0
END_LEASES = "UPDATE data_exports SET lease_until = now() - interval '1 second'"


class Numbers:
    """A part of three objects. `gate` can hold it up, `errors` are raised by its first reads."""

    name = "numbers"

    def __init__(self, *errors: Exception) -> None:
        self.errors = list(errors)
        self.gate = asyncio.Event()
        self.gate.set()
        self.started = asyncio.Event()

    async def read(self, user_id: str) -> AsyncGenerator[Sequence[bytes]]:
        self.started.set()
        yield [b"1"]
        await self.gate.wait()
        if self.errors:
            raise self.errors.pop(0)
        yield [b"2", b"3"]


class ExportSetup:
    """Two service databases, a user, and exporters on them."""

    def __init__(self, databases: dict[str, Database]) -> None:
        self.databases = databases
        self.users = databases["users"].pool
        self.store = PostgresDataExports(self.users)
        notifications = databases["notifications"]
        self.notifications = PostgresNotifications(
            notifications.pool, notifications.cursors, DEFAULT_CHANNELS
        )
        self.wakes = 0

    def exporter(self, *parts: ExportPart) -> DataExporter:
        return DataExporter(self.store, parts, self.notifications, self._count_wake)

    async def request(self) -> str:
        """Register a user who requests an export, and return its id."""
        user = await PostgresUsers(self.users).register(new_user())
        await self.store.request(user.id, DAY_S)
        return user.id

    async def end_leases(self) -> None:
        async with self.users.transaction() as transaction:
            await transaction._connection.execute(END_LEASES)

    async def state(self, user_id: str) -> tuple[str, int]:
        """Return state and attempt."""
        export = await self.store.get(user_id)
        assert export is not None
        return export.state, export.attempt

    async def read_archive(self, user_id: str) -> dict[str, object]:
        export = await self.store.get(user_id)
        assert export is not None
        chunks = [await self.store.read_chunk(export, number) for number in range(export.chunk_count)]
        data = b"".join(chunk for chunk in chunks if chunk is not None)
        assert len(data) == export.bytes
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            return {name: json.loads(archive.read(name)) for name in archive.namelist()}

    async def notification_types(self, user_id: str) -> list[str]:
        found = await self.notifications.page(user_id, None, (), 100, unread_only=False)
        return [one.type for one in found]

    def _count_wake(self) -> None:
        self.wakes += 1


@pytest.fixture
async def setup(fresh_database: FreshDatabase) -> AsyncIterator[ExportSetup]:
    async with open_databases(fresh_database, "users", "posts", "notifications") as databases:
        yield ExportSetup(databases)


async def test_pending_exports_are_made_and_notified_once(setup: ExportSetup) -> None:
    """All of them; the first file describes the others."""
    ana, ben = await setup.request(), await setup.request()
    exporter = setup.exporter(Numbers())
    await exporter.run()
    await exporter.run()
    for user_id in (ana, ben):
        files = await setup.read_archive(user_id)
        assert files["numbers.json"] == [1, 2, 3]
        assert isinstance(files["about.json"], list)
        about = files["about.json"][0]
        assert (about["user_id"], about["files"]) == (user_id, ["numbers"])
        assert await setup.notification_types(user_id) == ["EXPORT_READY"]
    assert setup.wakes > 0
    found = exporter.statistics()
    assert (found.made, found.failed, found.backlog.pending) == (2, 0, 0)


async def test_export_of_a_stopped_instance_is_made_by_another(setup: ExportSetup) -> None:
    """When its lease has ended, not before."""
    ana = await setup.request()
    held = Numbers()
    held.gate.clear()
    stopped = setup.exporter(held)
    stopped.start()
    await held.started.wait()
    await stopped.close()
    other = setup.exporter(Numbers())
    await other.run()
    assert await setup.state(ana) == (PENDING, 1)
    assert other.statistics().backlog.pending == 1
    await setup.end_leases()
    await other.run()
    assert await setup.state(ana) == (READY, 2)
    assert (await setup.read_archive(ana))["numbers.json"] == [1, 2, 3]


async def test_instance_that_lost_its_lease_changes_nothing(setup: ExportSetup) -> None:
    """Also if it goes on after the other one has finished."""
    ana = await setup.request()
    held = Numbers()
    held.gate.clear()
    slow = setup.exporter(held)
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(slow.run())
        await held.started.wait()
        await setup.end_leases()
        await setup.exporter(Numbers()).run()
        before = await setup.read_archive(ana)
        held.gate.set()
    assert await setup.state(ana) == (READY, 2)
    assert await setup.read_archive(ana) == before
    assert slow.statistics().made == 0
    assert await setup.notification_types(ana) == ["EXPORT_READY"]


@pytest.mark.parametrize("error", [Unavailable("gone"), ValueError("a bug")])
async def test_failed_attempt_is_retried(setup: ExportSetup, error: Exception) -> None:
    """After a store was not available, and after a bug; the others are made meanwhile."""
    ana, ben = await setup.request(), await setup.request()
    exporter = setup.exporter(Numbers(error))
    await exporter.run()
    assert await setup.state(ana) == (PENDING, 1)
    assert await setup.state(ben) == (READY, 1)
    await setup.end_leases()
    await exporter.run()
    assert await setup.state(ana) == (READY, 2)


async def test_export_fails_after_some_attempts(setup: ExportSetup) -> None:
    """No one is notified of it."""
    ana = await setup.request()
    exporter = setup.exporter(Numbers(*[Unavailable("gone")] * EXPORT_ATTEMPTS_MAX))
    for _ in range(EXPORT_ATTEMPTS_MAX + 1):
        await exporter.run()
        await setup.end_leases()
    assert (await setup.state(ana))[0] == FAILED
    assert exporter.statistics().failed == 1
    assert await setup.notification_types(ana) == []


async def test_large_account_is_exported_in_bounded_memory(setup: ExportSetup) -> None:
    """Of 30,000 posts, a few batches are in memory at once."""
    ana = await setup.request()
    posts = setup.databases["posts"].pool
    async with posts.transaction() as transaction:
        # Without triggers, which count and announce each post.
        await transaction._connection.execute("SET LOCAL session_replication_role = replica")
        await transaction._connection.execute(
            "INSERT INTO posts (author_id, content) "
            "SELECT $1, repeat(md5(number::text), 8) FROM generate_series(1, 30000) AS number",
            ana,
        )
    read: list[int] = []

    class Counted(PostgresExportPart):
        async def read(self, user_id: str) -> AsyncGenerator[Sequence[bytes]]:
            async for batch in super().read(user_id):
                read.append(len(batch))
                yield batch

    exporter = setup.exporter(Counted(posts, next(part for part in PARTS if part.name == "posts")))
    tracemalloc.start()
    try:
        await exporter.run()
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert (sum(read), max(read)) == (30_000, EXPORT_BATCH_ROWS)
    assert peak < 4_000_000
    exported = (await setup.read_archive(ana))["posts.json"]
    assert isinstance(exported, list)
    assert len({one["id"] for one in exported}) == 30_000
