"""Readers that die, or lose their database, between the effect of an event and the cursor."""

import asyncio
from collections.abc import AsyncIterator
from urllib.parse import parse_qs, urlsplit

import pytest

from storage.errors import Unavailable
from storage.postgres.database import Database
from tests.actors.domain_events.reader_fixtures import catch_up, make_reader, run_readers
from tests.actors.domain_events.recording_consumers import (
    IdempotentConsumer,
    TransactionalConsumer,
    publish_events,
)
from tests.actors.domain_events.service_databases import open_database
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
    async with open_database(through, "social") as database:
        yield database


async def test_crash_before_commit_handles_the_batch_again(
    producer: Database, keeper: Database, tally: TransactionalConsumer
) -> None:
    """Half of a batch had its effect in a transaction that never ended: the next reader takes all, once."""
    hangs = asyncio.Event()

    async def hang(word: str) -> None:
        if word == WORDS[5]:
            hangs.set()
            await asyncio.Event().wait()

    tally.after_effect = hang
    await publish_events(producer, *WORDS)
    async with run_readers(make_reader(tally, producer, keeper)):
        await asyncio.wait_for(hangs.wait(), 5.0)
    assert await tally.list_effects() == []
    other = TransactionalConsumer(keeper)
    await catch_up(make_reader(other, producer, keeper), producer, keeper)

    assert await tally.list_effects() == WORDS


@pytest.mark.parametrize("at", range(len(WORDS)))
async def test_crash_at_any_event_resumes_after_the_last_batch(
    producer: Database, keeper: Database, tally: TransactionalConsumer, at: int
) -> None:
    """Wherever in a batch of three a reader ends, the next one goes on behind the last whole batch."""

    async def die(word: str) -> None:
        if word == WORDS[at]:
            raise asyncio.CancelledError

    tally.after_effect = die
    await publish_events(producer, *WORDS)
    with pytest.raises(asyncio.CancelledError):
        await catch_up(make_reader(tally, producer, keeper, batch_size=3), producer, keeper)
    assert await tally.list_effects() == WORDS[: at // 3 * 3]
    await catch_up(
        make_reader(TransactionalConsumer(keeper), producer, keeper, batch_size=3), producer, keeper
    )

    assert await tally.list_effects() == WORDS


async def test_commit_with_lost_reply_is_not_repeated(
    producer: Database, keeper: Database, far_keeper: Database, proxy: TcpProxy, tally: TransactionalConsumer
) -> None:
    """It has happened, though the reader is told that it may not have: nothing is taken again."""
    far = TransactionalConsumer(far_keeper)

    async def lose(word: str) -> None:
        proxy.drop_reply_to = b"COMMIT" if word == WORDS[3] and not proxy.dropped_replies else None

    far.before_effect = lose
    await publish_events(producer, *WORDS[:4])
    async with run_readers(make_reader(far, producer, far_keeper)) as (task,):
        await until(lambda: proxy.dropped_replies)
        proxy.drop_reply_to = None
        await publish_events(producer, *WORDS[4:])
        await until(lambda: far.batches and far.batches[-1][-1] == WORDS[-1])
        assert not task.done()

    assert proxy.dropped_replies == 1
    assert far.batches[0][0] == WORDS[4]
    assert await tally.list_effects() == WORDS


async def test_connection_loss_in_transaction_rolls_back_and_retries(
    producer: Database, keeper: Database, far_keeper: Database, proxy: TcpProxy, tally: TransactionalConsumer
) -> None:
    """The connection goes in the middle of a batch: all of it is undone, and taken again, once."""
    far = TransactionalConsumer(far_keeper)
    cuts = 0

    async def cut(word: str) -> None:
        nonlocal cuts
        if word == WORDS[5] and cuts < 2:
            cuts += 1
            for line in list(proxy.connections):
                line.close()

    far.after_effect = cut
    await publish_events(producer, *WORDS)
    async with run_readers(make_reader(far, producer, far_keeper)):
        await until(lambda: far.batches)

    assert cuts == 2
    assert await tally.list_effects() == WORDS


async def test_idempotent_consumer_repeats_effect_after_crash(producer: Database, keeper: Database) -> None:
    """Killed after the effect and before the cursor: it is done again, and is the same."""
    notes = IdempotentConsumer(keeper)

    async def die() -> None:
        raise asyncio.CancelledError

    notes.before_cursor_update = die
    await publish_events(producer, *WORDS)
    with pytest.raises(asyncio.CancelledError):
        await catch_up(make_reader(notes, producer, keeper), producer, keeper)
    assert await keeper.cursors.get("notes") is not None
    times = notes.effect_count
    other = IdempotentConsumer(keeper)
    other.effects = notes.effects
    await catch_up(make_reader(other, producer, keeper), producer, keeper)

    assert times == other.effect_count == len(WORDS)
    assert list(notes.effects.values()) == WORDS


async def test_failed_cursor_update_is_retried(producer: Database, keeper: Database) -> None:
    """The effect is there; the cursor's database was away: done again under the same ids."""
    notes = IdempotentConsumer(keeper)
    failures = 0

    async def away() -> None:
        nonlocal failures
        failures += 1
        if failures < 3:
            raise Unavailable

    notes.before_cursor_update = away
    await publish_events(producer, *WORDS)
    async with run_readers(make_reader(notes, producer, keeper, batch_size=len(WORDS))):
        await until(lambda: failures >= 3)
        await publish_events(producer, "more")
        await until(lambda: "more" in notes.effects.values())

    assert list(notes.effects.values()) == [*WORDS, "more"]
    assert notes.effect_count >= 2 * len(WORDS)
