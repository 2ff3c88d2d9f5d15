"""Readers between two databases, driven by the test or run as tasks."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

from actors.domain_events.consumer import Consumer
from actors.domain_events.reader import Reader, ReaderStores
from storage.contracts.domain_events import Cursor, OutboxEvent
from storage.contracts.locks import Locks
from storage.errors import Conflict
from storage.postgres.database import Database

POLL_INTERVAL_S = 0.02
NEVER_S = 600.0


class UncontendedLocks:
    """`Locks` that are always granted, so that only the cursor separates readers."""

    async def try_acquire(self, name: str) -> bool:
        return True

    async def release_all(self) -> None:
        """Nothing is held."""


def make_reader(
    consumer: Consumer,
    producer: Database,
    consumer_database: Database,
    *,
    locks: Locks | None = None,
    poll_s: float = POLL_INTERVAL_S,
    batch_size: int = 100,
) -> Reader:
    """A reader of the producer's outbox that stores its cursor in the consumer's database."""
    return Reader(
        consumer,
        ReaderStores(producer.outbox, consumer_database.cursors, locks or consumer_database.locks),
        poll_s,
        batch_size,
    )


@contextlib.asynccontextmanager
async def run_readers(*readers: Reader) -> AsyncIterator[list["asyncio.Task[None]"]]:
    """Run readers as tasks, and cancel them without releasing locks, like a crash."""
    tasks = [asyncio.create_task(reader.run()) for reader in readers]
    try:
        yield tasks
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def read_all_events(producer: Database, timeout_s: float = 10.0) -> list[OutboxEvent]:
    """Read all events, waiting for those that transactions elsewhere on the server hold back."""
    async with asyncio.timeout(timeout_s):
        while True:
            events = await producer.outbox.read(Cursor(""), 1000)
            last = Cursor("", events[-1].xid, events[-1].id) if events else Cursor("")
            if not await producer.outbox.lag_s(last):
                return events


async def catch_up(
    reader: Reader, producer: Database, consumer_database: Database, timeout_s: float = 60.0
) -> None:
    """Handle all events, waiting for those that transactions elsewhere on the server hold back."""
    async with asyncio.timeout(timeout_s):
        while True:
            with contextlib.suppress(Conflict):
                await reader.read()
            place = await consumer_database.cursors.get(reader.name)
            if place is not None and not await producer.outbox.lag_s(place):
                return
