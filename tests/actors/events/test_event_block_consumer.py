"""Blocks of the Social service end what the two users hold of each other's events."""

from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime

import pytest

from actors.events import event_block_consumer
from actors.events.event_block_consumer import EventBlockConsumer
from actors.social.block_service import BlockService
from storage.contracts.domain_events import CursorUpdate
from storage.contracts.events import NewEvent
from storage.contracts.paging import PageKey
from storage.contracts.visibility_checks import CheckKind, VisibilityCheck
from storage.errors import Missing
from storage.postgres.database import Database
from storage.postgres.event_blocks import PostgresEventBlocks
from storage.postgres.events import PostgresEvents
from storage.postgres.rsvps import PostgresRsvps
from storage.postgres.social import PostgresSocial
from storage.postgres.statement import Statement
from tests.actors.domain_events.reader_fixtures import catch_up, make_reader, read_all_events
from tests.actors.domain_events.service_databases import open_databases
from tests.conftest import FreshDatabase
from tests.storage.event_setup import HOUR
from tests.storage.service_database import sorted_random_ids

DELETE_OUTBOX = Statement("outbox_delete", "DELETE FROM outbox", ())


class RecordedChecks:
    """A `VisibilityCheckStore` that only records what is to be compared."""

    def __init__(self) -> None:
        self.added: list[tuple[CheckKind, str]] = []

    async def add(self, checks: Sequence[tuple[CheckKind, str]], cursor_update: CursorUpdate | None) -> None:
        self.added += checks

    async def next(self) -> VisibilityCheck | None:
        raise NotImplementedError

    async def advance(self, check: VisibilityCheck, before: PageKey | None) -> None:
        raise NotImplementedError


class EventBlocksSetup:
    """The Social and the Event service, and a consumer that the test drives manually."""

    def __init__(self, databases: dict[str, Database]) -> None:
        self.social_database, self.events_database = databases["social"], databases["events"]
        self.social = PostgresSocial(self.social_database.pool)
        self.block_service = BlockService(self.social, 1.0)
        self.rsvps = PostgresRsvps(self.events_database.pool)
        self.events = PostgresEvents(
            self.events_database.pool, self.events_database.idempotency_keys, self.rsvps
        )
        self.checks = RecordedChecks()
        self.change_count = 0
        self.consumer = EventBlockConsumer(
            PostgresEventBlocks(self.events_database.pool),
            self.social,
            self.block_service,
            self.events_database.cursors,
            self.checks,
            self.on_changed,
        )

    def on_changed(self) -> None:
        self.change_count += 1

    async def catch_up(self) -> None:
        reader = make_reader(self.consumer, self.social_database, self.events_database)
        await catch_up(reader, self.social_database, self.events_database)

    async def create_event(self, creator_id: str) -> str:
        start = datetime.now(UTC) + HOUR
        return await self.events.create(
            NewEvent(creator_id, "Boules", None, "SPORTS", start, start + HOUR, 10), None
        )

    async def statuses(self, event_id: str, *user_ids: str) -> list[str | None]:
        return [(await self.rsvps.get_rsvp(event_id, user_id)).status for user_id in user_ids]


@pytest.fixture
async def setup(fresh_database: FreshDatabase) -> AsyncIterator[EventBlocksSetup]:
    async with open_databases(fresh_database, "social", "events") as databases:
        made = EventBlocksSetup(databases)
        yield made
        await made.block_service.close()


async def test_block_withdraws_and_unblock_restores_nothing(setup: EventBlocksSetup) -> None:
    """In both directions; the user can respond again after the unblock, and old events do not undo that."""
    ana, ben, cyd = sorted_random_ids(3)
    of_ana, of_ben = await setup.create_event(ana), await setup.create_event(ben)
    for event_id, user_id in ((of_ana, ben), (of_ben, ana), (of_ana, cyd), (of_ben, cyd)):
        await setup.rsvps.set_rsvp(event_id, user_id, "GOING", waitlist=False)
    await setup.social.block(ana, ben)
    await setup.catch_up()
    assert await setup.statuses(of_ana, ben, cyd) == [None, "GOING"]
    assert await setup.statuses(of_ben, ana, cyd) == [None, "GOING"]
    assert setup.change_count > 0
    assert set(setup.checks.added) == {(CheckKind.RECIPIENT, ana), (CheckKind.RECIPIENT, ben)}
    with pytest.raises(Missing):
        await setup.rsvps.set_rsvp(of_ana, ben, "GOING", waitlist=False)
    await setup.social.unblock(ana, ben)
    await setup.catch_up()
    await setup.rsvps.set_rsvp(of_ana, ben, "MAYBE", waitlist=False)
    for event in await read_all_events(setup.social_database):
        await setup.consumer.handle([event], None)
    assert await setup.statuses(of_ana, ben) == ["MAYBE"]


async def test_first_batch_copies_blocks_that_are_no_longer_in_the_feed(
    setup: EventBlocksSetup, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Blocks from before this release, whose domain events were pruned."""
    monkeypatch.setattr(event_block_consumer, "BLOCKS_PER_PAGE", 2)
    monkeypatch.setattr(event_block_consumer, "ATTENDEES_PER_BATCH", 2)
    ana, *others, dan = sorted_random_ids(7)
    event_id = await setup.create_event(ana)
    for user_id in (*others, dan):
        await setup.rsvps.set_rsvp(event_id, user_id, "INTERESTED", waitlist=False)
    for user_id in others:
        await setup.social.block(ana, user_id)
    await setup.social_database.pool.rows(DELETE_OUTBOX)
    await setup.social.follow(ana, dan)
    await setup.catch_up()
    assert await setup.statuses(event_id, *others, dan) == [None] * len(others) + ["INTERESTED"]
