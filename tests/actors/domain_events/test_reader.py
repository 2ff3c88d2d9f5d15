"""A reader handles all events in order and exactly once, despite failures."""

import asyncio

import pytest

from actors.domain_events import reader as reading
from storage.contracts.domain_events import Cursor
from storage.errors import Unavailable
from storage.postgres.database import Database
from storage.postgres.statement import Statement
from tests.actors.domain_events.reader_fixtures import NEVER_S, catch_up, make_reader, run_readers
from tests.actors.domain_events.recording_consumers import INSERT_EVENT, TransactionalConsumer, publish_events
from tests.until import until

BEGIN = Statement("transaction_begin", "SELECT pg_current_xact_id()", ())
WAKE_LATENCY_MAX_S = 0.1
WORDS = [f"word {number}" for number in range(25)]


async def test_events_are_handled_in_order_in_batches(
    producer: Database, consumer_database: Database, consumer: TransactionalConsumer
) -> None:
    """Events are handled in batches that each advance the cursor; the next read finds nothing."""
    await publish_events(producer, *WORDS)
    reader = make_reader(consumer, producer, consumer_database, batch_size=10)
    await catch_up(reader, producer, consumer_database)
    cursor = await consumer_database.cursors.get("recorder")

    assert await consumer.list_effects() == WORDS
    assert [len(batch) for batch in consumer.batches] == [10, 10, 5]
    assert cursor is not None
    assert cursor.id == (await producer.outbox.source()).last_id
    assert await reader.read() == 0
    assert reader.statistics().handled == len(WORDS)


async def test_late_commit_is_not_skipped(
    producer: Database, consumer_database: Database, consumer: TransactionalConsumer
) -> None:
    """Events after an uncommitted one with a lower id wait for it, and none is skipped."""
    reader = make_reader(consumer, producer, consumer_database)
    await publish_events(producer, "first")
    await catch_up(reader, producer, consumer_database)
    async with producer.pool.transaction() as late:
        await late.row(INSERT_EVENT, "late")
        await publish_events(producer, "early")
        assert await reader.read() == 0
    await catch_up(reader, producer, consumer_database)

    assert await consumer.list_effects() == ["first", "late", "early"]


async def test_batch_is_ordered_by_event_id(
    producer: Database, consumer_database: Database, consumer: TransactionalConsumer
) -> None:
    """A batch is ordered by event id, not by the start of the transactions."""
    async with producer.pool.transaction() as older:
        await older.row(BEGIN)
        await publish_events(producer, "first")
        await older.row(INSERT_EVENT, "second")
        await publish_events(producer, "third")
    await catch_up(make_reader(consumer, producer, consumer_database), producer, consumer_database)

    assert await consumer.list_effects() == ["first", "second", "third"]


async def test_unavailable_consumer_is_retried(
    producer: Database, consumer_database: Database, consumer: TransactionalConsumer
) -> None:
    """An unavailable consumer delays later events; none is skipped or handled twice."""
    failures = 0

    async def fail(word: str) -> None:
        nonlocal failures
        if word == WORDS[13] and failures < 3:
            failures += 1
            raise Unavailable

    consumer.after_effect = fail
    await publish_events(producer, *WORDS)
    async with run_readers(make_reader(consumer, producer, consumer_database, batch_size=10)):
        await until(lambda: consumer.handled_count == len(WORDS))

    assert failures == 3
    assert await consumer.list_effects() == WORDS
    assert await consumer_database.cursors.dead_letter_count() == 0


async def test_only_the_poison_event_is_dead_lettered(
    producer: Database, consumer_database: Database, consumer: TransactionalConsumer
) -> None:
    """Other events of the batch are handled once; the dead letter has the error's type, not its text."""

    async def fail_on_poison(word: str) -> None:
        if word in {WORDS[4], WORDS[24]}:
            raise ValueError("user text")

    consumer.after_effect = fail_on_poison
    await publish_events(producer, *WORDS)
    reader = make_reader(consumer, producer, consumer_database, batch_size=10)
    await catch_up(reader, producer, consumer_database)
    dead_letters = await consumer_database.cursors.dead_letters(10)

    assert await consumer.list_effects() == [word for word in WORDS if word not in {WORDS[4], WORDS[24]}]
    assert [(mail.consumer, mail.event.key, mail.reason) for mail in dead_letters] == [
        ("recorder", WORDS[4], "ValueError"),
        ("recorder", WORDS[24], "ValueError"),
    ]
    assert reader.statistics().dead_lettered == 2


