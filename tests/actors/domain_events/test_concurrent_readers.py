"""Two instances' readers of one consumer: the lock is for economy, the cursor is the safety."""

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
async def pair(keeper_url: str) -> AsyncIterator[tuple[PostgresLocks, PostgresLocks]]:
    """The locks of two instances."""
    both = PostgresLocks(keeper_url), PostgresLocks(keeper_url)
    yield both
    for locks in both:
        await locks.release_all()


def total_handled(*tallies: TransactionalConsumer) -> int:
    return sum(tally.handled_count for tally in tallies)


async def test_only_the_lock_holder_reads(
    producer: Database,
    keeper: Database,
    tally: TransactionalConsumer,
    pair: tuple[PostgresLocks, PostgresLocks],
) -> None:
    """Whoever has the lock takes all; when it gives it up, the other goes on where it stood."""
    tallies = tally, TransactionalConsumer(keeper)
    first, second = (
        make_reader(one, producer, keeper, locks=locks) for one, locks in zip(tallies, pair, strict=True)
    )
    async with run_readers(first):
        await until(lambda: first.is_reading)
        async with run_readers(second):
            await publish_events(producer, *WORDS[:30])
            await until(lambda: total_handled(*tallies) == 30)
            assert (first.is_reading, second.is_reading) == (True, False)
            assert not tallies[1].batches
    async with run_readers(second):
        await publish_events(producer, *WORDS[30:])
        await pair[0].release_all()
        await until(lambda: total_handled(tallies[1]) == 30)

    assert await tally.list_effects() == WORDS


async def test_lock_is_released_with_its_connection(
    producer: Database,
    keeper: Database,
    tally: TransactionalConsumer,
    pair: tuple[PostgresLocks, PostgresLocks],
) -> None:
    """An instance dies without a word: once its connection has ended, the other one reads within a poll."""
    tallies = tally, TransactionalConsumer(keeper)
    first, second = (
        make_reader(one, producer, keeper, locks=locks) for one, locks in zip(tallies, pair, strict=True)
    )
    dies = asyncio.create_task(first.run())
    await until(lambda: first.is_reading)
    async with run_readers(second):
        await publish_events(producer, *WORDS[:30])
        await until(lambda: total_handled(tallies[0]) == 30)
        dies.cancel()
        await asyncio.gather(dies, return_exceptions=True)
        await publish_events(producer, *WORDS[30:])
        assert not second.is_reading
        await keeper.pool.write(TERMINATE_LOCK_CONNECTIONS)
        await until(lambda: second.is_reading and total_handled(tallies[1]) == 30)

    assert await tally.list_effects() == WORDS


async def test_lost_lock_is_not_reported_as_held(
    keeper: Database, pair: tuple[PostgresLocks, PostgresLocks]
) -> None:
    """Its connection went, and another instance was quicker: the first one is told so.

    The server lets go of the lock a moment before the connection ends, so the first may learn of it later.
    """
    first, second = pair
    assert await first.try_acquire("tally")
    assert await first.try_acquire("another")
    assert not await second.try_acquire("tally")
    await keeper.pool.write(TERMINATE_LOCK_CONNECTIONS)
    async with asyncio.timeout(5.0):
        while not await second.try_acquire("tally"):
            """The server has not let go of it yet."""
        while await first.try_acquire("tally"):
            """The end of its connection has not come yet."""
            await asyncio.sleep(0)

    assert await first.try_acquire("another")


async def test_lost_locks_neither_skip_nor_repeat_events(
    producer: Database,
    keeper: Database,
    tally: TransactionalConsumer,
    pair: tuple[PostgresLocks, PostgresLocks],
) -> None:
    """Connections are cut again and again under two that go on: one of them reads, from the same place."""
    tallies = tally, TransactionalConsumer(keeper)
    readers = [
        make_reader(one, producer, keeper, locks=locks, batch_size=4)
        for one, locks in zip(tallies, pair, strict=True)
    ]
    async with run_readers(*readers):
        for start in range(0, len(WORDS), 10):
            await until(lambda: any(reader.is_reading for reader in readers))
            await publish_events(producer, *WORDS[start : start + 5])
            await keeper.pool.write(TERMINATE_LOCK_CONNECTIONS)
            await publish_events(producer, *WORDS[start + 5 : start + 10])
        await until(lambda: total_handled(*tallies) == len(WORDS))

    assert await tally.list_effects() == WORDS


async def test_concurrent_cursor_updates_conflict(
    producer: Database, keeper: Database, tally: TransactionalConsumer
) -> None:
    """Both have read the same events and take them at the same moment: one of them does, the other undoes."""
    meeting = asyncio.Barrier(2)
    tallies = tally, TransactionalConsumer(keeper)

    async def meet(word: str) -> None:
        if word == WORDS[4]:
            await meeting.wait()

    for one in tallies:
        one.after_effect = meet
    await publish_events(producer, *WORDS[:5])
    outcomes = await asyncio.gather(
        *(make_reader(one, producer, keeper, locks=UncontendedLocks()).read() for one in tallies),
        return_exceptions=True,
    )

    lost = [one for one in outcomes if isinstance(one, BaseException)]
    assert [(type(one), str(one)) for one in lost] == [(Conflict, "cursor")]
    assert await tally.list_effects() == WORDS[:5]


async def test_reader_reloads_the_cursor_after_a_conflict(
    producer: Database, keeper: Database, tally: TransactionalConsumer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody else has moved it, and is gone: at once, not only at the next check, it goes on from there."""
    monkeypatch.setattr(reading, "CHECK_INTERVAL_S", NEVER_S)
    arrived, gate = asyncio.Event(), asyncio.Event()

    async def hesitate(word: str) -> None:
        if word == WORDS[1]:
            arrived.set()
            await gate.wait()

    tally.before_effect = hesitate
    async with run_readers(make_reader(tally, producer, keeper, locks=UncontendedLocks())):
        await publish_events(producer, WORDS[0])
        await until(lambda: tally.handled_count == 1)
        await publish_events(producer, WORDS[1])
        await asyncio.wait_for(arrived.wait(), 5.0)
        passing = make_reader(TransactionalConsumer(keeper), producer, keeper, locks=UncontendedLocks())
        await catch_up(passing, producer, keeper)
        gate.set()
        await publish_events(producer, WORDS[2])
        await until(lambda: tally.handled_count == 2)

    assert await tally.list_effects() == WORDS[:3]
    assert tally.batches[-1] == [WORDS[2]]


async def test_events_are_handled_once_without_locks(
    producer: Database, keeper: Database, tally: TransactionalConsumer
) -> None:
    """Three read all the time, in small steps, while more is said: nothing twice, nothing left out."""
    tallies = [tally, TransactionalConsumer(keeper), TransactionalConsumer(keeper)]

    async def hesitate(_word: str) -> None:
        await asyncio.sleep(0)

    for one in tallies:
        one.after_effect = hesitate
    readers: list[Reader] = [
        make_reader(one, producer, keeper, locks=UncontendedLocks(), poll_s=0.005, batch_size=2)
        for one in tallies
    ]
    async with run_readers(*readers):
        for word in WORDS:
            await publish_events(producer, word)
        await until(lambda: total_handled(*tallies) == len(WORDS))

    assert await tally.list_effects() == WORDS
