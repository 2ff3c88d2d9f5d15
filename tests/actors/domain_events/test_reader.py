"""A reader's way through a feed: all of it, in order, each event once, whatever fails on the way."""

import asyncio

import pytest

from actors.domain_events import reader as reading
from storage.errors import Unavailable
from storage.postgres.database import Database
from storage.postgres.statement import Statement
from storage.records.domain_events import Cursor
from tests.actors.domain_events.reader_fixtures import NEVER_S, catch_up, reader_of, running
from tests.actors.domain_events.recording_consumers import SAY, Tally, say
from tests.until import until

BEGIN = Statement("transaction_begin", "SELECT pg_current_xact_id()", ())
HINTED_S = 0.1
MANY = [f"word {number}" for number in range(25)]


async def test_all_events_are_taken_in_order_with_the_cursor(
    producer: Database, keeper: Database, tally: Tally
) -> None:
    """In batches, each with a step of the cursor; the next look finds nothing."""
    await say(producer, *MANY)
    reader = reader_of(tally, producer, keeper, batch=10)
    await catch_up(reader, producer, keeper)
    place = await keeper.cursors.get("tally")

    assert await tally.words() == MANY
    assert [len(batch) for batch in tally.batches] == [10, 10, 5]
    assert place is not None
    assert place.id == (await producer.outbox.source()).last_id
    assert await reader.read() == 0
    assert reader.statistics().handled == len(MANY)


async def test_a_transaction_that_commits_late_is_not_passed_by(
    producer: Database, keeper: Database, tally: Tally
) -> None:
    """Its event has the lower number and comes later: the ones behind it wait for it, and none is lost."""
    reader = reader_of(tally, producer, keeper)
    await say(producer, "first")
    await catch_up(reader, producer, keeper)
    async with producer.pool.transaction() as late:
        await late.row(SAY, "late")
        await say(producer, "early")
        assert await reader.read() == 0
    await catch_up(reader, producer, keeper)

    assert await tally.words() == ["first", "late", "early"]


async def test_events_of_a_batch_come_as_they_were_written(
    producer: Database, keeper: Database, tally: Tally
) -> None:
    """Not as their transactions began: nothing is taken before what was written earlier."""
    async with producer.pool.transaction() as older:
        await older.row(BEGIN)
        await say(producer, "first")
        await older.row(SAY, "second")
        await say(producer, "third")
    await catch_up(reader_of(tally, producer, keeper), producer, keeper)

    assert await tally.words() == ["first", "second", "third"]


async def test_what_fails_for_now_is_tried_again(producer: Database, keeper: Database, tally: Tally) -> None:
    """A store that is away holds everything behind it up; nothing is skipped and nothing is taken twice."""
    failures = 0

    async def away(word: str) -> None:
        nonlocal failures
        if word == MANY[13] and failures < 3:
            failures += 1
            raise Unavailable

    tally.after = away
    await say(producer, *MANY)
    async with running(reader_of(tally, producer, keeper, batch=10)):
        await until(lambda: tally.taken == len(MANY))

    assert failures == 3
    assert await tally.words() == MANY
    assert await keeper.cursors.dead_letter_count() == 0


async def test_a_poison_event_is_buried_alone(producer: Database, keeper: Database, tally: Tally) -> None:
    """The others of its batch take effect once; the letter tells the kind of the failure, not its words."""

    async def poisoned(word: str) -> None:
        if word in {MANY[4], MANY[24]}:
            raise ValueError("what somebody wrote")

    tally.after = poisoned
    await say(producer, *MANY)
    reader = reader_of(tally, producer, keeper, batch=10)
    await catch_up(reader, producer, keeper)
    letters = await keeper.cursors.dead_letters(10)

    assert await tally.words() == [word for word in MANY if word not in {MANY[4], MANY[24]}]
    assert [(one.consumer, one.event.key, one.reason) for one in letters] == [
        ("tally", MANY[4], "ValueError"),
        ("tally", MANY[24], "ValueError"),
    ]
    assert reader.statistics().dead_lettered == 2


async def test_a_dead_letter_can_be_replayed(producer: Database, keeper: Database, tally: Tally) -> None:
    """Once the fault is mended its event is taken, as it was, and the place in the feed stays."""

    async def poisoned(_word: str) -> None:
        raise ZeroDivisionError

    tally.after = poisoned
    await say(producer, "hard to take")
    reader = reader_of(tally, producer, keeper)
    await catch_up(reader, producer, keeper)
    place = await keeper.cursors.get("tally")
    (letter,) = await keeper.cursors.dead_letters(10)
    with pytest.raises(ZeroDivisionError):
        await reader.replay(letter.event)
    tally.after = tally.before
    await reader.replay(letter.event)

    assert (letter.event.type, letter.event.payload, letter.reason) == ("said", b"{}", "ZeroDivisionError")
    assert await tally.words() == ["hard to take"]
    assert await keeper.cursors.get("tally") == place


async def test_a_hint_wakes_at_once(producer: Database, keeper: Database, tally: Tally) -> None:
    """Long before the next poll; what it told of may have had to wait for transactions elsewhere."""
    reader = reader_of(tally, producer, keeper, poll_s=NEVER_S)
    loop = asyncio.get_running_loop()
    took_s: list[float] = []
    async with running(reader):
        for word in MANY[:5]:
            await say(producer, word)
            begun = loop.time()
            reader.wake()
            await until(lambda: tally.taken > len(took_s))
            took_s.append(loop.time() - begun)

    assert min(took_s) < HINTED_S


async def test_a_lost_hint_costs_a_poll(producer: Database, keeper: Database, tally: Tally) -> None:
    """Nobody wakes it, and it finds what there is."""
    reader = reader_of(tally, producer, keeper)
    async with running(reader):
        await until(lambda: reader.is_reading)
        await say(producer, "unheard")
        await until(lambda: tally.batches)

    assert await tally.words() == ["unheard"]


async def test_a_reader_tells_how_far_behind_it_is(
    producer: Database, keeper: Database, tally: Tally, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A consumer that fails shows up as failing and as late; both end when it goes on."""
    monkeypatch.setattr(reading, "CHECK_INTERVAL_S", 0.0)
    failing = True

    async def away(_word: str) -> None:
        if failing:
            raise Unavailable

    tally.before = away
    await say(producer, "stuck")
    reader = reader_of(tally, producer, keeper)
    async with running(reader):
        await until(lambda: reader.statistics().failing_s > 0)
        assert reader.statistics().lag_s == 0.0
        failing = False
        await until(lambda: tally.batches and not reader.statistics().failing_s)

    assert reader.statistics().handled == 1


async def test_what_all_have_read_can_go(
    producer: Database, keeper: Database, tally: Tally, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A reader notes its place with the producer, and only what lies before it may be dropped."""
    monkeypatch.setattr(reading, "CHECK_INTERVAL_S", 0.0)
    await say(producer, *MANY)
    assert await producer.outbox.prune(["tally"], 0.0) == 0
    await catch_up(reader_of(tally, producer, keeper), producer, keeper)
    await say(producer, "unread")

    assert await producer.outbox.prune(["tally", "somebody slower"], 0.0) == 0
    assert await producer.outbox.prune(["tally"], 0.0) == len(MANY)
    assert [event.key for event in await producer.outbox.read(Cursor(""), 100)] in ([], ["unread"])
