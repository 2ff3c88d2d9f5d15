"""All readers of an instance: wake-ups, health check, shutdown and pruning."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from actors.domain_events import reader
from actors.domain_events import readers as module
from actors.domain_events.readers import Producer, Readers
from storage.contracts.domain_events import Cursor
from storage.errors import Unavailable
from storage.postgres.database import Database
from storage.postgres.locks import PostgresLocks
from tests.actors.domain_events.reader_fixtures import NEVER_S, make_reader
from tests.actors.domain_events.recording_consumers import TransactionalConsumer, publish_events
from tests.until import until


class ReadersSetup:
    """An instance's readers, and the wake-ups that it publishes."""

    def __init__(
        self, producer: Database, consumer_database: Database, consumer: TransactionalConsumer
    ) -> None:
        self.published: list[tuple[str, bytes]] = []
        self.reader = make_reader(consumer, producer, consumer_database, poll_s=NEVER_S)
        reading = Producer(producer.outbox, producer.idempotency_keys, (self.reader,))
        silent = Producer(consumer_database.outbox, consumer_database.idempotency_keys, ())
        self.readers = Readers(
            {"users": reading, "social": silent},
            [consumer_database.locks],
            {"social": consumer_database.cursors},
            lambda topic, frame: self.published.append((topic, frame)),
            0.0,
        )


@pytest.fixture
async def instance(
    producer: Database, consumer_database: Database, consumer: TransactionalConsumer
) -> AsyncIterator[ReadersSetup]:
    """Started readers, without events."""
    made = ReadersSetup(producer, consumer_database, consumer)
    made.readers.start()
    await until(lambda: made.reader.is_reading)
    yield made
    await made.readers.close()


async def test_wake_readers_wakes_local_and_remote_readers(
    producer: Database, consumer: TransactionalConsumer, instance: ReadersSetup
) -> None:
    """Wake-ups within one tick are merged, and reach local and remote readers."""
    await publish_events(producer, "hello")
    for _ in range(5):
        instance.readers.wake_readers("users")
    await until(lambda: consumer.handled_count == 1)
    assert instance.published == [("d:users", b"")]
    await publish_events(producer, "hello again")
    instance.readers.on_bus_message("d:users")
    await until(lambda: consumer.handled_count == 2)

    assert instance.published == [("d:users", b"")]
    assert instance.readers.topics() == ["d:users", "d:social"]


async def test_check_fails_while_a_reader_is_stuck(
    producer: Database,
    consumer: TransactionalConsumer,
    instance: ReadersSetup,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """`check` fails while a reader has been failing for long, and passes after it recovers."""
    monkeypatch.setattr(module, "FAILING_TIMEOUT_S", 0.0)
    failing = True

    async def fail(_word: str) -> None:
        if failing:
            raise Unavailable

    consumer.before_effect = fail
    await instance.readers.check()
    await publish_events(producer, "hello")
    instance.readers.wake_readers("users")
    await until(lambda: instance.reader.statistics().failing_s)
    with pytest.raises(Unavailable, match="recorder"):
        await instance.readers.check()
    failing = False
    instance.readers.wake_readers("users")
    await until(lambda: consumer.handled_count == 1)
    await until(lambda: not instance.reader.statistics().failing_s)

    await instance.readers.check()


async def test_close_releases_the_locks(consumer_url: str, instance: ReadersSetup) -> None:
    """Closing releases the locks, so that another instance can read at once."""
    other = PostgresLocks(consumer_url)
    assert not await other.try_acquire("recorder")
    await instance.readers.close()
    assert await other.try_acquire("recorder")
    await other.release_all()


@pytest.fixture
def frequent_pruning(monkeypatch: pytest.MonkeyPatch) -> None:
    """Request it before `instance`."""
    monkeypatch.setattr(module, "PRUNE_INTERVAL_S", 0.01)


async def test_handled_events_are_pruned(
    frequent_pruning: None,
    producer: Database,
    consumer: TransactionalConsumer,
    instance: ReadersSetup,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The reading instance prunes handled events periodically."""
    monkeypatch.setattr(reader, "CHECK_INTERVAL_S", 0.0)
    await instance.readers.close()
    await publish_events(producer, "hello", "world")
    instance.readers.start()
    async with asyncio.timeout(5.0):
        while await producer.outbox.lag_s(Cursor("")):
            """Not read or not pruned yet."""

    assert consumer.handled_count == 2
