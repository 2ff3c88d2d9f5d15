"""Contract of `EventStore`."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from storage.contracts.events import EventChange, EventRecord, EventSearchCriteria, NewEvent
from storage.contracts.idempotency import IdempotencyKey
from storage.contracts.paging import PageKey, to_microseconds
from storage.contracts.rsvps import RsvpState
from storage.contracts.user_cache import UserCardRecord
from storage.errors import Conflict, Missing
from tests.storage.event_setup import EventSetup
from tests.storage.service_database import random_id, sorted_random_ids

START = datetime(2100, 5, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def page_key(event: EventRecord) -> PageKey:
    return to_microseconds(event.start), event.id


async def test_event_is_found_as_created(setup: EventSetup) -> None:
    """With its creator's card if cached, and the viewer's RSVP and waitlist position."""
    ana, ben, cai = sorted_random_ids(3)
    await setup.database.cache_users(ana)
    new = NewEvent(ana, "Picnic", "in the park", "FOOD", START, START + HOUR, 1)
    event_id = await setup.events.create(new, None)
    await setup.rsvps.set_rsvp(event_id, ben, "GOING", waitlist=False)
    await setup.rsvps.set_rsvp(event_id, cai, "GOING", waitlist=True)
    assert await setup.get_event(event_id, ben) == EventRecord(
        id=event_id,
        creator=UserCardRecord(ana, f"u{ana[:8]}", is_cached=True),
        title="Picnic",
        description="in the park",
        category="FOOD",
        start=START,
        end=START + HOUR,
        capacity=1,
        going_count=1,
        interested_count=0,
        my_rsvp="GOING",
        my_waitlist_position=None,
    )
    waiting = await setup.get_event(event_id, cai)
    assert (waiting.my_rsvp, waiting.my_waitlist_position) == (None, 1)
    assert await setup.events.get_creator_id(event_id) == ana


async def test_unknown_and_malformed_ids_find_nothing(setup: EventSetup) -> None:
    """Reads return nothing; changes raise `Missing`."""
    for event_id in (random_id(), "no id", ""):
        assert await setup.events.find([event_id], random_id()) == []
        assert await setup.events.get_creator_id(event_id) is None
        assert not await setup.events.delete(event_id, random_id())
        assert await setup.rsvps.get_rsvp(event_id, random_id()) == RsvpState(None, None)
        with pytest.raises(Missing):
            await setup.events.change(event_id, EventChange(title="x"))
        with pytest.raises(Missing):
            await setup.rsvps.set_rsvp(event_id, random_id(), "GOING", waitlist=True)
        with pytest.raises(Missing):
            await setup.rsvps.delete_rsvp(event_id, random_id())
    assert await setup.events.find([], random_id()) == []


@pytest.mark.parametrize(
    ("new", "constraint"),
    [
        (NewEvent(random_id(), "x", None, "SOCIAL", START, START, 1), "events_end_after_start"),
        (NewEvent(random_id(), "x", None, "SOCIAL", START, START + HOUR, 0), "events_capacity_check"),
    ],
)
async def test_invalid_event_is_rejected(setup: EventSetup, new: NewEvent, constraint: str) -> None:
    """It must end after it starts and have at least one place."""
    with pytest.raises(Conflict, match=constraint):
        await setup.events.create(new, None)


async def test_change_sets_and_clears_only_named_fields(setup: EventSetup) -> None:
    """None clears the description; one event is published."""
    event_id = await setup.create_event(title="Picnic", description="in the park")
    before = await setup.get_event(event_id)
    await setup.events.change(event_id, EventChange(title="Walk", description=None, category="SPORT"))
    await setup.events.change(event_id, EventChange(start=START, end=START + HOUR, capacity=3))
    await setup.events.change(event_id, EventChange(capacity=3))
    await setup.events.change(event_id, EventChange())
    after = await setup.get_event(event_id)
    assert (after.title, after.description, after.category) == ("Walk", None, "SPORT")
    assert (after.start, after.end, after.capacity) == (START, START + HOUR, 3)
    assert after.creator == before.creator
    received = await setup.database.outbox_rows()
    assert [one.type for one in received] == ["event.created", "event.updated", "event.updated"]
    assert received[1].payload == {
        "id": event_id,
        "creator_id": before.creator.id,
        "title": "Walk",
        "old_title": "Picnic",
    }
    assert "old_title" not in received[2].payload
    revisions = await setup.events.find_revisions([event_id, random_id()])
    assert {one: revision.number for one, revision in revisions.items()} == {event_id: 2}


async def test_rejected_change_changes_nothing(setup: EventSetup) -> None:
    """A capacity below the places taken, or an end before the start, rejects the whole change."""
    event_id = await setup.create_event(capacity=2)
    for _ in range(2):
        await setup.rsvps.set_rsvp(event_id, random_id(), "GOING", waitlist=False)
    before = await setup.get_event(event_id)
    with pytest.raises(Conflict) as refused:
        await setup.events.change(event_id, EventChange(title="Walk", capacity=1))
    assert refused.value.constraint == "events_capacity"
    with pytest.raises(Conflict) as refused:
        await setup.events.change(event_id, EventChange(title="Walk", end=before.start))
    assert refused.value.constraint == "events_end_after_start"
    assert await setup.get_event(event_id) == before


async def test_only_the_creator_deletes_an_event(setup: EventSetup) -> None:
    """RSVPs, waitlist and invites are deleted with it."""
    ana, ben, cai = sorted_random_ids(3)
    event_id = await setup.create_event(capacity=1, creator_id=ana)
    await setup.rsvps.set_rsvp(event_id, ben, "GOING", waitlist=False)
    await setup.rsvps.set_rsvp(event_id, cai, "GOING", waitlist=True)
    await setup.events.invite(event_id, ana, [ben, cai], None)
    assert not await setup.events.delete(event_id, ben)
    assert await setup.events.delete(event_id, ana)
    assert not await setup.events.delete(event_id, ana)
    assert await setup.events.find([event_id], ana) == []
    for table in ("event_rsvps", "event_waitlist", "event_invites"):
        assert await setup.sql.fetchval(f"SELECT count(*) FROM {table}") == 0
    assert await setup.promoted_user_ids() == []


async def test_search_combines_all_conditions(setup: EventSetup) -> None:
    """Category, start and end of a time range, and text in title or description."""
    ana, hidden = sorted_random_ids(2)
    names = ["walk", "swim", "sing", "cook", "hide"]
    made = {
        name: await setup.events.create(
            NewEvent(
                hidden if name == "hide" else ana,
                f"Let us {name}!",
                "on the Beach" if name == "swim" else None,
                "SPORT" if name in {"walk", "swim"} else "SOCIAL",
                START + number * HOUR,
                START + (number + 1) * HOUR,
                5,
            ),
            None,
        )
        for number, name in enumerate(names)
    }

    async def found(**conditions: object) -> list[str]:
        search = EventSearchCriteria(**conditions)  # type: ignore[arg-type]
        ids = [one.id for one in await setup.events.search(search, None, ana, [hidden], 10)]
        return [name for event_id in ids for name, known in made.items() if known == event_id]

    assert await found() == ["walk", "swim", "sing", "cook"]
    assert await found(category="SPORT") == ["walk", "swim"]
    assert await found(ends_after=START + 2.5 * HOUR) == ["sing", "cook"]
    assert await found(starts_before=START + HOUR) == ["walk", "swim"]
    assert await found(ends_after=START + 1.5 * HOUR, starts_before=START + 2 * HOUR) == ["swim", "sing"]
    assert await found(query_text="LET sing") == ["sing"]
    assert await found(query_text="beach") == ["swim"]
    assert await found(query_text='"us cook"') == ["cook"]
    assert await found(query_text="coo") == ["cook"]
    assert await found(query_text="walk or swim") == []
    assert await found(query_text="-walk") == ["walk"]
    assert await found(query_text="beach", category="SOCIAL") == []
    for odd in ("' \" & | ! ( :*", "", "\\", "%"):
        assert set(await found(query_text=odd)) <= set(names)


async def test_search_pages_are_ordered_by_start(setup: EventSetup) -> None:
    """Soonest first, also with equal starts, and stable under inserts."""
    ana = random_id()
    made: list[tuple[datetime, str]] = []
    for number in range(12):
        start = START + (number % 3) * HOUR
        made.append(
            (
                start,
                await setup.events.create(NewEvent(ana, "x", None, "SOCIAL", start, start + HOUR, 1), None),
            )
        )
    expected = [event_id for _, event_id in sorted(made)]
    for limit in (1, 5, 100):
        seen: list[str] = []
        after: PageKey | None = None
        while some := await setup.events.search(EventSearchCriteria(), after, ana, (), limit):
            seen += [one.id for one in some]
            after = page_key(some[-1])
            early = START - HOUR
            await setup.events.create(NewEvent(ana, "x", None, "OTHER", early, early + HOUR, 1), None)
        assert seen == expected
        await setup.sql.execute("DELETE FROM events WHERE category = 'OTHER'")


async def test_invite_is_published_once_per_inviter(setup: EventSetup) -> None:
    """With or without an idempotency key; malformed ids are ignored."""
    ana, ben, cai = sorted_random_ids(3)
    event_id = await setup.create_event(title="Picnic")
    await setup.events.invite(event_id, ana, [cai, ben, ben, "no id"], IdempotencyKey("k" * 64, "d"))
    await setup.events.invite(event_id, ana, [ben, cai], IdempotencyKey("k" * 64, "d"))
    await setup.events.invite(event_id, ana, [ben, cai], None)
    await setup.events.invite(event_id, ben, [cai], None)
    with pytest.raises(Conflict, match="idempotency_keys"):
        await setup.events.invite(event_id, ana, [ben], IdempotencyKey("k" * 64, "other"))
    received = await setup.database.outbox_rows("event.invited")
    invited = [(one.payload["inviter_id"], one.payload["user_id"]) for one in received]
    assert invited == [(ana, ben), (ana, cai), (ben, cai)]
    assert received[0].payload["title"] == "Picnic"


async def test_remove_user_promotes_the_waitlist(setup: EventSetup) -> None:
    """Places go to the first in line; the user's events and invites are deleted."""
    ana, ben, cai, dan = sorted_random_ids(4)
    own = await setup.create_event(creator_id=ana)
    await setup.rsvps.set_rsvp(own, ben, "GOING", waitlist=False)
    full = [await setup.create_event(capacity=1) for _ in range(3)]
    for event_id in full:
        for user in (ana, ben, cai):
            await setup.rsvps.set_rsvp(event_id, user, "GOING", waitlist=True)
    await setup.mark_started(full[2])
    await setup.events.invite(full[0], ana, [dan], None)
    await setup.events.invite(full[0], dan, [ana], None)
    waiting = await setup.create_event(capacity=1)
    for user in (ben, ana, cai):
        await setup.rsvps.set_rsvp(waiting, user, "GOING", waitlist=True)
    for _ in range(2):
        await setup.events.remove_user(ana)
        assert await setup.events.find([own], ben) == []
        assert [await setup.going_user_ids(event_id) for event_id in full] == [[ben], [ben], []]
        assert await setup.rsvps.get_rsvp(waiting, cai) == RsvpState(None, 1)
    assert await setup.promoted_user_ids() == [ben, ben]
    assert await setup.sql.fetchval("SELECT count(*) FROM event_invites") == 0
    assert await setup.audit.count_mismatches() == 0


