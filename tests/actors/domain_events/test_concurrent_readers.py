"""Readers of one consumer on two instances: the lock saves work, the cursor ensures safety."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from actors.domain_events import reader as reading
from actors.domain_events.reader import Reader
from storage.errors import Conflict
from storage.postgres.database import Database
from storage.postgres.locks import PostgresLocks
from storage.postgres.statement import Statement
from tests.actors.domain_events.reader_fixtures import (
    NEVER_S,
    UncontendedLocks,
    catch_up,
    make_reader,
    run_readers,
)
from tests.actors.domain_events.recording_consumers import TransactionalConsumer, publish_events
from tests.until import until

WORDS = [f"word {number}" for number in range(60)]
TERMINATE_LOCK_CONNECTIONS = Statement(
    "locks_cut",
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
    " WHERE application_name = 'convene locks' AND datname = current_database()"
    " AND pid IN (SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND granted)",
    (),
)


@pytest.fixture
async def instance_locks(consumer_url: str) -> AsyncIterator[tuple[PostgresLocks, PostgresLocks]]:
    """The locks of two instances."""
    both = PostgresLocks(consumer_url), PostgresLocks(consumer_url)
    yield both
    for locks in both:
        await locks.release_all()


def total_handled(*consumers: TransactionalConsumer) -> int:
    return sum(consumer.handled_count for consumer in consumers)


async def test_only_the_lock_holder_reads(
    producer: Database,
    consumer_database: Database,
    consumer: TransactionalConsumer,
    instance_locks: tuple[PostgresLocks, PostgresLocks],
) -> None:
    """Only the lock holder handles events; after it releases the lock, the other continues at the cursor."""
    consumers = consumer, TransactionalConsumer(consumer_database)
    first, second = (
        make_reader(consumer, producer, consumer_database, locks=locks)
        for consumer, locks in zip(consumers, instance_locks, strict=True)
    )
    async with run_readers(first):
        await until(lambda: first.is_reading)
        async with run_readers(second):
            await publish_events(producer, *WORDS[:30])
            await until(lambda: total_handled(*consumers) == 30)
            assert (first.is_reading, second.is_reading) == (True, False)
            assert not consumers[1].batches
    async with run_readers(second):
        await publish_events(producer, *WORDS[30:])
        await instance_locks[0].release_all()
        await until(lambda: total_handled(consumers[1]) == 30)

    assert await consumer.list_effects() == WORDS


async def test_lock_is_released_with_its_connection(
    producer: Database,
    consumer_database: Database,
    consumer: TransactionalConsumer,
    instance_locks: tuple[PostgresLocks, PostgresLocks],
) -> None:
    """When a crashed instance's connection ends, the other reads within one poll interval."""
    consumers = consumer, TransactionalConsumer(consumer_database)
    first, second = (
        make_reader(consumer, producer, consumer_database, locks=locks)
        for consumer, locks in zip(consumers, instance_locks, strict=True)
    )
    dies = asyncio.create_task(first.run())
    await until(lambda: first.is_reading)
    async with run_readers(second):
        await publish_events(producer, *WORDS[:30])
        await until(lambda: total_handled(consumers[0]) == 30)
        dies.cancel()
        await asyncio.gather(dies, return_exceptions=True)
        await publish_events(producer, *WORDS[30:])
        assert not second.is_reading
        await consumer_database.pool.write(TERMINATE_LOCK_CONNECTIONS)
        await until(lambda: second.is_reading and total_handled(consumers[1]) == 30)

    assert await consumer.list_effects() == WORDS


async def test_lost_lock_is_not_reported_as_held(
    consumer_database: Database, instance_locks: tuple[PostgresLocks, PostgresLocks]
) -> None:
    """An instance that lost its lock to another one does not report it as held.

    The server releases the lock shortly before the connection ends, so the first may notice it later.
    """
    first, second = instance_locks
    assert await first.try_acquire("recorder")
    assert await first.try_acquire("another")
    assert not await second.try_acquire("recorder")
    await consumer_database.pool.write(TERMINATE_LOCK_CONNECTIONS)
    async with asyncio.timeout(5.0):
        while not await second.try_acquire("recorder"):
            """The server has not released the lock yet."""
        while await first.try_acquire("recorder"):
            """The end of the connection has not arrived yet."""
            await asyncio.sleep(0)

    assert await first.try_acquire("another")