async def test_dead_letter_can_be_replayed(
    producer: Database, consumer_database: Database, consumer: TransactionalConsumer
) -> None:
    """After the fault is fixed, a replay handles the event without moving the cursor."""

    async def fail_on_poison(_word: str) -> None:
        raise ZeroDivisionError

    consumer.after_effect = fail_on_poison
    await publish_events(producer, "hard to take")
    reader = make_reader(consumer, producer, consumer_database)
    await catch_up(reader, producer, consumer_database)
    cursor = await consumer_database.cursors.get("recorder")
    (mail,) = await consumer_database.cursors.dead_letters(10)
    with pytest.raises(ZeroDivisionError):
        await reader.replay(mail.event)
    consumer.after_effect = consumer.before_effect
    await reader.replay(mail.event)

    assert (mail.event.type, mail.event.payload, mail.reason) == (
        "word.published",
        b"{}",
        "ZeroDivisionError",
    )
    assert await consumer.list_effects() == ["hard to take"]
    assert await consumer_database.cursors.get("recorder") == cursor


async def test_wake_reads_immediately(
    producer: Database, consumer_database: Database, consumer: TransactionalConsumer
) -> None:
    """A wake-up causes a read long before the next poll, and rechecks for events still held back."""
    reader = make_reader(consumer, producer, consumer_database, poll_s=NEVER_S)
    loop = asyncio.get_running_loop()
    took_s: list[float] = []
    async with run_readers(reader):
        for word in WORDS[:5]:
            await publish_events(producer, word)
            started = loop.time()
            reader.wake()
            await until(lambda: consumer.handled_count > len(took_s))
            took_s.append(loop.time() - started)

    assert min(took_s) < WAKE_LATENCY_MAX_S


async def test_events_are_read_by_polling_without_wake(
    producer: Database, consumer_database: Database, consumer: TransactionalConsumer
) -> None:
    """Without a wake-up, events are found by polling."""
    reader = make_reader(consumer, producer, consumer_database)
    async with run_readers(reader):
        await until(lambda: reader.is_reading)
        await publish_events(producer, "unheard")
        await until(lambda: consumer.batches)

    assert await consumer.list_effects() == ["unheard"]


async def test_statistics_report_failure_and_lag(
    producer: Database,
    consumer_database: Database,
    consumer: TransactionalConsumer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Statistics show failure and lag while the consumer fails, and neither afterwards."""
    monkeypatch.setattr(reading, "CHECK_INTERVAL_S", 0.0)
    failing = True

    async def fail(_word: str) -> None:
        if failing:
            raise Unavailable

    consumer.before_effect = fail
    await publish_events(producer, "stuck")
    reader = make_reader(consumer, producer, consumer_database)
    async with run_readers(reader):
        await until(lambda: reader.statistics().failing_s > 0)
        assert reader.statistics().lag_s == 0.0
        failing = False
        await until(lambda: consumer.batches and not reader.statistics().failing_s)

    assert reader.statistics().handled == 1


async def test_only_events_read_by_all_consumers_are_pruned(
    producer: Database,
    consumer_database: Database,
    consumer: TransactionalConsumer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Only events before the saved cursors of all readers are pruned."""
    monkeypatch.setattr(reading, "CHECK_INTERVAL_S", 0.0)
    await publish_events(producer, *WORDS)
    assert await producer.outbox.prune(["recorder"], 0.0) == 0
    await catch_up(make_reader(consumer, producer, consumer_database), producer, consumer_database)
    await publish_events(producer, "unread")

    assert await producer.outbox.prune(["recorder", "slower"], 0.0) == 0
    assert await producer.outbox.prune(["recorder"], 0.0) == len(WORDS)
    assert [event.key for event in await producer.outbox.read(Cursor(""), 100)] in ([], ["unread"])
