"""All readers of an instance: woken by hints from here and elsewhere, watched, and ended together."""

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
    """An instance's readers, and what it tells the others."""

    def __init__(self, producer: Database, keeper: Database, tally: TransactionalConsumer) -> None:
        self.published: list[tuple[str, bytes]] = []
        self.reader = make_reader(tally, producer, keeper, poll_s=NEVER_S)
        reading = Producer(producer.outbox, producer.idempotency_keys, (self.reader,))
        silent = Producer(keeper.outbox, keeper.idempotency_keys, ())
        self.readers = Readers(
            {"users": reading, "social": silent},
            [keeper.locks],
            {"social": keeper.cursors},
            lambda topic, frame: self.published.append((topic, frame)),
            0.0,
        )


@pytest.fixture
async def instance(
    producer: Database, keeper: Database, tally: TransactionalConsumer
) -> AsyncIterator[ReadersSetup]:
    """Started; nobody has told anything yet."""
    made = ReadersSetup(producer, keeper, tally)
    made.readers.start()
    await until(lambda: made.reader.is_reading)
    yield made
    await made.readers.close()


async def test_wake_readers_wakes_local_and_remote_readers(
    producer: Database, tally: TransactionalConsumer, instance: ReadersSetup
) -> None:
    """Many in one turn of the loop are one."""
    await publish_events(producer, "hello")
    for _ in range(5):
        instance.readers.wake_readers("users")
    await until(lambda: tally.handled_count == 1)
    assert instance.published == [("d:users", b"")]
    await publish_events(producer, "hello again")
    instance.readers.on_bus_message("d:users")
    await until(lambda: tally.handled_count == 2)

    assert instance.published == [("d:users", b"")]
    assert instance.readers.topics() == ["d:users", "d:social"]


async def test_check_fails_while_a_reader_is_stuck(
    producer: Database, tally: TransactionalConsumer, instance: ReadersSetup, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An instance that has not read for long is not well; one that reads again is."""
    monkeypatch.setattr(module, "FAILING_TIMEOUT_S", 0.0)
    failing = True

    async def away(_word: str) -> None:
        if failing:
            raise Unavailable

    tally.before_effect = away
    await instance.readers.check()
    await publish_events(producer, "hello")
    instance.readers.wake_readers("users")
    await until(lambda: instance.reader.statistics().failing_s)
    with pytest.raises(Unavailable, match="tally"):
        await instance.readers.check()
    failing = False
    instance.readers.wake_readers("users")
    await until(lambda: tally.handled_count == 1)
    await until(lambda: not instance.reader.statistics().failing_s)

    await instance.readers.check()


async def test_close_releases_the_locks(keeper_url: str, instance: ReadersSetup) -> None:
    """Another instance need not wait for a connection to be missed."""
    other = PostgresLocks(keeper_url)
    assert not await other.try_acquire("tally")
    await instance.readers.close()
    assert await other.try_acquire("tally")
    await other.release_all()


async def test_handled_events_are_pruned(
    producer: Database, tally: TransactionalConsumer, instance: ReadersSetup, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the one that reads, now and then."""
    monkeypatch.setattr(module, "PRUNE_INTERVAL_S", 0.01)
    monkeypatch.setattr(reader, "CHECK_INTERVAL_S", 0.0)
    await instance.readers.close()
    await publish_events(producer, "hello", "world")
    instance.readers.start()
    async with asyncio.timeout(5.0):
        while await producer.outbox.lag_s(Cursor("")):
            """They are not read yet, or not dropped."""

    assert tally.handled_count == 2
