"""Capacity of events under concurrency: it is not exceeded, and the waitlist keeps its order."""

import asyncio
import contextlib
import random

import asyncpg
import pytest

from storage.contracts.events import EventChange
from storage.contracts.rsvps import RsvpState
from storage.errors import Conflict
from storage.postgres.statement import load_statement
from tests.storage.event_setup import EventSetup
from tests.storage.service_database import random_id, sorted_random_ids

PLACES = 20
PEOPLE = 200
ROUNDS = 10
LOCK = load_statement("events", "rsvps", "event_lock").text
SELECT_COUNTS = """
    SELECT
        going_count,
        (SELECT count(*) FROM event_rsvps AS r WHERE r.event_id = e.id AND r.status = 'GOING') AS rows
    FROM events AS e WHERE e.id = $1
"""


@pytest.fixture
async def other(setup: EventSetup) -> EventSetup:
    """The stores of a second instance."""
    return EventSetup(setup.database, await setup.database.instance())


async def watch_capacity(setup: EventSetup, event_id: str, written: "asyncio.Future[list[object]]") -> None:
    """Until all is written, see that what is committed is never above the capacity."""
    while not written.done():
        row = await setup.sql.fetchrow(SELECT_COUNTS, event_id)
        assert row is not None
        assert row["going_count"] == row["rows"] <= PLACES


async def test_places_are_given_once_under_concurrent_withdrawals(
    setup: EventSetup, other: EventSetup
) -> None:
    """200 users for 20 places, ten times, while others withdraw or leave the waitlist."""
    people = sorted_random_ids(PEOPLE)
    event_id = await setup.create_event(PLACES)
    for round_ in range(ROUNDS):
        rng = random.Random(round_)

        async def want(number: int, rng: random.Random = rng) -> object:
            store = (setup, other)[number % 2].rsvps
            if rng.random() < 0.2:
                await store.delete_rsvp(event_id, people[rng.randrange(PEOPLE)])
            try:
                return await store.set_rsvp(event_id, people[number], "GOING", waitlist=False)
            except Conflict as refused:
                return refused.constraint

        tasks = [asyncio.ensure_future(want(number)) for number in range(PEOPLE)]
        for task in rng.sample(tasks, 10):
            asyncio.get_running_loop().call_later(rng.uniform(0, 0.1), task.cancel)
        written: asyncio.Future[list[object]] = asyncio.gather(*tasks, return_exceptions=True)
        await watch_capacity(setup, event_id, written)
        outcomes = [one for one in written.result() if not isinstance(one, asyncio.CancelledError)]
        assert all(one in (RsvpState("GOING", None), "event.full") for one in outcomes)
        assert (await setup.counts(event_id))[0] > PLACES // 2
    while await setup.counts(event_id) != (PLACES, 0):
        await setup.rsvps.set_rsvp(event_id, random_id(), "GOING", waitlist=False)
    with pytest.raises(Conflict, match=r"event\.full"):
        await setup.rsvps.set_rsvp(event_id, random_id(), "GOING", waitlist=False)


