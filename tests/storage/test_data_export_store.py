"""Contract of `DataExportStore`: one export per user, made under a lease."""

import asyncio

import pytest

from config.exports import EXPORT_LIFETIME_S
from storage.contracts.data_exports import FAILED, PENDING, READY, DataExportRecord, LeaseLost
from storage.errors import Missing
from storage.postgres.data_exports import PostgresDataExports
from storage.postgres.pruning import prunable_tables
from storage.postgres.users import PostgresUsers
from tests.storage.service_database import ServiceDatabase, random_id
from tests.storage.test_privacy_store import new_user

LEASE_S = 60.0
DAY_S = 86_400.0


@pytest.fixture
def exports(users_database: ServiceDatabase) -> PostgresDataExports:
    return PostgresDataExports(users_database.instance_a.pool)


@pytest.fixture
async def other(users_database: ServiceDatabase) -> PostgresDataExports:
    """The store of a second instance."""
    return PostgresDataExports((await users_database.instance()).pool)


@pytest.fixture
async def ana(users_database: ServiceDatabase) -> str:
    return (await PostgresUsers(users_database.instance_a.pool).register(new_user())).id


async def claim(exports: PostgresDataExports) -> DataExportRecord:
    claimed = await exports.claim(LEASE_S)
    assert claimed is not None
    return claimed


async def make_ready(exports: PostgresDataExports, *chunks: bytes) -> DataExportRecord:
    claimed = await claim(exports)
    for number, chunk in enumerate(chunks):
        await exports.add_chunk(claimed, number, chunk, LEASE_S)
    await exports.finish(claimed, EXPORT_LIFETIME_S)
    return claimed


async def expire(users_database: ServiceDatabase, user_id: str) -> None:
    await users_database.sql.execute(
        "UPDATE data_exports SET expires_at = now() - interval '2 hours' WHERE user_id = $1", user_id
    )


async def end_lease(users_database: ServiceDatabase) -> None:
    await users_database.sql.execute("UPDATE data_exports SET lease_until = now() - interval '1 second'")


async def test_concurrent_requests_make_one_export(
    exports: PostgresDataExports, other: PostgresDataExports, ana: str
) -> None:
    """A pending one is returned; an unknown user has none."""
    assert await exports.get(ana) is None
    requested = await asyncio.gather(*(store.request(ana, DAY_S) for store in (exports, other) * 4))
    assert len({export.id for export, _ in requested}) == 1
    assert sorted(is_new for _, is_new in requested) == [False] * 7 + [True]
    export = await exports.get(ana)
    assert export is not None
    assert (export.state, export.attempt, export.bytes, export.expires_at) == (PENDING, 0, 0, None)
    with pytest.raises(Missing):
        await exports.request(random_id(), DAY_S)


async def test_one_instance_claims_an_export(
    exports: PostgresDataExports, other: PostgresDataExports, ana: str
) -> None:
    """The oldest first; another instance gets nothing while the lease lasts."""
    assert await exports.claim(LEASE_S) is None
    await exports.request(ana, DAY_S)
    claims = await asyncio.gather(*(store.claim(LEASE_S) for store in (exports, other) * 3))
    assert [one.attempt for one in claims if one is not None] == [1]
    assert (await exports.backlog()).pending == 1


async def test_archive_is_read_as_written(exports: PostgresDataExports, ana: str) -> None:
    """By chunk; it is found once it is ready."""
    await exports.request(ana, DAY_S)
    claimed = await claim(exports)
    await exports.add_chunk(claimed, 0, b"one", LEASE_S)
    assert await exports.find_ready(claimed.id) is None
    await exports.add_chunk(claimed, 1, b"two!", LEASE_S)
    await exports.finish(claimed, EXPORT_LIFETIME_S)
    ready = await exports.find_ready(claimed.id)
    assert ready is not None
    assert (ready.export.state, ready.export.bytes, ready.export.chunk_count) == (READY, 7, 2)
    assert [await exports.read_chunk(ready.export, number) for number in range(3)] == [b"one", b"two!", None]
    assert (await exports.backlog()).pending == 0
    assert await exports.find_ready(random_id()) is None
    assert await exports.find_ready("nonsense") is None


async def test_lost_lease_writes_nothing(
    users_database: ServiceDatabase, exports: PostgresDataExports, other: PostgresDataExports, ana: str
) -> None:
    """The next attempt begins without the chunks of the one before."""
    await exports.request(ana, DAY_S)
    first = await claim(exports)
    await exports.add_chunk(first, 0, b"old", LEASE_S)
    await end_lease(users_database)
    second = await claim(other)
    assert (second.id, second.attempt, second.bytes) == (first.id, 2, 0)
    for late in (
        exports.add_chunk(first, 1, b"late", LEASE_S),
        exports.renew(first, LEASE_S),
        exports.finish(first, EXPORT_LIFETIME_S),
        exports.release(first, failed=True, retry_s=0.0, lifetime_s=EXPORT_LIFETIME_S),
    ):
        with pytest.raises(LeaseLost):
            await late
    await other.add_chunk(second, 0, b"new", LEASE_S)
    await other.finish(second, EXPORT_LIFETIME_S)
    stored = await users_database.sql.fetch("SELECT data FROM data_export_chunks")
    assert [row["data"] for row in stored] == [b"new"]