async def test_concurrent_removals_keep_counts_correct(setup: EventSetup) -> None:
    """Each freed place is given once."""
    attendees, line = sorted_random_ids(6), sorted_random_ids(6)
    events = [await setup.create_event(capacity=6) for _ in range(2)]
    for event_id in events:
        for user in (*attendees, *line):
            await setup.rsvps.set_rsvp(event_id, user, "GOING", waitlist=True)
    await asyncio.gather(*(setup.events.remove_user(user) for user in attendees))
    for event_id in events:
        assert sorted(await setup.going_user_ids(event_id)) == line
        assert await setup.counts(event_id) == (6, 0)


async def test_remove_user_ignores_deleted_events(setup: EventSetup) -> None:
    """If an event is deleted meanwhile, the rest is still removed."""
    ana = random_id()
    gone, stays = await setup.create_event(), await setup.create_event()
    for event_id in (gone, stays):
        await setup.rsvps.set_rsvp(event_id, ana, "GOING", waitlist=False)
    other_connection = await setup.database.connection()
    deleting = other_connection.transaction()
    await deleting.start()
    await other_connection.execute("DELETE FROM events WHERE id = $1", gone)
    forget = await setup.database.start_until_blocked(setup.events.remove_user(ana))
    await deleting.commit()
    await forget
    assert await setup.going_user_ids(stays) == []


