"""Contract of `RsvpStore`: statuses, counts, waitlist and published events."""

import pytest

from storage.contracts.events import EventChange
from storage.contracts.paging import PageKey, to_microseconds
from storage.contracts.rsvps import RsvpState
from storage.contracts.user_cache import UserCardRecord
from storage.errors import Conflict
from tests.storage.event_setup import EventSetup
from tests.storage.service_database import random_id, sorted_random_ids

STATUSES = ("GOING", "INTERESTED", "MAYBE", "NOT_GOING")
NO_RSVP = RsvpState(None, None)


async def create_full_event(
    setup: EventSetup, waitlist: list[str], capacity: int = 1
) -> tuple[str, list[str]]:
    """Create a full event with these users on the waitlist; return its id and the users who go."""
    event_id, attendees = await setup.create_event(capacity), sorted_random_ids(capacity)
    for user in attendees:
        await setup.rsvps.set_rsvp(event_id, user, "GOING", waitlist=False)
    for place, user in enumerate(waitlist, 1):
        assert await setup.rsvps.set_rsvp(event_id, user, "GOING", waitlist=True) == RsvpState(None, place)
    return event_id, attendees


@pytest.mark.parametrize("before", STATUSES)
async def test_each_status_can_follow_each_other(setup: EventSetup, before: str) -> None:
    """It replaces the previous one, is counted, and is published once if it changed something."""
    ana = random_id()
    for after in STATUSES:
        event_id = await setup.create_event()
        for status in (before, after):
            assert await setup.rsvps.set_rsvp(event_id, ana, status, waitlist=False) == RsvpState(
                status, None
            )
            assert await setup.rsvps.get_rsvp(event_id, ana) == RsvpState(status, None)
            assert (await setup.get_event(event_id, ana)).my_rsvp == status
            assert await setup.counts(event_id) == (status == "GOING", status == "INTERESTED")
        for _ in range(2):
            assert await setup.rsvps.delete_rsvp(event_id, ana) == NO_RSVP
            assert await setup.rsvps.get_rsvp(event_id, ana) == NO_RSVP
            assert await setup.counts(event_id) == (0, 0)
        received = [
            one for one in await setup.database.outbox_rows("rsvp.changed") if one.key == f"{event_id}:{ana}"
        ]
        assert len(received) == (2 if before == after else 3)
        assert received[0].payload == {"event_id": event_id, "user_id": ana}


async def test_unknown_status_is_rejected(setup: EventSetup) -> None:
    """By a check; the previous status stays."""
    event_id, ana = await setup.create_event(), random_id()
    await setup.rsvps.set_rsvp(event_id, ana, "MAYBE", waitlist=False)
    with pytest.raises(Conflict, match="event_rsvps_status_check"):
        await setup.rsvps.set_rsvp(event_id, ana, "going", waitlist=False)
    assert await setup.rsvps.get_rsvp(event_id, ana) == RsvpState("MAYBE", None)


async def test_full_event_rejects_or_waitlists(setup: EventSetup) -> None:
    """With `waitlist` the user gets a position; other statuses are still accepted."""
    ana, ben, cai = sorted_random_ids(3)
    event_id, (attendee,) = await create_full_event(setup, [ana])
    with pytest.raises(Conflict, match=r"event\.full"):
        await setup.rsvps.set_rsvp(event_id, ben, "GOING", waitlist=False)
    await setup.rsvps.set_rsvp(event_id, cai, "INTERESTED", waitlist=False)
    assert await setup.rsvps.set_rsvp(event_id, cai, "GOING", waitlist=True) == RsvpState("INTERESTED", 2)
    assert await setup.rsvps.set_rsvp(event_id, ana, "GOING", waitlist=False) == RsvpState(None, 1)
    assert await setup.rsvps.set_rsvp(event_id, attendee, "GOING", waitlist=False) == RsvpState("GOING", None)
    assert await setup.counts(event_id) == (1, 1)
    seen = await setup.get_event(event_id, cai)
    assert (seen.my_rsvp, seen.my_waitlist_position) == ("INTERESTED", 2)


