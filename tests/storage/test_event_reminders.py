"""Contract of `ReminderStore`: reminders follow RSVPs and the start, and are published once."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from storage.contracts.events import EventChange
from tests.storage.event_setup import EventSetup
from tests.storage.service_database import random_id, sorted_random_ids

MINUTES_OF_A_DAY = 1440
SHIFT_REMINDERS = """
    UPDATE event_reminders SET next_at = next_at - (e.start_datetime - now() - $2)
    FROM events AS e WHERE e.id = event_id AND e.id = $1
"""
SHIFT_EVENT = """
    UPDATE events SET end_datetime = now() + $2 + interval '1 hour', start_datetime = now() + $2 WHERE id = $1
"""


def starting_in(**delay: float) -> EventChange:
    start = datetime.now(UTC) + timedelta(**delay)
    return EventChange(start=start, end=start + timedelta(hours=1))


async def published(setup: EventSetup) -> list[tuple[int, list[str]]]:
    """Return minutes and users of each published reminder."""
    rows = await setup.database.outbox_rows("event.reminder")
    return [(row.payload["minutes"], sorted(row.payload["user_ids"])) for row in rows]


async def run(setup: EventSetup) -> None:
    while await setup.reminders.move(10) is not None:
        pass
    while await setup.reminders.publish_due(10):
        pass


async def pass_time(setup: EventSetup, event_id: str, minutes_left: float) -> None:
    """Let an event start in this time, with the times of its reminders, as if time had passed."""
    async with setup.sql.transaction():
        for statement in (SHIFT_REMINDERS, SHIFT_EVENT):
            await setup.sql.execute(statement, event_id, timedelta(minutes=minutes_left))
        await setup.sql.execute("DELETE FROM event_reminder_moves")


async def test_users_who_go_are_reminded_a_day_and_an_hour_before(setup: EventSetup) -> None:
    """Each reminder is published once; other answers have none."""
    ana, ben = random_id(), random_id()
    event_id = await setup.create_event(hours=(48, 49))
    await setup.rsvps.set_rsvp(event_id, ana, "GOING", waitlist=False)
    await setup.rsvps.set_rsvp(event_id, ben, "INTERESTED", waitlist=False)
    assert (await setup.rsvps.get_details(event_id, ana)).reminders == (1440, 60)
    assert (await setup.rsvps.get_details(event_id, ben)).reminders == ()
    await run(setup)
    assert await published(setup) == []
    for minutes, expected in ((1439, 1), (61, 1), (59, 2), (1, 2)):
        await pass_time(setup, event_id, minutes)
        for _ in range(2):
            await run(setup)
        assert len(await published(setup)) == expected
    assert await published(setup) == [(1440, [ana]), (60, [ana])]


async def test_chosen_reminders_replace_the_default(setup: EventSetup) -> None:
    """Also while the user waits; times that are past are not sent; none is a choice."""
    ana, ben = random_id(), random_id()
    event_id = await setup.create_event(1, hours=(48, 49))
    for minutes in ([], [30, 5]):
        await setup.rsvps.set_rsvp(event_id, ana, "GOING", waitlist=False, reminders=minutes)
        assert (await setup.rsvps.get_details(event_id, ana)).reminders == tuple(minutes)
    await setup.rsvps.set_rsvp(event_id, ben, "GOING", waitlist=True, reminders=[3000, 10])
    assert (await setup.rsvps.get_details(event_id, ben)).reminders == (3000, 10)
    await pass_time(setup, event_id, 29)
    await run(setup)
    await setup.rsvps.delete_rsvp(event_id, ana)
    assert (await setup.rsvps.get_details(event_id, ana)).reminders == ()
    await pass_time(setup, event_id, 9)
    await run(setup)
    assert await published(setup) == [(30, [ana]), (10, [ben])]


@pytest.mark.parametrize("end", ["withdraw", "answer", "remove", "cancel", "delete", "past"])
async def test_no_reminder_after_the_end_of_its_cause(setup: EventSetup, end: str) -> None:
    """After withdrawing, another answer, removal, cancellation, deletion, and the end of the event."""
    ana, host = random_id(), random_id()
    event_id = await setup.create_event(hours=(48, 49), creator_id=host)
    await setup.rsvps.set_rsvp(event_id, ana, "GOING", waitlist=False)
    match end:
        case "withdraw":
            await setup.rsvps.delete_rsvp(event_id, ana)
        case "answer":
            await setup.rsvps.set_rsvp(event_id, ana, "MAYBE", waitlist=False)
        case "remove":
            await setup.rsvps.remove_attendee(event_id, ana)
        case "cancel":
            await setup.hosts.cancel(event_id, host, None)
        case "delete":
            await setup.events.delete(event_id, host)
    await pass_time(setup, event_id, -61 if end == "past" else 30)
    await run(setup)
    assert await published(setup) == []
    assert await setup.reminders.overdue_s() == 0


async def test_only_users_who_still_go_to_that_start_are_found(setup: EventSetup) -> None:
    """A reminder published before a withdrawal, a move or a cancellation is for no user any more."""
    host, (ana, ben) = random_id(), sorted_random_ids(2)
    event_id = await setup.create_event(hours=(48, 49), creator_id=host)
    for user in (ana, ben):
        await setup.rsvps.set_rsvp(event_id, user, "GOING", waitlist=False)
    start = (await setup.get_event(event_id)).start
    assert await setup.reminders.find_reminded(event_id, start, [ana, ben, host]) == [ana, ben]
    await setup.rsvps.delete_rsvp(event_id, ben)
    assert await setup.reminders.find_reminded(event_id, start, [ana, ben]) == [ana]
    assert await setup.reminders.find_reminded(event_id, start - timedelta(minutes=1), [ana]) == []
    await setup.hosts.cancel(event_id, host, None)
    assert await setup.reminders.find_reminded(event_id, start, [ana]) == []


async def test_moved_event_moves_its_reminders(setup: EventSetup) -> None:
    """Earlier and later, in parts; a reminder that was sent is sent again for the new start."""
    people = sorted_random_ids(25)
    event_id = await setup.create_event(100, hours=(48, 49))
    for user in people:
        await setup.rsvps.set_rsvp(event_id, user, "GOING", waitlist=False)
    # Already closer than a day: the reminder of a day is skipped, not sent late.
    await setup.events.change(event_id, starting_in(hours=2))
    assert [await setup.reminders.move(10) for _ in range(4)] == [10, 10, 5, None]
    await run(setup)
    assert await published(setup) == []
    await pass_time(setup, event_id, 59)
    await run(setup)
    assert [minutes for minutes, _ in await published(setup)] == [60, 60, 60]
    assert sorted(user for _, users in await published(setup) for user in users) == people
    await setup.events.change(event_id, starting_in(days=3))
    await run(setup)
    await pass_time(setup, event_id, MINUTES_OF_A_DAY - 1)
    await run(setup)
    sent = [minutes for minutes, users in await published(setup) for _ in users]
    assert (sent.count(60), sent.count(MINUTES_OF_A_DAY)) == (25, 25)


async def test_due_reminders_wait_for_the_move_of_their_event(setup: EventSetup) -> None:
    """A reminder whose old time has come is not published for the old start."""
    ana = random_id()
    event_id = await setup.create_event(hours=(48, 49))
    await setup.rsvps.set_rsvp(event_id, ana, "GOING", waitlist=False)
    await pass_time(setup, event_id, MINUTES_OF_A_DAY - 1)
    await setup.events.change(event_id, starting_in(days=3))
    assert await setup.reminders.publish_due(10) == 0
    assert await setup.reminders.overdue_s() > 0
    await run(setup)
    assert await published(setup) == []
    assert await setup.reminders.overdue_s() == 0


async def test_several_overdue_reminders_are_published_as_the_last(setup: EventSetup) -> None:
    """After an outage a user is reminded once, also shortly after the start."""
    ana = random_id()
    event_id = await setup.create_event(hours=(48, 49))
    await setup.rsvps.set_rsvp(event_id, ana, "GOING", waitlist=False)
    await pass_time(setup, event_id, -5)
    assert await setup.reminders.overdue_s() > 86_000
    await run(setup)
    assert await published(setup) == [(60, [ana])]
    assert await setup.reminders.overdue_s() == 0


async def test_instances_publish_each_reminder_once(setup: EventSetup) -> None:
    """Two instances claim at the same time, while users withdraw."""
    other = EventSetup(setup.database, await setup.database.instance())
    people = sorted_random_ids(120)
    event_id = await setup.create_event(1000, hours=(48, 49))
    for user in people:
        await setup.rsvps.set_rsvp(event_id, user, "GOING", waitlist=False)
    await pass_time(setup, event_id, MINUTES_OF_A_DAY - 1)

    async def claim(stores: EventSetup) -> None:
        while await stores.reminders.publish_due(7):
            pass

    gone = people[::10]
    await asyncio.gather(
        *(claim(stores) for stores in (setup, other, setup, other)),
        *(setup.rsvps.delete_rsvp(event_id, user) for user in gone),
    )
    await claim(setup)
    users = [user for _, users in await published(setup) for user in users]
    assert len(users) == len(set(users))
    assert set(people) - set(gone) <= set(users)


async def test_reminders_of_a_killed_instance_are_published_by_another(setup: EventSetup) -> None:
    """Others skip them while it publishes; if it ends before the commit, they are due again."""
    ana = random_id()
    event_id = await setup.create_event(hours=(48, 49))
    await setup.rsvps.set_rsvp(event_id, ana, "GOING", waitlist=False)
    await pass_time(setup, event_id, MINUTES_OF_A_DAY - 1)
    killed = await setup.database.connection()
    await killed.execute("BEGIN")
    assert await killed.fetchval("SELECT reminders_claim(10)") == 1
    assert await setup.reminders.publish_due(10) == 0
    killed.terminate()
    async with asyncio.timeout(20):
        while not await setup.reminders.publish_due(10):
            pass
    assert await published(setup) == [(MINUTES_OF_A_DAY, [ana])]
