"""The outbox of a service: no event is missed or read twice, and only events read by all are pruned."""

import asyncio
import random
import time

import msgspec
import pytest

from storage.contracts.domain_events import Cursor, OutboxEvent
from storage.postgres.outbox import PostgresOutbox
from storage.postgres.social import PostgresSocial
from tests.storage.service_database import RawConnection, ServiceDatabase, sorted_random_ids

INSERT = "INSERT INTO outbox (key, type, payload) VALUES ($1, 'test', '{}') RETURNING id"
BY_ID = "SELECT id FROM outbox WHERE id > $1 ORDER BY id"
READ_TIMEOUT_S = 10.0


@pytest.fixture
def outbox(social_database: ServiceDatabase) -> PostgresOutbox:
    return social_database.instance_a.outbox


class OutboxReader:
    """Reads a feed from its beginning, batch by batch."""

    def __init__(self, outbox: PostgresOutbox, batch: int = 100) -> None:
        self._outbox = outbox
        self._batch = batch
        self.cursor = Cursor("here")
        self.seen: list[OutboxEvent] = []

    @property
    def ids(self) -> list[int]:
        return [event.id for event in self.seen]

    async def read_available(self) -> None:
        while some := await self._outbox.read(self.cursor, self._batch):
            self.seen += some
            self.cursor = Cursor(self.cursor.source, some[-1].xid, some[-1].id)

    async def read_until(self, count: int) -> None:
        """Read until this many have arrived: open transactions of the server may delay them."""
        deadline = time.monotonic() + READ_TIMEOUT_S
        while len(self.seen) < count:
            assert time.monotonic() < deadline, f"{len(self.seen)} of {count} came"
            await self.read_available()


async def insert_events(database: ServiceDatabase, count: int) -> list[int]:
    return [await database.sql.fetchval(INSERT, f"k{number}") for number in range(count)]


async def test_event_is_read_as_written(social_database: ServiceDatabase, outbox: PostgresOutbox) -> None:
    """Key, type, payload and time; the next cursor is after it."""
    ana, ben = sorted_random_ids(2)
    await PostgresSocial(social_database.instance_a.pool).follow(ana, ben)
    reader = OutboxReader(outbox)
    await reader.read_until(1)
    (event,) = reader.seen
    assert (event.key, event.type) == (f"{ana}:{ben}", "follow.created")
    assert msgspec.json.decode(event.payload) == {"follower_id": ana, "following_id": ben}
    assert abs(event.created_at.timestamp() - time.time()) < 60
    await reader.read_available()
    assert len(reader.seen) == 1


async def test_reader_misses_no_event_of_late_writers(
    social_database: ServiceDatabase, outbox: PostgresOutbox
) -> None:
    """Eight writers take ids early and commit late, in any order, some roll back; no event is read twice."""
    committed: list[int] = []
    by_id: list[int] = []

    async def writer(number: int, connection: RawConnection) -> None:
        rng = random.Random(number)
        for turn in range(25):
            writing = connection.transaction()
            await writing.start()
            ids: list[int] = []
            for part in range(rng.randrange(1, 4)):
                ids.append(await connection.fetchval(INSERT, f"{number}.{turn}.{part}"))
                for _ in range(rng.randrange(6)):
                    await connection.fetchval("SELECT 1")
            if rng.random() < 0.1:
                await writing.rollback()
            else:
                await writing.commit()
                committed.extend(ids)

    async def poll_by_id() -> None:
        rows = await social_database.sql.fetch(BY_ID, by_id[-1] if by_id else 0)
        by_id.extend(row["id"] for row in rows)

    reader = OutboxReader(outbox, batch=7)
    connections = [await social_database.connection() for _ in range(8)]
    written = asyncio.gather(*(writer(number, one) for number, one in enumerate(connections)))
    while not written.done():
        await reader.read_available()
        await poll_by_id()
    await written
    await reader.read_until(len(committed))
    assert sorted(reader.ids) == sorted(committed)
    keys = [(event.xid, event.id) for event in reader.seen]
    assert keys == sorted(set(keys))
    for number in range(8):
        own = [event.id for event in reader.seen if event.key.startswith(f"{number}.")]
        assert own == sorted(own)
    # Polling by id alone loses some of the rows.
    assert set(by_id) < set(committed)


async def test_lower_id_that_commits_later_is_not_lost(
    social_database: ServiceDatabase, outbox: PostgresOutbox
) -> None:
    """Polling by id alone would lose it; the feed holds later events back until it commits."""
    slow = await social_database.connection()
    writing = slow.transaction()
    await writing.start()
    early = await slow.fetchval(INSERT, "early")
    (late,) = await insert_events(social_database, 1)
    reader = OutboxReader(outbox)
    await reader.read_available()
    by_id = [row["id"] for row in await social_database.sql.fetch(BY_ID, 0)]
    assert (by_id, reader.seen) == ([late], [])
    await writing.commit()
    by_id += [row["id"] for row in await social_database.sql.fetch(BY_ID, by_id[-1])]
    await reader.read_until(2)
    assert (by_id, reader.ids) == ([late], [early, late])


