"""A producer's database is restored from a backup: its outbox is read from the start."""

import contextlib
import itertools
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import PurePosixPath
from urllib.parse import urlsplit, urlunsplit

import asyncpg
import pytest

from actors.domain_events import reader as reading
from actors.domain_events.consumer import Consumer
from actors.posts.posts_count_consumer import PostsCountConsumer
from storage.contracts.posts import NewPostRecord
from storage.embedded import StoreUrls
from storage.postgres.audiences import PostgresAudiences
from storage.postgres.database import Database
from storage.postgres.posts import PostgresPosts
from storage.postgres.social import PostgresSocial
from storage.postgres.statement import Statement
from tests.actors.domain_events.reader_fixtures import catch_up, make_reader, run_readers
from tests.actors.domain_events.recording_consumers import TransactionalConsumer, publish_events
from tests.actors.domain_events.service_databases import open_database
from tests.conftest import FreshDatabase
from tests.until import until

ANA = str(uuid.uuid4())
ROLL_BACK_OUTBOX = Statement(
    "outbox_put_back",
    "WITH gone AS (DELETE FROM outbox WHERE id > $1) SELECT setval('outbox_id_seq', $1)",
    ("head",),
)
SHIFT_XIDS = Statement(
    "outbox_elsewhere", "UPDATE outbox SET xid = (xid::text::bigint + 1000000000)::text::xid8", ()
)
Backup = Callable[[], Awaitable[str]]
_numbers = itertools.count(1)


@pytest.fixture
def posts_url(fresh_database: FreshDatabase) -> str:
    """The URL of an empty database of the Post service."""
    return fresh_database("posts")


@pytest.fixture
async def backup(stores: StoreUrls, posts_url: str) -> AsyncIterator[Backup]:
    """Copy the Post service's database while nothing is connected; return the copy's URL."""
    parts, copies = urlsplit(posts_url), []
    connection = await asyncpg.connect(stores.postgres)

    async def copy() -> str:
        name = f"convene_restored_{next(_numbers)}"
        await connection.execute(f'CREATE DATABASE "{name}" TEMPLATE "{PurePosixPath(parts.path).name}"')
        copies.append(name)
        return urlunsplit(parts._replace(path=f"/{name}"))

    yield copy
    for name in copies:
        await connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')
    await connection.close()


@contextlib.asynccontextmanager
async def open_posts(url: str) -> AsyncIterator[tuple[Database, PostgresPosts]]:
    async with open_database(url, "posts") as database:
        yield database, PostgresPosts(database.pool, database.idempotency_keys)


async def read_all(consumer: Consumer, producer: Database, consumer_database: Database) -> None:
    """Read as a newly started instance."""
    await catch_up(
        make_reader(consumer, producer, consumer_database, batch_size=2), producer, consumer_database
    )


async def create_posts(posts: PostgresPosts, count: int) -> list[str]:
    return [await posts.create(NewPostRecord(ANA, f"post {number}"), None) for number in range(count)]


async def test_restored_copy_is_read_from_the_start(
    consumer_database: Database, consumer: TransactionalConsumer, posts_url: str, backup: Backup
) -> None:
    """A restored copy has another source name, so all of its events are handled again."""
    async with open_posts(posts_url) as (database, posts):
        await create_posts(posts, 3)
    restored = await backup()
    async with open_posts(posts_url) as (database, posts):
        await create_posts(posts, 2)
        await read_all(consumer, database, consumer_database)
        lost = await consumer.list_effects()
    async with open_posts(restored) as (database, posts):
        await create_posts(posts, 4)
        await read_all(consumer, database, consumer_database)
        (cursor, source) = await consumer_database.cursors.get("recorder"), await database.outbox.source()
    words = await consumer.list_effects()

    assert (len(lost), len(words)) == (5, 5 + 7)
    assert consumer.reset_count == 1
    assert cursor is not None
    assert (cursor.source, cursor.id) == (source.name, 7)


async def test_posts_counts_follow_a_restored_copy(
    consumer_database: Database, posts_url: str, backup: Backup
) -> None:
    """Events with lower ids than before the restore still update the counts."""
    counter = PostsCountConsumer(PostgresAudiences(consumer_database.pool, consumer_database.cursors))
    social = PostgresSocial(consumer_database.pool)
    async with open_posts(posts_url) as (database, posts):
        first, *_ = await create_posts(posts, 3)
    restored = await backup()
    async with open_posts(posts_url) as (database, posts):
        await create_posts(posts, 20)
        await read_all(counter, database, consumer_database)
        assert (await social.stats(ANA)).posts_count == 23
    async with open_posts(restored) as (database, posts):
        assert await posts.delete(first, ANA)
        await read_all(counter, database, consumer_database)
        assert (await social.stats(ANA)).posts_count == 2
        await create_posts(posts, 1)
        await read_all(counter, database, consumer_database)

    assert (await social.stats(ANA)).posts_count == 3


async def test_dump_from_another_server_is_readable(
    consumer_database: Database, consumer: TransactionalConsumer, posts_url: str, backup: Backup
) -> None:
    """Transaction ids from a server that is ahead are reassigned, so that their events become readable."""
    async with open_posts(posts_url) as (database, posts):
        await create_posts(posts, 3)
        await read_all(consumer, database, consumer_database)
        await database.pool.write(SHIFT_XIDS)
    restored = await backup()
    async with open_posts(restored) as (database, posts):
        await create_posts(posts, 2)
        await read_all(TransactionalConsumer(consumer_database), database, consumer_database)

    assert len(await consumer.list_effects()) == 3 + 5


async def test_rolled_back_database_is_read_from_the_start(
    producer: Database, consumer_database: Database, consumer: TransactionalConsumer
) -> None:
    """If the cursor is beyond the last id of the same database, it is read from the start."""
    await publish_events(producer, "one", "two", "gone", "gone too")
    await read_all(consumer, producer, consumer_database)
    await producer.pool.write(ROLL_BACK_OUTBOX, 2)
    await publish_events(producer, "three")
    await read_all(consumer, producer, consumer_database)

    assert await consumer.list_effects() == ["one", "two", "gone", "gone too", "one", "two", "three"]
    assert consumer.reset_count == 1


async def test_running_reader_detects_a_restore(
    producer: Database,
    consumer_database: Database,
    consumer: TransactionalConsumer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A running reader detects a restore within one check interval."""
    monkeypatch.setattr(reading, "CHECK_INTERVAL_S", 0.05)
    async with run_readers(make_reader(consumer, producer, consumer_database)):
        await publish_events(producer, "one", "gone")
        await until(lambda: consumer.handled_count == 2)
        await producer.pool.write(ROLL_BACK_OUTBOX, 1)
        await until(lambda: consumer.reset_count == 1)
        await publish_events(producer, "two")
        await until(lambda: consumer.handled_count == 4)

    assert await consumer.list_effects() == ["one", "gone", "one", "two"]
