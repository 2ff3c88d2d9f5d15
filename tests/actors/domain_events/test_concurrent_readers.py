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
from tests.actors.domain_events.reader_fixtures import NEVER_S, Unlocked, catch_up, reader_of, running
from tests.actors.domain_events.recording_consumers import Tally, say
from tests.until import until

WORDS = [f"word {number}" for number in range(60)]
CUT = Statement(
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


def taken(*tallies: Tally) -> int:
    return sum(tally.taken for tally in tallies)


async def test_one_of_two_reads(
    producer: Database, keeper: Database, tally: Tally, pair: tuple[PostgresLocks, PostgresLocks]
) -> None:
    """Whoever has the lock takes all; when it gives it up, the other goes on where it stood."""
    tallies = tally, Tally(keeper)
    first, second = (
        reader_of(one, producer, keeper, locks=locks) for one, locks in zip(tallies, pair, strict=True)
    )
    async with running(first):
        await until(lambda: first.is_reading)
        async with running(second):
            await say(producer, *WORDS[:30])
            await until(lambda: taken(*tallies) == 30)
            assert (first.is_reading, second.is_reading) == (True, False)
            assert not tallies[1].batches
    async with running(second):
        await say(producer, *WORDS[30:])
        await pair[0].release_all()
        await until(lambda: taken(tallies[1]) == 30)

    assert await tally.words() == WORDS


async def test_the_lock_goes_with_its_connection(
    producer: Database, keeper: Database, tally: Tally, pair: tuple[PostgresLocks, PostgresLocks]
) -> None:
    """An instance dies without a word: once its connection has ended, the other one reads within a poll."""
    tallies = tally, Tally(keeper)
    first, second = (
        reader_of(one, producer, keeper, locks=locks) for one, locks in zip(tallies, pair, strict=True)
    )
    dies = asyncio.create_task(first.run())
    await until(lambda: first.is_reading)
    async with running(second):
        await say(producer, *WORDS[:30])
        await until(lambda: taken(tallies[0]) == 30)
        dies.cancel()
        await asyncio.gather(dies, return_exceptions=True)
        await say(producer, *WORDS[30:])
        assert not second.is_reading
        await keeper.pool.write(CUT)
        await until(lambda: second.is_reading and taken(tallies[1]) == 30)

    assert await tally.words() == WORDS


async def test_a_lock_that_was_lost_is_not_held(
    keeper: Database, pair: tuple[PostgresLocks, PostgresLocks]
) -> None:
    """Its connection went, and another instance was quicker: the first one is told so.

    The server lets go of the lock a moment before the connection ends, so the first may learn of it later.
    """
    first, second = pair
    assert await first.try_acquire("tally")
    assert await first.try_acquire("another")
    assert not await second.try_acquire("tally")
    await keeper.pool.write(CUT)
    async with asyncio.timeout(5.0):
        while not await second.try_acquire("tally"):
            """The server has not let go of it yet."""
        while await first.try_acquire("tally"):
            """The end of its connection has not come yet."""
            await asyncio.sleep(0)

    assert await first.try_acquire("another")


async def test_a_lost_lock_loses_and_doubles_nothing(
    producer: Database, keeper: Database, tally: Tally, pair: tuple[PostgresLocks, PostgresLocks]
) -> None:
    """Connections are cut again and again under two that go on: one of them reads, from the same place."""
    tallies = tally, Tally(keeper)
    readers = [
        reader_of(one, producer, keeper, locks=locks, batch=4)
        for one, locks in zip(tallies, pair, strict=True)
    ]
    async with running(*readers):
        for start in range(0, len(WORDS), 10):
            await until(lambda: any(reader.is_reading for reader in readers))
            await say(producer, *WORDS[start : start + 5])
            await keeper.pool.write(CUT)
            await say(producer, *WORDS[start + 5 : start + 10])
        await until(lambda: taken(*tallies) == len(WORDS))

    assert await tally.words() == WORDS


async def test_two_in_the_same_step(producer: Database, keeper: Database, tally: Tally) -> None:
    """Both have read the same events and take them at the same moment: one of them does, the other undoes."""
    meeting = asyncio.Barrier(2)
    tallies = tally, Tally(keeper)

    async def meet(word: str) -> None:
        if word == WORDS[4]:
            await meeting.wait()

    for one in tallies:
        one.after = meet
    await say(producer, *WORDS[:5])
    outcomes = await asyncio.gather(
        *(reader_of(one, producer, keeper, locks=Unlocked()).read() for one in tallies),
        return_exceptions=True,
    )

    lost = [one for one in outcomes if isinstance(one, BaseException)]
    assert [(type(one), str(one)) for one in lost] == [(Conflict, "cursor")]
    assert await tally.words() == WORDS[:5]


async def test_who_lost_a_step_looks_where_the_cursor_stands(
    producer: Database, keeper: Database, tally: Tally, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody else has moved it, and is gone: at once, not only at the next check, it goes on from there."""
    monkeypatch.setattr(reading, "CHECK_INTERVAL_S", NEVER_S)
    arrived, gate = asyncio.Event(), asyncio.Event()

    async def hesitate(word: str) -> None:
        if word == WORDS[1]:
            arrived.set()
            await gate.wait()

    tally.before = hesitate
    async with running(reader_of(tally, producer, keeper, locks=Unlocked())):
        await say(producer, WORDS[0])
        await until(lambda: tally.taken == 1)
        await say(producer, WORDS[1])
        await asyncio.wait_for(arrived.wait(), 5.0)
        passing = reader_of(Tally(keeper), producer, keeper, locks=Unlocked())
        await catch_up(passing, producer, keeper)
        gate.set()
        await say(producer, WORDS[2])
        await until(lambda: tally.taken == 2)

    assert await tally.words() == WORDS[:3]
    assert tally.batches[-1] == [WORDS[2]]


async def test_without_locks_each_step_is_taken_once(
    producer: Database, keeper: Database, tally: Tally
) -> None:
    """Three read all the time, in small steps, while more is said: nothing twice, nothing left out."""
    tallies = [tally, Tally(keeper), Tally(keeper)]

    async def hesitate(_word: str) -> None:
        await asyncio.sleep(0)

    for one in tallies:
        one.after = hesitate
    readers: list[Reader] = [
        reader_of(one, producer, keeper, locks=Unlocked(), poll_s=0.005, batch=2) for one in tallies
    ]
    async with running(*readers):
        for word in WORDS:
            await say(producer, word)
        await until(lambda: taken(*tallies) == len(WORDS))

    assert await tally.words() == WORDS