async def test_freed_place_goes_to_the_first_waiting_user(setup: EventSetup) -> None:
    """After a changed or deleted RSVP; the promotion is published."""
    line = sorted_random_ids(3)
    line.reverse()
    event_id, (attendee,) = await create_full_event(setup, line)
    await setup.rsvps.set_rsvp(event_id, attendee, "NOT_GOING", waitlist=False)
    assert await setup.going_user_ids(event_id) == line[:1]
    assert [(await setup.rsvps.get_rsvp(event_id, user)).waitlist_position for user in line] == [None, 1, 2]
    await setup.rsvps.delete_rsvp(event_id, line[0])
    assert await setup.going_user_ids(event_id) == line[1:2]
    assert await setup.promoted_user_ids() == line[:2]
    received = (await setup.database.outbox_rows("rsvp.promoted"))[0]
    event = await setup.get_event(event_id)
    assert received.payload == {
        "event_id": event_id,
        "user_id": line[0],
        "title": event.title,
        "creator_id": event.creator.id,
    }
    assert await setup.counts(event_id) == (1, 0)


async def test_no_user_skips_the_waitlist(setup: EventSetup) -> None:
    """Before the start a free place with users waiting is theirs."""
    line = sorted_random_ids(2)
    event_id, _ = await create_full_event(setup, line)
    await setup.sql.execute("ALTER TABLE events DISABLE TRIGGER USER")
    await setup.sql.execute("UPDATE events SET capacity = 2 WHERE id = $1", event_id)
    await setup.sql.execute("ALTER TABLE events ENABLE TRIGGER USER")
    late = random_id()
    with pytest.raises(Conflict, match=r"event\.full"):
        await setup.rsvps.set_rsvp(event_id, late, "GOING", waitlist=False)
    # When a user joins the line, the first in it gets the place.
    assert await setup.rsvps.set_rsvp(event_id, late, "GOING", waitlist=True) == RsvpState(None, 2)
    assert await setup.promoted_user_ids() == line[:1]


@pytest.mark.parametrize("asker", ["first in line", "last in line", "not in line"])
async def test_place_freed_after_the_start_goes_to_the_first_who_asks(setup: EventSetup, asker: str) -> None:
    """Waiting or not; the next one who asks finds the event full."""
    first, last, other = sorted_random_ids(3)
    event_id, (attendee,) = await create_full_event(setup, [first, last])
    await setup.mark_started(event_id)
    await setup.rsvps.delete_rsvp(event_id, attendee)
    assert await setup.counts(event_id) == (0, 0)
    user_id = {"first in line": first, "last in line": last, "not in line": other}[asker]
    assert await setup.rsvps.set_rsvp(event_id, user_id, "GOING", waitlist=False) == RsvpState("GOING", None)
    assert await setup.rsvps.get_rsvp(event_id, user_id) == RsvpState("GOING", None)
    assert await setup.counts(event_id) == (1, 0)
    with pytest.raises(Conflict, match=r"event\.full"):
        await setup.rsvps.set_rsvp(event_id, random_id(), "GOING", waitlist=False)


@pytest.mark.parametrize("status", ["INTERESTED", "MAYBE", "NOT_GOING", None])
async def test_another_status_leaves_the_waitlist(setup: EventSetup, status: str | None) -> None:
    """Later positions move up; a freed place does not go to a user who left."""
    ana, ben = sorted_random_ids(2)
    event_id, (attendee,) = await create_full_event(setup, [ana, ben])
    if status is None:
        await setup.rsvps.delete_rsvp(event_id, ana)
    else:
        await setup.rsvps.set_rsvp(event_id, ana, status, waitlist=True)
    assert await setup.rsvps.get_rsvp(event_id, ana) == RsvpState(status, None)
    assert await setup.rsvps.get_rsvp(event_id, ben) == RsvpState(None, 1)
    await setup.rsvps.delete_rsvp(event_id, attendee)
    assert await setup.going_user_ids(event_id) == [ben]
    assert await setup.promoted_user_ids() == [ben]


