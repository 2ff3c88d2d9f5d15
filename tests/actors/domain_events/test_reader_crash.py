"""Readers that die, or lose their database, between the effect of an event and the cursor."""

import asyncio
from collections.abc import AsyncIterator
from urllib.parse import parse_qs, urlsplit

import pytest

from storage.errors import Unavailable
from storage.postgres.database import Database
from tests.actors.domain_events.reader_fixtures import catch_up, reader_of, running
from tests.actors.domain_events.recording_consumers import Notes, Tally, say
from tests.actors.domain_events.service_databases import opened
from tests.storage.tcp_proxy import TcpProxy
from tests.until import until

WORDS = [f"word {number}" for number in range(8)]


@pytest.fixture
async def proxy(keeper_url: str) -> AsyncIterator[TcpProxy]:
    """A proxy before the keeper's server, which may lose replies."""
    (folder,) = parse_qs(urlsplit(keeper_url).query)["host"]
    loop = asyncio.get_running_loop()
    made = TcpProxy(lambda protocol: loop.create_unix_connection(protocol, f"{folder}/.s.PGSQL.5432"))
    yield made
    await made.close()


@pytest.fixture
async def far_keeper(proxy: TcpProxy, keeper_url: str) -> AsyncIterator[Database]:
    """The keeper's database, reached through the proxy."""
    url = urlsplit(keeper_url)
    account = url.netloc.rpartition("@")[0]
    through = f"postgresql://{account}@127.0.0.1:{await proxy.start()}{url.path}?sslmode=disable"
    async with opened(through, "social") as database:
        yield database


async def test_killed_before_the_commit(producer: Database, keeper: Database, tally: Tally) -> None:
    """Half of a batch had its effect in a transaction that never ended: the next reader takes all, once."""
    hangs = asyncio.Event()

    async def hang(word: str) -> None:
        if word == WORDS[5]:
            hangs.set()
            await asyncio.Event().wait()

    tally.after = hang
    await say(producer, *WORDS)
    async with running(reader_of(tally, producer, keeper)):
        await asyncio.wait_for(hangs.wait(), 5.0)
    assert await tally.words() == []
    other = Tally(keeper)
    await catch_up(reader_of(other, producer, keeper), producer, keeper)

    assert await tally.words() == WORDS


@pytest.mark.parametrize("at", range(len(WORDS)))
async def test_killed_at_any_event(producer: Database, keeper: Database, tally: Tally, at: int) -> None:
    """Wherever in a batch of three a reader ends, the next one goes on behind the last whole batch."""

    async def die(word: str) -> None:
        if word == WORDS[at]:
            raise asyncio.CancelledError

    tally.after = die
    await say(producer, *WORDS)
    with pytest.raises(asyncio.CancelledError):
        await catch_up(reader_of(tally, producer, keeper, batch=3), producer, keeper)
    assert await tally.words() == WORDS[: at // 3 * 3]
    await catch_up(reader_of(Tally(keeper), producer, keeper, batch=3), producer, keeper)

    assert await tally.words() == WORDS


async def test_a_commit_whose_answer_is_lost(
    producer: Database, keeper: Database, far_keeper: Database, proxy: TcpProxy, tally: Tally
) -> None:
    """It has happened, though the reader is told that it may not have: nothing is taken again."""
    far = Tally(far_keeper)

    async def lose(word: str) -> None:
        proxy.drop_reply_to = b"COMMIT" if word == WORDS[3] and not proxy.dropped_replies else None

    far.before = lose
    await say(producer, *WORDS[:4])
    async with running(reader_of(far, producer, far_keeper)) as (task,):
        await until(lambda: proxy.dropped_replies)
        proxy.drop_reply_to = None
        await say(producer, *WORDS[4:])
        await until(lambda: far.batches and far.batches[-1][-1] == WORDS[-1])
        assert not task.done()

    assert proxy.dropped_replies == 1
    assert far.batches[0][0] == WORDS[4]
    assert await tally.words() == WORDS


async def test_a_statement_that_fails_in_the_transaction(
    producer: Database, keeper: Database, far_keeper: Database, proxy: TcpProxy, tally: Tally
) -> None:
    """The connection goes in the middle of a batch: all of it is undone, and taken again, once."""
    far = Tally(far_keeper)
    cuts = 0

    async def cut(word: str) -> None:
        nonlocal cuts
        if word == WORDS[5] and cuts < 2:
            cuts += 1
            for line in list(proxy.connections):
                line.close()

    far.after = cut
    await say(producer, *WORDS)
    async with running(reader_of(far, producer, far_keeper)):
        await until(lambda: far.batches)

    assert cuts == 2
    assert await tally.words() == WORDS


async def test_without_transactions_the_effect_stands_under_the_events_id(
    producer: Database, keeper: Database
) -> None:
    """Killed after the effect and before the cursor: it is done again, and is the same."""
    notes = Notes(keeper)

    async def die() -> None:
        raise asyncio.CancelledError

    notes.before_the_cursor = die
    await say(producer, *WORDS)
    with pytest.raises(asyncio.CancelledError):
        await catch_up(reader_of(notes, producer, keeper), producer, keeper)
    assert await keeper.cursors.get("notes") is not None
    times = notes.times
    other = Notes(keeper)
    other.noted = notes.noted
    await catch_up(reader_of(other, producer, keeper), producer, keeper)

    assert times == other.times == len(WORDS)
    assert list(notes.noted.values()) == WORDS


async def test_a_cursor_that_can_not_be_moved_is_tried_again(producer: Database, keeper: Database) -> None:
    """The effect is there; the cursor's database was away: done again under the same ids."""
    notes = Notes(keeper)
    failures = 0

    async def away() -> None:
        nonlocal failures
        failures += 1
        if failures < 3:
            raise Unavailable

    notes.before_the_cursor = away
    await say(producer, *WORDS)
    async with running(reader_of(notes, producer, keeper, batch=len(WORDS))):
        await until(lambda: failures >= 3)
        await say(producer, "more")
        await until(lambda: "more" in notes.noted.values())

    assert list(notes.noted.values()) == [*WORDS, "more"]
    assert notes.times >= 2 * len(WORDS)