async def test_attended_events_are_the_nearest(setup: EventSetup) -> None:
    """By start; of too many first the soonest ones to come, then the latest of those that have ended."""
    user = random_id()
    hours = [-50, -30, -10, -1.5, 5, 20, 900]
    events = [await setup.create_event() for _ in hours]
    for event_id, start in zip(events, hours, strict=True):
        await setup.rsvps.set_rsvp(event_id, user, "GOING", waitlist=False)
        await setup.sql.execute(
            "UPDATE events SET start_datetime = now() + $2, end_datetime = now() + $3 WHERE id = $1",
            event_id,
            start * HOUR,
            (start + 1) * HOUR,
        )
    ended_after = datetime.now(UTC) - 40 * HOUR

    async def attended(limit: int) -> list[int]:
        found = await setup.events.list_going(user, ended_after, limit)
        return [events.index(event_id) for event_id in found]

    assert await attended(10) == [1, 2, 3, 4, 5, 6]
    assert await attended(4) == [3, 4, 5, 6]
    assert await attended(2) == [4, 5]
    assert await setup.events.list_going(random_id(), ended_after, 4) == []


async def test_search_from_a_time_includes_events_that_take_place(setup: EventSetup) -> None:
    """Also one that starts or ends exactly then, once each, in pages of any size."""
    viewer, instant = random_id(), START.replace(microsecond=123)
    spans = [(-5, -1), (-30, 40), (-5, 0), (-1, 1), (0, 1), (0, 2), (1, 2)]
    events = [
        await setup.events.create(
            NewEvent(random_id(), "x", None, "SPANS", instant + first * HOUR, instant + last * HOUR, 5),
            None,
        )
        for first, last in spans
    ]
    criteria = EventSearchCriteria(category="SPANS", ends_after=instant)
    expected = [events[1], events[2], events[3], *sorted(events[4:6]), events[6]]
    for size in (1, 2, 3, 10):
        found: list[str] = []
        after: PageKey | None = None
        while page := await setup.events.search(criteria, after, viewer, (), size):
            found += [one.id for one in page]
            after = page_key(page[-1])
        assert found == expected