async def test_rolled_back_writer_leaves_a_harmless_gap(
    social_database: ServiceDatabase, outbox: PostgresOutbox
) -> None:
    """Readers do not wait for its ids."""
    slow = await social_database.connection()
    writing = slow.transaction()
    await writing.start()
    await slow.fetchval(INSERT, "never")
    ids = await insert_events(social_database, 3)
    await writing.rollback()
    reader = OutboxReader(outbox)
    await reader.read_until(3)
    assert reader.ids == ids


async def test_source_identifies_the_database_and_its_last_id(
    social_database: ServiceDatabase, posts_database: ServiceDatabase, outbox: PostgresOutbox
) -> None:
    """The same on every instance, different per database."""
    assert (await outbox.source()).last_id == 0
    ids = await insert_events(social_database, 3)
    assert (await outbox.source()).last_id == ids[-1]
    other = await social_database.instance()
    assert await other.outbox.source() == await outbox.source()
    assert (await posts_database.instance_a.outbox.source()).name != (await outbox.source()).name


async def test_reassign_xids_makes_events_of_a_dump_readable(
    social_database: ServiceDatabase, outbox: PostgresOutbox
) -> None:
    """Transaction ids in this server's future are replaced; readable events stay."""
    ids = await insert_events(social_database, 4)
    reader = OutboxReader(outbox)
    await reader.read_until(4)
    before = reader.seen[:2]
    await social_database.sql.execute(
        "UPDATE outbox SET xid = (1000000000000 - id)::text::xid8 WHERE id > $1", ids[1]
    )
    reader = OutboxReader(outbox)
    await reader.read_until(2)
    await reader.read_available()
    assert reader.seen == before
    for _ in range(2):
        await outbox.reassign_xids()
        reader = OutboxReader(outbox)
        await reader.read_until(4)
        assert reader.ids == ids
        assert reader.seen[:2] == before


async def test_lag_is_the_age_of_the_oldest_unread_event(
    social_database: ServiceDatabase, outbox: PostgresOutbox
) -> None:
    """Zero if there is none."""
    assert await outbox.lag_s(Cursor("here")) == 0
    await insert_events(social_database, 2)
    await social_database.sql.execute("UPDATE outbox SET created_at = now() - id * interval '100 seconds'")
    reader = OutboxReader(outbox, batch=1)
    assert 100 <= await outbox.lag_s(reader.cursor) < 160
    await reader.read_until(2)
    assert await outbox.lag_s(reader.cursor) == 0
    first = Cursor("here", reader.seen[0].xid, reader.seen[0].id)
    assert 200 <= await outbox.lag_s(first) < 260
    await social_database.sql.execute("UPDATE outbox SET created_at = now() + interval '1 hour'")
    assert await outbox.lag_s(Cursor("here")) == 0


async def test_prune_deletes_only_what_all_have_read(
    social_database: ServiceDatabase, outbox: PostgresOutbox
) -> None:
    """Up to the slowest consumer, once each has recorded a cursor, and only old events."""
    ids = await insert_events(social_database, 6)
    await social_database.sql.execute(
        "UPDATE outbox SET created_at = now() - interval '1 hour' WHERE id < $1", ids[3]
    )
    reader = OutboxReader(outbox)
    await reader.read_until(6)
    places = [Cursor("here", event.xid, event.id) for event in reader.seen]

    async def left() -> list[int]:
        return [row["id"] for row in await social_database.sql.fetch(BY_ID, 0)]

    await outbox.save_reader_cursor("quick", places[5])
    assert await outbox.prune(["quick", "slow"], 60) == 0
    await outbox.save_reader_cursor("slow", places[0])
    await outbox.save_reader_cursor("gone", Cursor("here"))
    assert await outbox.prune(["quick", "slow"], 7200) == 0
    assert await outbox.prune(["quick", "slow"], 60) == 1
    assert await left() == ids[1:]
    await outbox.save_reader_cursor("slow", places[5])
    assert await outbox.prune(["quick", "slow"], 60) == 2
    assert await left() == ids[3:]
    assert await outbox.prune(["quick", "slow", "gone"], 0) == 0
    assert await outbox.prune([], 0) == 0
    assert await outbox.prune(["quick", "slow"], 0) == 3
    assert (await outbox.source()).last_id == ids[-1]