async def test_waitlist_is_first_in_first_out(setup: EventSetup, other: EventSetup) -> None:
    """Under concurrent joins, leaves and withdrawals, promotion follows the order of the waitlist."""
    people = sorted_random_ids(PEOPLE)
    event_id = await setup.create_event(PLACES)
    stores = (setup.rsvps, other.rsvps)
    answers = await asyncio.gather(
        *(
            stores[number % 2].set_rsvp(event_id, user, "GOING", waitlist=True)
            for number, user in enumerate(people)
        )
    )
    line = sorted(
        (answer.waitlist_position, user)
        for answer, user in zip(answers, people, strict=True)
        if answer.waitlist_position is not None
    )
    assert [place for place, _ in line] == list(range(1, PEOPLE - PLACES + 1))
    order = [user for _, user in line]
    withdrawing = set(order[1::5])
    leaving = [*(user for user in people if user not in order), *order[:30], *withdrawing]
    random.Random(1).shuffle(leaving)
    written: asyncio.Future[list[object]] = asyncio.gather(
        *(stores[number % 2].delete_rsvp(event_id, user) for number, user in enumerate(leaving))
    )
    await watch_capacity(setup, event_id, written)
    await written
    promoted = await setup.promoted_user_ids()
    assert promoted == [user for user in order if user in set(promoted)]
    passed = order[: order.index(promoted[-1])]
    assert set(passed) - set(promoted) <= set(leaving)
    assert await setup.counts(event_id) == (PLACES, 0)
    assert set(await setup.going_user_ids(event_id)) == set(promoted) - set(leaving)
    waiting = [user for user in order if user not in set(promoted) | set(leaving)]
    states = await asyncio.gather(*(setup.rsvps.get_rsvp(event_id, user) for user in waiting))
    assert [state.waitlist_position for state in states] == list(range(1, len(waiting) + 1))


async def test_capacity_changes_and_rsvps_are_consistent(setup: EventSetup, other: EventSetup) -> None:
    """No place stays free while users wait, and none is given twice."""
    event_id = await setup.create_event(5)
    people = sorted_random_ids(60)

    async def change(capacity: int) -> None:
        with contextlib.suppress(Conflict):
            await other.events.change(event_id, EventChange(capacity=capacity))

    await asyncio.gather(
        *(setup.rsvps.set_rsvp(event_id, user, "GOING", waitlist=True) for user in people),
        *(change(capacity) for capacity in (8, 3, 12, 2, 20, 1, 15)),
        *(other.rsvps.delete_rsvp(event_id, user) for user in people[::4]),
    )
    event = await setup.get_event(event_id)
    waiting = await setup.sql.fetchval("SELECT count(*) FROM event_waitlist")
    assert await setup.counts(event_id) == (event.capacity, 0)
    assert waiting > 0


async def test_rsvp_waits_for_a_concurrent_one(setup: EventSetup) -> None:
    """It waits at the event's row and finds the last place taken."""
    event_id, ana, ben = await setup.create_event(1), *sorted_random_ids(2)
    other_connection = await setup.database.connection()
    answering = other_connection.transaction()
    await answering.start()
    await other_connection.fetchrow(LOCK, event_id)
    answer = await setup.database.start_until_blocked(
        setup.rsvps.set_rsvp(event_id, ana, "GOING", waitlist=False)
    )
    await other_connection.execute(
        "INSERT INTO event_rsvps (event_id, user_id, status) VALUES ($1, $2, 'GOING')", event_id, ben
    )
    await answering.commit()
    with pytest.raises(Conflict, match=r"event\.full"):
        await answer
    assert await setup.going_user_ids(event_id) == [ben]


@pytest.mark.parametrize(
    "past_the_lock",
    [
        "INSERT INTO event_rsvps (event_id, user_id, status) VALUES ($1, gen_random_uuid(), 'GOING')",
        "UPDATE event_rsvps SET status = 'GOING' WHERE event_id = $1 AND status = 'MAYBE'",
        "UPDATE events SET going_count = going_count + 1 WHERE id = $1",
        "UPDATE events SET capacity = capacity - 1 WHERE id = $1",
    ],
)
async def test_check_constraint_limits_going_count(setup: EventSetup, past_the_lock: str) -> None:
    """Writes that bypass the lock cannot exceed the capacity."""
    event_id = await setup.create_event(2)
    for _ in range(2):
        await setup.rsvps.set_rsvp(event_id, random_id(), "GOING", waitlist=False)
    await setup.rsvps.set_rsvp(event_id, random_id(), "MAYBE", waitlist=False)
    with pytest.raises(asyncpg.CheckViolationError) as refused:
        await setup.sql.execute(past_the_lock, event_id)
    assert refused.value.constraint_name == "events_capacity"
    assert await setup.counts(event_id) == (2, 0)
