"""A reader's way through a feed: all of it, in order, each event once, whatever fails on the way."""

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
    producer: Database, keeper: Database, tally: TransactionalConsumer
) -> None:
    """In batches, each with a step of the cursor; the next look finds nothing."""
    await publish_events(producer, *WORDS)
    reader = make_reader(tally, producer, keeper, batch_size=10)
    await catch_up(reader, producer, keeper)
    place = await keeper.cursors.get("tally")

    assert await tally.list_effects() == WORDS
    assert [len(batch) for batch in tally.batches] == [10, 10, 5]
    assert place is not None
    assert place.id == (await producer.outbox.source()).last_id
    assert await reader.read() == 0
    assert reader.statistics().handled == len(WORDS)


async def test_late_commit_is_not_skipped(
    producer: Database, keeper: Database, tally: TransactionalConsumer
) -> None:
    """Its event has the lower number and comes later: the ones behind it wait for it, and none is lost."""
    reader = make_reader(tally, producer, keeper)
    await publish_events(producer, "first")
    await catch_up(reader, producer, keeper)
    async with producer.pool.transaction() as late:
        await late.row(INSERT_EVENT, "late")
        await publish_events(producer, "early")
        assert await reader.read() == 0
    await catch_up(reader, producer, keeper)

    assert await tally.list_effects() == ["first", "late", "early"]


async def test_batch_is_ordered_by_event_id(
    producer: Database, keeper: Database, tally: TransactionalConsumer
) -> None:
    """Not as their transactions began: nothing is taken before what was written earlier."""
    async with producer.pool.transaction() as older:
        await older.row(BEGIN)
        await publish_events(producer, "first")
        await older.row(INSERT_EVENT, "second")
        await publish_events(producer, "third")
    await catch_up(make_reader(tally, producer, keeper), producer, keeper)

    assert await tally.list_effects() == ["first", "second", "third"]


async def test_unavailable_consumer_is_retried(
    producer: Database, keeper: Database, tally: TransactionalConsumer
) -> None:
    """A store that is away holds everything behind it up; nothing is skipped and nothing is taken twice."""
    failures = 0

    async def away(word: str) -> None:
        nonlocal failures
        if word == WORDS[13] and failures < 3:
            failures += 1
            raise Unavailable

    tally.after_effect = away
    await publish_events(producer, *WORDS)
    async with run_readers(make_reader(tally, producer, keeper, batch_size=10)):
        await until(lambda: tally.handled_count == len(WORDS))

    assert failures == 3
    assert await tally.list_effects() == WORDS
    assert await keeper.cursors.dead_letter_count() == 0


async def test_only_the_poison_event_is_dead_lettered(
    producer: Database, keeper: Database, tally: TransactionalConsumer
) -> None:
    """The others of its batch take effect once; the letter tells the kind of the failure, not its words."""

    async def poisoned(word: str) -> None:
        if word in {WORDS[4], WORDS[24]}:
            raise ValueError("what somebody wrote")

    tally.after_effect = poisoned
    await publish_events(producer, *WORDS)
    reader = make_reader(tally, producer, keeper, batch_size=10)
    await catch_up(reader, producer, keeper)
    letters = await keeper.cursors.dead_letters(10)

    assert await tally.list_effects() == [word for word in WORDS if word not in {WORDS[4], WORDS[24]}]
    assert [(one.consumer, one.event.key, one.reason) for one in letters] == [
        ("tally", WORDS[4], "ValueError"),
        ("tally", WORDS[24], "ValueError"),
    ]
    assert reader.statistics().dead_lettered == 2


async def test_dead_letter_can_be_replayed(
    producer: Database, keeper: Database, tally: TransactionalConsumer
) -> None:
    """Once the fault is mended its event is taken, as it was, and the place in the feed stays."""

    async def poisoned(_word: str) -> None:
        raise ZeroDivisionError

    tally.after_effect = poisoned
    await publish_events(producer, "hard to take")
    reader = make_reader(tally, producer, keeper)
    await catch_up(reader, producer, keeper)
    place = await keeper.cursors.get("tally")
    (letter,) = await keeper.cursors.dead_letters(10)
    with pytest.raises(ZeroDivisionError):
        await reader.replay(letter.event)
    tally.after_effect = tally.before_effect
    await reader.replay(letter.event)

    assert (letter.event.type, letter.event.payload, letter.reason) == ("said", b"{}", "ZeroDivisionError")
    assert await tally.list_effects() == ["hard to take"]
    assert await keeper.cursors.get("tally") == place


async def test_wake_reads_immediately(
    producer: Database, keeper: Database, tally: TransactionalConsumer
) -> None:
    """Long before the next poll; what it told of may have had to wait for transactions elsewhere."""
    reader = make_reader(tally, producer, keeper, poll_s=NEVER_S)
    loop = asyncio.get_running_loop()
    took_s: list[float] = []
    async with run_readers(reader):
        for word in WORDS[:5]:
            await publish_events(producer, word)
            begun = loop.time()
            reader.wake()
            await until(lambda: tally.handled_count > len(took_s))
            took_s.append(loop.time() - begun)

    assert min(took_s) < WAKE_LATENCY_MAX_S


async def test_events_are_read_by_polling_without_wake(
    producer: Database, keeper: Database, tally: TransactionalConsumer
) -> None:
    """Nobody wakes it, and it finds what there is."""
    reader = make_reader(tally, producer, keeper)
    async with run_readers(reader):
        await until(lambda: reader.is_reading)
        await publish_events(producer, "unheard")
        await until(lambda: tally.batches)

    assert await tally.list_effects() == ["unheard"]


async def test_statistics_report_failure_and_lag(
    producer: Database, keeper: Database, tally: TransactionalConsumer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A consumer that fails shows up as failing and as late; both end when it goes on."""
    monkeypatch.setattr(reading, "CHECK_INTERVAL_S", 0.0)
    failing = True

    async def away(_word: str) -> None:
        if failing:
            raise Unavailable

    tally.before_effect = away
    await publish_events(producer, "stuck")
    reader = make_reader(tally, producer, keeper)
    async with run_readers(reader):
        await until(lambda: reader.statistics().failing_s > 0)
        assert reader.statistics().lag_s == 0.0
        failing = False
        await until(lambda: tally.batches and not reader.statistics().failing_s)

    assert reader.statistics().handled == 1


async def test_only_events_read_by_all_consumers_are_pruned(
    producer: Database, keeper: Database, tally: TransactionalConsumer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A reader notes its place with the producer, and only what lies before it may be dropped."""
    monkeypatch.setattr(reading, "CHECK_INTERVAL_S", 0.0)
    await publish_events(producer, *WORDS)
    assert await producer.outbox.prune(["tally"], 0.0) == 0
    await catch_up(make_reader(tally, producer, keeper), producer, keeper)
    await publish_events(producer, "unread")

    assert await producer.outbox.prune(["tally", "somebody slower"], 0.0) == 0
    assert await producer.outbox.prune(["tally"], 0.0) == len(WORDS)
    assert [event.key for event in await producer.outbox.read(Cursor(""), 100)] in ([], ["unread"])