async def test_raised_capacity_promotes_the_waitlist(setup: EventSetup) -> None:
    """In order, as many as fit; lowering to the places taken promotes no one."""
    line = sorted_random_ids(5)
    line.reverse()
    event_id, _ = await create_full_event(setup, line, capacity=2)
    await setup.events.change(event_id, EventChange(capacity=4))
    assert set(await setup.promoted_user_ids()) == set(line[:2])
    assert await setup.counts(event_id) == (4, 0)
    assert [(await setup.rsvps.get_rsvp(event_id, user)).waitlist_position for user in line[2:]] == [1, 2, 3]
    await setup.events.change(event_id, EventChange(title="Walk"))
    assert len(await setup.promoted_user_ids()) == 2
    await setup.events.change(event_id, EventChange(capacity=100))
    assert await setup.counts(event_id) == (7, 0)
    assert await setup.sql.fetchval("SELECT count(*) FROM event_waitlist") == 0


async def test_no_user_is_promoted_after_the_start(setup: EventSetup) -> None:
    """Neither for freed nor for new places; RSVPs are accepted until the end."""
    line = sorted_random_ids(2)
    event_id, (attendee,) = await create_full_event(setup, line)
    await setup.mark_started(event_id)
    await setup.events.change(event_id, EventChange(capacity=2))
    await setup.rsvps.set_rsvp(event_id, attendee, "MAYBE", waitlist=False)
    assert await setup.promoted_user_ids() == []
    assert await setup.counts(event_id) == (0, 0)
    assert await setup.rsvps.get_rsvp(event_id, line[0]) == RsvpState(None, 1)


async def test_past_event_accepts_no_rsvps(setup: EventSetup) -> None:
    """An RSVP can still be deleted."""
    event_id, ana = await setup.create_event(), random_id()
    await setup.rsvps.set_rsvp(event_id, ana, "GOING", waitlist=False)
    await setup.mark_ended(event_id)
    for status in STATUSES:
        with pytest.raises(Conflict, match=r"event\.past"):
            await setup.rsvps.set_rsvp(event_id, ana, status, waitlist=True)
    assert await setup.rsvps.get_rsvp(event_id, ana) == RsvpState("GOING", None)
    assert await setup.rsvps.delete_rsvp(event_id, ana) == NO_RSVP
    assert await setup.counts(event_id) == (0, 0)


async def test_rsvps_are_paged_oldest_first(setup: EventSetup) -> None:
    """By status or all, also with equal times, without excluded and deleted users."""
    gone, hidden, unknown, *known = sorted_random_ids(7)
    await setup.database.cache_users(hidden, *known)
    event_id = await setup.create_event(20)
    order = [known[3], gone, unknown, known[0], hidden, known[2], known[1]]
    for number, user in enumerate(order):
        status = "GOING" if number % 2 else "INTERESTED"
        await setup.rsvps.set_rsvp(event_id, user, status, waitlist=False)
    await setup.database.cache_users(gone, deleted=True)
    shown = await setup.rsvps.page_rsvps(event_id, None, None, [hidden], 10)
    assert [one.user.id for one in shown] == [known[3], unknown, known[0], known[2], known[1]]
    assert shown[1].user == UserCardRecord(unknown)
    assert shown[0].user == UserCardRecord(known[3], f"u{known[3][:8]}", is_cached=True)
    assert [one.user.id for one in await setup.rsvps.page_rsvps(event_id, "GOING", None, (), 10)] == [
        known[0],
        known[2],
    ]
    await setup.sql.execute("UPDATE event_rsvps SET answered_at = '2026-01-01'")
    seen: list[str] = []
    after: PageKey | None = None
    while some := await setup.rsvps.page_rsvps(event_id, None, after, [hidden], 2):
        seen += [one.user.id for one in some]
        after = (to_microseconds(some[-1].answered_at), some[-1].user.id)
    assert seen == sorted([unknown, *known])