async def test_lost_locks_neither_skip_nor_repeat_events(
    producer: Database,
    consumer_database: Database,
    consumer: TransactionalConsumer,
    instance_locks: tuple[PostgresLocks, PostgresLocks],
) -> None:
    """With repeatedly cut connections, events are neither skipped nor repeated."""
    consumers = consumer, TransactionalConsumer(consumer_database)
    readers = [
        make_reader(consumer, producer, consumer_database, locks=locks, batch_size=4)
        for consumer, locks in zip(consumers, instance_locks, strict=True)
    ]
    async with run_readers(*readers):
        for start in range(0, len(WORDS), 10):
            await until(lambda: any(reader.is_reading for reader in readers))
            await publish_events(producer, *WORDS[start : start + 5])
            await consumer_database.pool.write(TERMINATE_LOCK_CONNECTIONS)
            await publish_events(producer, *WORDS[start + 5 : start + 10])
        await until(lambda: total_handled(*consumers) == len(WORDS))

    assert await consumer.list_effects() == WORDS


async def test_concurrent_cursor_updates_conflict(
    producer: Database, consumer_database: Database, consumer: TransactionalConsumer
) -> None:
    """Of two readers that handle the same events concurrently, one commits and the other rolls back."""
    meeting = asyncio.Barrier(2)
    consumers = consumer, TransactionalConsumer(consumer_database)

    async def wait_for_other(word: str) -> None:
        if word == WORDS[4]:
            await meeting.wait()

    for each_consumer in consumers:
        each_consumer.after_effect = wait_for_other
    await publish_events(producer, *WORDS[:5])
    outcomes = await asyncio.gather(
        *(
            make_reader(consumer, producer, consumer_database, locks=UncontendedLocks()).read()
            for consumer in consumers
        ),
        return_exceptions=True,
    )

    lost = [error for error in outcomes if isinstance(error, BaseException)]
    assert [(type(error), str(error)) for error in lost] == [(Conflict, "cursor")]
    assert await consumer.list_effects() == WORDS[:5]


async def test_reader_reloads_the_cursor_after_a_conflict(
    producer: Database,
    consumer_database: Database,
    consumer: TransactionalConsumer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """After a conflict the reader reloads the cursor immediately, not only at the next check."""
    monkeypatch.setattr(reading, "CHECK_INTERVAL_S", NEVER_S)
    arrived, gate = asyncio.Event(), asyncio.Event()

    async def yield_to_loop(word: str) -> None:
        if word == WORDS[1]:
            arrived.set()
            await gate.wait()

    consumer.before_effect = yield_to_loop
    async with run_readers(make_reader(consumer, producer, consumer_database, locks=UncontendedLocks())):
        await publish_events(producer, WORDS[0])
        await until(lambda: consumer.handled_count == 1)
        await publish_events(producer, WORDS[1])
        await asyncio.wait_for(arrived.wait(), 5.0)
        passing = make_reader(
            TransactionalConsumer(consumer_database), producer, consumer_database, locks=UncontendedLocks()
        )
        await catch_up(passing, producer, consumer_database)
        gate.set()
        await publish_events(producer, WORDS[2])
        await until(lambda: consumer.handled_count == 2)

    assert await consumer.list_effects() == WORDS[:3]
    assert consumer.batches[-1] == [WORDS[2]]


async def test_events_are_handled_once_without_locks(
    producer: Database, consumer_database: Database, consumer: TransactionalConsumer
) -> None:
    """Three readers without locks handle concurrently published events exactly once."""
    consumers = [consumer, TransactionalConsumer(consumer_database), TransactionalConsumer(consumer_database)]

    async def yield_to_loop(_word: str) -> None:
        await asyncio.sleep(0)

    for each_consumer in consumers:
        each_consumer.after_effect = yield_to_loop
    readers: list[Reader] = [
        make_reader(
            consumer, producer, consumer_database, locks=UncontendedLocks(), poll_s=0.005, batch_size=2
        )
        for consumer in consumers
    ]
    async with run_readers(*readers):
        for word in WORDS:
            await publish_events(producer, word)
        await until(lambda: total_handled(*consumers) == len(WORDS))

    assert await consumer.list_effects() == WORDS
