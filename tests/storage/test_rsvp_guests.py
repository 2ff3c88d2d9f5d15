"""Guests of RSVPs: they take places, and the waitlist gives places to the first party that fits."""

import asyncio
import random

import asyncpg
import pytest

from config.limits import EVENT_GUESTS_MAX
from storage.contracts.events import EventChange
from storage.contracts.rsvps import RsvpState
from storage.errors import Conflict
from tests.storage.event_setup import EventSetup
from tests.storage.service_database import random_id, sorted_random_ids

PLACES = 25
PEOPLE = 60
ROUNDS = 6
SELECT_PLACES = """
    SELECT
        going_count,
        capacity,
        (
            SELECT coalesce(sum(1 + guests), 0) FROM event_rsvps AS r
            WHERE r.event_id = e.id AND r.status = 'GOING'
        ) AS taken
    FROM events AS e WHERE e.id = $1
"""
SELECT_FITTING = """
    SELECT count(*) FROM event_waitlist AS w INNER JOIN events AS e ON w.event_id = e.id
    WHERE e.id = $1 AND 1 + w.guests <= e.capacity - e.going_count
"""


async def go(setup: EventSetup, event_id: str, user: str, guests: int, *, waitlist: bool = True) -> RsvpState:
    return await setup.rsvps.set_rsvp(event_id, user, "GOING", waitlist=waitlist, guests=guests)


async def test_guests_take_places(setup: EventSetup) -> None:
    """A party that does not fit is refused; other answers bring no guests."""
    ana, ben = random_id(), random_id()
    event_id = await setup.create_event(5)
    assert await go(setup, event_id, ana, 3) == RsvpState("GOING", None, 3)
    assert await setup.counts(event_id) == (4, 0)
    with pytest.raises(Conflict, match=r"event\.full"):
        await go(setup, event_id, ben, 1, waitlist=False)
    assert await go(setup, event_id, ben, 0, waitlist=False) == RsvpState("GOING", None)
    assert await setup.counts(event_id) == (5, 0)
    await setup.rsvps.set_rsvp(event_id, ana, "INTERESTED", waitlist=False)
    assert await setup.rsvps.get_rsvp(event_id, ana) == RsvpState("INTERESTED", None, 0)
    assert await setup.counts(event_id) == (1, 1)


async def test_more_guests_need_room_and_fewer_free_it(setup: EventSetup) -> None:
    """A refused change leaves the number as it was; without a number it stays."""
    ana, ben = random_id(), random_id()
    event_id = await setup.create_event(4)
    await go(setup, event_id, ana, 1)
    for waitlist in (True, False):
        with pytest.raises(Conflict, match=r"event\.full"):
            await go(setup, event_id, ana, 4, waitlist=waitlist)
    assert await go(setup, event_id, ana, 3) == RsvpState("GOING", None, 3)
    assert await setup.rsvps.set_rsvp(event_id, ana, "GOING", waitlist=False) == RsvpState("GOING", None, 3)
    assert await go(setup, event_id, ben, 1) == RsvpState(None, 1, 1)
    await go(setup, event_id, ana, 2)
    assert await setup.rsvps.get_rsvp(event_id, ben) == RsvpState(None, 1, 1)
    await go(setup, event_id, ana, 1)
    assert await setup.rsvps.get_rsvp(event_id, ben) == RsvpState("GOING", None, 1)
    assert await setup.counts(event_id) == (4, 0)


async def test_freed_places_go_to_the_first_parties_that_fit(setup: EventSetup) -> None:
    """A party that is too large keeps its position and is passed by later ones."""
    ana, ben, large, small, single, late = sorted_random_ids(6)
    event_id = await setup.create_event(4)
    await go(setup, event_id, ana, 1)
    await go(setup, event_id, ben, 1)
    assert [
        await go(setup, event_id, user, guests) for user, guests in ((large, 3), (small, 1), (single, 0))
    ] == [
        RsvpState(None, 1, 3),
        RsvpState(None, 2, 1),
        RsvpState(None, 3, 0),
    ]
    await setup.rsvps.delete_rsvp(event_id, ana)
    assert await setup.promoted_user_ids() == [small]
    assert await setup.rsvps.get_rsvp(event_id, large) == RsvpState(None, 1, 3)
    # A newcomer takes no free place while others wait, but is the first in line that fits.
    await setup.rsvps.delete_rsvp(event_id, single)
    await setup.events.change(event_id, EventChange(capacity=6))
    with pytest.raises(Conflict, match=r"event\.full"):
        await go(setup, event_id, late, 1, waitlist=False)
    assert await go(setup, event_id, late, 1) == RsvpState("GOING", None, 1)
    # A waiting party that becomes smaller may fit.
    await setup.events.change(event_id, EventChange(capacity=7))
    assert await go(setup, event_id, large, 0) == RsvpState("GOING", None, 0)
    assert await setup.counts(event_id) == (7, 0)


async def test_guests_have_limits_in_the_database(setup: EventSetup) -> None:
    """A write that bypasses the limits of the API is rejected."""
    event_id = await setup.create_event(100)
    for guests in (-1, EVENT_GUESTS_MAX + 1):
        with pytest.raises(Conflict, match="event_rsvps_guests_check"):
            await go(setup, event_id, random_id(), guests)
    await go(setup, event_id, random_id(), EVENT_GUESTS_MAX)
    await setup.events.change(event_id, EventChange(capacity=EVENT_GUESTS_MAX + 1))
    with pytest.raises(asyncpg.CheckViolationError) as refused:
        await setup.sql.execute(
            "INSERT INTO event_rsvps (event_id, user_id, status) VALUES ($1, $2, 'GOING')",
            event_id,
            random_id(),
        )
    assert refused.value.constraint_name == "events_capacity"


async def test_capacity_holds_for_parties_under_concurrency(setup: EventSetup) -> None:
    """Parties come, change, leave and wait on two instances while the capacity changes.

    At each commit the count equals the rows and is at most the capacity; afterwards no waiting party fits.
    """
    other = EventSetup(setup.database, await setup.database.instance())
    event_id = await setup.create_event(PLACES)
    people = sorted_random_ids(PEOPLE)

    async def act(number: int, rng: random.Random) -> None:
        stores = (setup, other)[number % 2]
        user = people[rng.randrange(PEOPLE)]
        try:
            match rng.random():
                case roll if roll < 0.65:
                    await go(stores, event_id, user, rng.randint(0, 5), waitlist=rng.random() < 0.7)
                case roll if roll < 0.85:
                    await stores.rsvps.delete_rsvp(event_id, user)
                case roll if roll < 0.95:
                    await stores.rsvps.set_rsvp(event_id, user, "INTERESTED", waitlist=False)
                case _:
                    await stores.events.change(event_id, EventChange(capacity=rng.randint(15, 40)))
        except Conflict as conflict:
            if conflict.constraint not in {"event.full", "events_capacity"}:
                raise

    async def watch(written: "asyncio.Future[list[None]]") -> None:
        while not written.done():
            row = await setup.sql.fetchrow(SELECT_PLACES, event_id)
            assert row is not None
            assert row["going_count"] == row["taken"] <= row["capacity"]

    for round_ in range(ROUNDS):
        rng = random.Random(round_)
        written = asyncio.gather(*(act(number, rng) for number in range(PEOPLE)))
        await watch(written)
        await written
        assert await setup.sql.fetchval(SELECT_FITTING, event_id) == 0
        assert (await setup.counts(event_id))[0] > 0
