"""Contract of `EventSeriesStore`."""

# ruff: noqa: DTZ001 - local times

import asyncio
import contextlib
from datetime import UTC, datetime, timedelta

import pytest

from storage.contracts.event_series import SeriesChange, SeriesEventChange, SeriesRecord, SeriesRule
from storage.contracts.events import EventChange, NewEvent
from storage.errors import Conflict, Missing
from storage.postgres.event_series import PostgresEventSeries
from tests.storage.event_setup import EventSetup
from tests.storage.service_database import random_id

START = datetime(2100, 5, 1, 12, tzinfo=UTC)
LOCAL = datetime(2100, 5, 1, 12)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
RULE = SeriesRule("FREQ=DAILY;COUNT=3", "UTC", LOCAL)


def series_store(setup: EventSetup) -> PostgresEventSeries:
    return PostgresEventSeries(setup.events._pool, setup.events._idempotency_keys, setup.events)


async def create_series(setup: EventSetup, creator_id: str) -> SeriesRecord:
    times = [(LOCAL + n * DAY, START + n * DAY, START + n * DAY + HOUR) for n in range(3)]
    new = NewEvent(creator_id, "Choir", None, "MUSIC", START, START + HOUR, 5)
    first_id = await series_store(setup).create(new, RULE, times, None)
    series_id = (await setup.get_event(first_id, creator_id)).series_id
    assert series_id is not None
    return await get_series(setup, series_id)


async def get_series(setup: EventSetup, series_id: str) -> SeriesRecord:
    series = await series_store(setup).get(series_id)
    assert series is not None
    return series


async def test_series_is_found_as_created(setup: EventSetup) -> None:
    """With its events in order; they are events like others."""
    ana = random_id()
    series = await create_series(setup, ana)
    assert (series.creator_id, series.rule, series.revision) == (ana, RULE, 0)
    events = await series_store(setup).list_events(series.id)
    assert [one.occurrence for one in events] == [LOCAL, LOCAL + DAY, LOCAL + 2 * DAY]
    assert [one.start for one in events] == [START, START + DAY, START + 2 * DAY]
    found = await setup.get_event(events[1].id)
    assert (found.title, found.series_id, found.rrule) == ("Choir", series.id, RULE.rrule)
    assert await series_store(setup).get(random_id()) is None
    assert len(await setup.database.outbox_rows("event.created")) == 3


async def test_revision_counts_changes_of_events(setup: EventSetup) -> None:
    """A change and a deletion of one event count, an RSVP does not."""
    series = await create_series(setup, random_id())
    events = await series_store(setup).list_events(series.id)
    await setup.rsvps.set_rsvp(events[0].id, random_id(), "GOING", waitlist=False)
    assert (await get_series(setup, series.id)).revision == 0
    await setup.events.change(events[0].id, EventChange(title="Band"))
    assert (await get_series(setup, series.id)).revision == 1
    await setup.events.delete(events[0].id, series.creator_id)
    assert (await get_series(setup, series.id)).revision == 2


async def test_change_of_a_series_that_changed_is_refused(setup: EventSetup) -> None:
    """And changes nothing; as does one with a deleted event."""
    series = await create_series(setup, random_id())
    events = await series_store(setup).list_events(series.id)
    changes = [SeriesEventChange(one.id, EventChange(title="New"), one.occurrence) for one in events]
    await setup.events.change(events[0].id, EventChange(title="Band"))
    with pytest.raises(Conflict, match="series_changed"):
        await series_store(setup).change(series, SeriesChange(changes, RULE))
    with pytest.raises(Conflict, match="series_changed"):
        await series_store(setup).delete(series, [events[1].id], RULE)
    assert (await setup.get_event(events[1].id)).title == "Choir"
    await setup.events.delete(events[2].id, series.creator_id)
    with pytest.raises(Missing):
        await series_store(setup).change(await get_series(setup, series.id), SeriesChange(changes, RULE))
    assert (await setup.get_event(events[1].id)).title == "Choir"


async def test_split_gives_events_a_new_series(setup: EventSetup) -> None:
    """A series whose events are all deleted is deleted."""
    series = await create_series(setup, random_id())
    events = await series_store(setup).list_events(series.id)
    changes = [
        SeriesEventChange(one.id, EventChange(title="New"), one.occurrence + HOUR) for one in events[1:]
    ]
    kept = SeriesRule("FREQ=DAILY;COUNT=1", "UTC", LOCAL)
    split = SeriesRule("FREQ=DAILY;COUNT=2", "Europe/Paris", LOCAL + DAY + HOUR)
    await series_store(setup).change(series, SeriesChange(changes, kept, split))
    assert (await get_series(setup, series.id)).rule == kept
    new_id = (await setup.get_event(events[1].id)).series_id
    assert new_id not in {None, series.id}
    assert (await get_series(setup, str(new_id))).rule == split
    assert [one.occurrence for one in await series_store(setup).list_events(str(new_id))] == [
        LOCAL + DAY + HOUR,
        LOCAL + 2 * DAY + HOUR,
    ]
    await series_store(setup).delete(await get_series(setup, series.id), [events[0].id], kept)
    assert await series_store(setup).get(series.id) is None


async def test_concurrent_deletions_of_all_events_delete_the_series(setup: EventSetup) -> None:
    """No series without events remains, also when a user is deleted."""
    series = await create_series(setup, random_id())
    events = await series_store(setup).list_events(series.id)
    await asyncio.gather(*(setup.events.delete(one.id, series.creator_id) for one in events))
    assert await series_store(setup).get(series.id) is None
    other = await create_series(setup, random_id())
    await setup.events.remove_user(other.creator_id)
    assert await series_store(setup).get(other.id) is None


async def test_changes_of_one_event_and_of_all_do_not_deadlock(setup: EventSetup) -> None:
    """A change of all is refused while the series changes, and succeeds when it is repeated."""
    series = await create_series(setup, random_id())
    store = series_store(setup)
    events = await store.list_events(series.id)

    async def change_all(number: int) -> None:
        changes = [
            SeriesEventChange(one.id, EventChange(title=f"All {number}"), one.occurrence) for one in events
        ]
        while True:
            with contextlib.suppress(Conflict):
                await store.change(await get_series(setup, series.id), SeriesChange(changes, RULE))
                return

    await asyncio.gather(
        *(change_all(number) for number in range(6)),
        *(setup.events.change(events[n % 3].id, EventChange(title=f"One {n}")) for n in range(6)),
    )
    assert (await get_series(setup, series.id)).revision >= 6 * 4 + 6
    titles = {(await setup.get_event(one.id)).title for one in events}
    assert all(title.startswith(("All", "One")) for title in titles)
