"""Readers that crash, or lose their database, between the effect of an event and the cursor update."""

import asyncio
from collections.abc import AsyncIterator
from urllib.parse import parse_qs, quote, urlsplit

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
from tests.tcp_proxy import TcpProxy
from tests.until import until

WORDS = [f"word {number}" for number in range(8)]


@pytest.fixture
async def proxy(consumer_url: str) -> AsyncIterator[TcpProxy]:
    """A proxy in front of the consumer's database that can drop replies."""
    (folder,) = parse_qs(urlsplit(consumer_url).query)["host"]
    made = TcpProxy(f"unix://{quote(folder)}/.s.PGSQL.5432")
    yield made
    await made.close()


@pytest.fixture
async def proxied_database(proxy: TcpProxy, consumer_url: str) -> AsyncIterator[Database]:
    """The consumer's database, connected through the proxy."""
    url = urlsplit(consumer_url)
    account = url.netloc.rpartition("@")[0]
    through = f"postgresql://{account}@127.0.0.1:{await proxy.start()}{url.path}?sslmode=disable"
    async with open_database(through, "social") as database:
        yield database


async def test_crash_before_commit_handles_the_batch_again(
    producer: Database, consumer_database: Database, consumer: TransactionalConsumer
) -> None:
    """A batch whose transaction did not commit is handled again completely, with one effect."""
    hangs = asyncio.Event()

    async def hang(word: str) -> None:
        if word == WORDS[5]:
            hangs.set()
            await asyncio.Event().wait()

    consumer.after_effect = hang
    await publish_events(producer, *WORDS)
    async with run_readers(make_reader(consumer, producer, consumer_database)):
        await asyncio.wait_for(hangs.wait(), 5.0)
    assert await consumer.list_effects() == []
    other = TransactionalConsumer(consumer_database)
    await catch_up(make_reader(other, producer, consumer_database), producer, consumer_database)

    assert await consumer.list_effects() == WORDS


@pytest.mark.parametrize("at", range(len(WORDS)))
async def test_crash_at_any_event_resumes_after_the_last_batch(
    producer: Database, consumer_database: Database, consumer: TransactionalConsumer, at: int
) -> None:
    """After a crash at any event of a batch, the next reader resumes after the last complete batch."""

    async def die(word: str) -> None:
        if word == WORDS[at]:
            raise asyncio.CancelledError

    consumer.after_effect = die
    await publish_events(producer, *WORDS)
    with pytest.raises(asyncio.CancelledError):
        await catch_up(
            make_reader(consumer, producer, consumer_database, batch_size=3), producer, consumer_database
        )
    assert await consumer.list_effects() == WORDS[: at // 3 * 3]
    await catch_up(
        make_reader(TransactionalConsumer(consumer_database), producer, consumer_database, batch_size=3),
        producer,
        consumer_database,
    )

    assert await consumer.list_effects() == WORDS


async def test_commit_with_lost_reply_is_not_repeated(
    producer: Database,
    consumer_database: Database,
    proxied_database: Database,
    proxy: TcpProxy,
    consumer: TransactionalConsumer,
) -> None:
    """A commit whose reply was lost is not repeated."""
    far = TransactionalConsumer(proxied_database)

    async def lose(word: str) -> None:
        proxy.drop_reply_to = b"COMMIT" if word == WORDS[3] and not proxy.dropped_replies else None

    far.before_effect = lose
    await publish_events(producer, *WORDS[:4])
    async with run_readers(make_reader(far, producer, proxied_database)) as (task,):
        await until(lambda: proxy.dropped_replies)
        proxy.drop_reply_to = None
        await publish_events(producer, *WORDS[4:])
        await until(lambda: far.batches and far.batches[-1][-1] == WORDS[-1])
        assert not task.done()

    assert proxy.dropped_replies == 1
    assert far.batches[0][0] == WORDS[4]
    assert await consumer.list_effects() == WORDS


async def test_connection_loss_in_transaction_rolls_back_and_retries(
    producer: Database,
    consumer_database: Database,
    proxied_database: Database,
    proxy: TcpProxy,
    consumer: TransactionalConsumer,
) -> None:
    """A connection loss within a batch rolls it back, and the retry has one effect."""
    far = TransactionalConsumer(proxied_database)
    cuts = 0

    async def cut(word: str) -> None:
        nonlocal cuts
        if word == WORDS[5] and cuts < 2:
            cuts += 1
            for line in list(proxy.connections):
                line.cut()

    far.after_effect = cut
    await publish_events(producer, *WORDS)
    async with run_readers(make_reader(far, producer, proxied_database)):
        await until(lambda: far.batches)

    assert cuts == 2
    assert await consumer.list_effects() == WORDS


async def test_idempotent_consumer_repeats_effect_after_crash(
    producer: Database, consumer_database: Database
) -> None:
    """A crash between effect and cursor repeats the effect, with the same result."""
    notes = IdempotentConsumer(consumer_database)

    async def die() -> None:
        raise asyncio.CancelledError

    notes.before_cursor_update = die
    await publish_events(producer, *WORDS)
    with pytest.raises(asyncio.CancelledError):
        await catch_up(make_reader(notes, producer, consumer_database), producer, consumer_database)
    assert await consumer_database.cursors.get("notes") is not None
    times = notes.effect_count
    other = IdempotentConsumer(consumer_database)
    other.effects = notes.effects
    await catch_up(make_reader(other, producer, consumer_database), producer, consumer_database)

    assert times == other.effect_count == len(WORDS)
    assert list(notes.effects.values()) == WORDS


async def test_failed_cursor_update_is_retried(producer: Database, consumer_database: Database) -> None:
    """If the cursor update fails after the effect, both are repeated with the same ids."""
    notes = IdempotentConsumer(consumer_database)
    failures = 0

    async def fail() -> None:
        nonlocal failures
        failures += 1
        if failures < 3:
            raise Unavailable

    notes.before_cursor_update = fail
    await publish_events(producer, *WORDS)
    async with run_readers(make_reader(notes, producer, consumer_database, batch_size=len(WORDS))):
        await until(lambda: failures >= 3)
        await publish_events(producer, "more")
        await until(lambda: "more" in notes.effects.values())

    assert list(notes.effects.values()) == [*WORDS, "more"]
    assert notes.effect_count >= 2 * len(WORDS)