async def test_chunks_have_no_gaps(exports: PostgresDataExports, ana: str) -> None:
    """A number that is not the next is refused."""
    await exports.request(ana, DAY_S)
    claimed = await claim(exports)
    with pytest.raises(LeaseLost):
        await exports.add_chunk(claimed, 1, b"gap", LEASE_S)


async def test_released_export_is_retried_or_failed(exports: PostgresDataExports, ana: str) -> None:
    """After the time given; a failed one has no archive."""
    await exports.request(ana, DAY_S)
    claimed = await claim(exports)
    await exports.release(claimed, failed=False, retry_s=60.0, lifetime_s=EXPORT_LIFETIME_S)
    assert await exports.claim(LEASE_S) is None
    await exports.release(claimed, failed=False, retry_s=-1.0, lifetime_s=EXPORT_LIFETIME_S)
    claimed = await claim(exports)
    assert claimed.attempt == 2
    await exports.release(claimed, failed=True, retry_s=0.0, lifetime_s=EXPORT_LIFETIME_S)
    export = await exports.get(ana)
    assert export is not None
    assert export.state == FAILED
    assert await exports.claim(LEASE_S) is None
    assert await exports.list_unnotified(10) == []


async def test_new_export_replaces_an_old_one(
    users_database: ServiceDatabase, exports: PostgresDataExports, ana: str
) -> None:
    """After a day, or once it has expired; not before."""
    await exports.request(ana, DAY_S)
    first = await make_ready(exports, b"data")
    assert await exports.request(ana, DAY_S) == (await exports.get(ana), False)
    second, is_new = await exports.request(ana, 0.0)
    assert is_new
    assert second.id != first.id
    assert await exports.find_ready(first.id) is None
    await make_ready(exports)
    await expire(users_database, ana)
    assert await exports.get(ana) is None
    assert await exports.find_ready(second.id) is None
    _, is_new = await exports.request(ana, DAY_S)
    assert is_new


async def test_ready_export_is_notified_once(exports: PostgresDataExports, ana: str) -> None:
    """It is listed until it is marked."""
    await exports.request(ana, DAY_S)
    assert await exports.list_unnotified(10) == []
    made = await make_ready(exports)
    assert [one.id for one in await exports.list_unnotified(10)] == [made.id]
    await exports.mark_notified([made.id])
    assert await exports.list_unnotified(10) == []


async def test_expired_exports_are_pruned_with_their_chunks(
    users_database: ServiceDatabase, exports: PostgresDataExports, ana: str
) -> None:
    """In bounded batches: the chunks first, then the export."""
    await exports.request(ana, DAY_S)
    await make_ready(exports, b"1", b"2", b"3")
    pools = dict.fromkeys(("users", "social", "events", "notifications"), users_database.instance_a.pool)
    tables = {table.name: table for table in prunable_tables(pools)}
    chunks, rows = tables["users.data_export_chunks"], tables["users.data_exports"]
    assert (await chunks.prune(10), await rows.prune(10)) == (0, 0)
    await expire(users_database, ana)
    assert (await chunks.prune(2), await rows.prune(10)) == (2, 0)
    assert (await chunks.prune(2), await rows.prune(10)) == (1, 1)
    assert (await chunks.prune(2), await rows.prune(10)) == (0, 0)


async def test_deleted_user_has_no_export(
    users_database: ServiceDatabase, exports: PostgresDataExports, ana: str
) -> None:
    """Neither one that is being made nor its chunks stay."""
    await exports.request(ana, DAY_S)
    claimed = await claim(exports)
    await exports.add_chunk(claimed, 0, b"data", LEASE_S)
    await users_database.sql.execute("DELETE FROM users WHERE id = $1", ana)
    with pytest.raises(LeaseLost):
        await exports.add_chunk(claimed, 1, b"more", LEASE_S)
    assert await users_database.sql.fetchval("SELECT count(*) FROM data_export_chunks") == 0
    assert await exports.claim(LEASE_S) is None


async def test_banned_user_cannot_download(
    users_database: ServiceDatabase, exports: PostgresDataExports, ana: str
) -> None:
    """As they cannot log in."""
    await exports.request(ana, DAY_S)
    made = await make_ready(exports, b"data")
    await users_database.sql.execute("UPDATE users SET banned_at = now() WHERE id = $1", ana)
    assert await exports.find_ready(made.id) is None
