"""Blocks and removed attendees in the Event service: what they end, and what stays refused."""

import asyncio

import pytest

from storage.contracts.events import Attendee
from storage.contracts.rsvps import RsvpState
from storage.errors import Conflict, Missing
from tests.storage.event_setup import EventSetup
from tests.storage.service_database import random_id, sorted_random_ids
from tests.storage.test_rsvp_store import NO_RSVP, create_full_event


async def creator_of(setup: EventSetup, event_id: str) -> str:
    creator_id = await setup.events.get_creator_id(event_id)
    assert creator_id is not None
    return creator_id


@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("status", ["GOING", "INTERESTED", "MAYBE", "NOT_GOING", "waiting", "invited"])
async def test_what_blocked_users_hold_is_listed_and_removed(
    setup: EventSetup, status: str, *, reverse: bool
) -> None:
    """RSVP, waitlist entry and invite, whichever of the two is the creator; nobody else's."""
    ana, ben = random_id(), random_id()
    event_id = await setup.create_event(1, ana)
    if status == "waiting":
        await setup.rsvps.set_rsvp(event_id, random_id(), "GOING", waitlist=False)
        await setup.rsvps.set_rsvp(event_id, ben, "GOING", waitlist=True)
    elif status == "invited":
        await setup.events.invite(event_id, random_id(), [ben], None)
    else:
        await setup.rsvps.set_rsvp(event_id, ben, status, waitlist=False)
    await setup.rsvps.set_rsvp(event_id, random_id(), "MAYBE", waitlist=False)
    pair = (ben, ana) if reverse else (ana, ben)
    assert await setup.blocks.list_attendees([pair], 10) == [Attendee(event_id, ben)]
    await setup.blocks.remove_attendee(Attendee(event_id, ben))
    assert await setup.blocks.list_attendees([pair], 10) == []
    assert await setup.rsvps.get_rsvp(event_id, ben) == NO_RSVP
    (published,) = await setup.database.outbox_rows("attendee.removed")
    assert published.payload == {"event_id": event_id, "user_id": ben}
    assert await setup.sql.fetchval("SELECT count(*) FROM event_removals") == 0
    assert len(await setup.rsvps.page_rsvps(event_id, None, None, (), 10)) == (
        2 if status == "waiting" else 1
    )


async def test_place_of_a_blocked_attendee_goes_to_the_next(setup: EventSetup) -> None:
    """Not to a waiting user with a block either, who would hold it for ever."""
    blocked, first, second = sorted_random_ids(3)
    event_id, (going_user,) = await create_full_event(setup, [blocked, first, second])
    creator = await creator_of(setup, event_id)
    await setup.blocks.set_blocks([(creator, going_user), (creator, blocked)], [])
    await setup.blocks.remove_attendee(Attendee(event_id, going_user))
    assert await setup.going_user_ids(event_id) == [first]
    assert await setup.promoted_user_ids() == [first]
    await setup.blocks.remove_attendee(Attendee(event_id, blocked))
    assert await setup.rsvps.get_rsvp(event_id, second) == RsvpState(None, 1)


async def test_rsvp_with_a_block_is_refused_until_the_unblock(setup: EventSetup) -> None:
    """Under the event's lock, so no RSVP that began before the block is left over."""
    event_id, ben = await setup.create_event(), random_id()
    creator = await creator_of(setup, event_id)
    await setup.blocks.set_blocks([(ben, creator)], [])
    await setup.blocks.set_blocks([(creator, ben)], [])
    with pytest.raises(Missing):
        await setup.rsvps.set_rsvp(event_id, ben, "GOING", waitlist=True)
    await setup.blocks.set_blocks([], [(creator, ben)])
    assert (await setup.rsvps.set_rsvp(event_id, ben, "GOING", waitlist=False)).status == "GOING"
    await setup.blocks.set_blocks([(creator, ben)], [])
    await setup.blocks.clear_blocks()
    assert (await setup.rsvps.set_rsvp(event_id, ben, "MAYBE", waitlist=False)).status == "MAYBE"


async def test_concurrent_rsvps_and_blocks_leave_no_blocked_attendee(setup: EventSetup) -> None:
    """Whichever is first: the RSVP is withdrawn, or refused; every free place is taken."""
    users = sorted_random_ids(12)
    event_id = await setup.create_event(4)
    creator = await creator_of(setup, event_id)
    blocked = [(creator, user_id) for user_id in users[::2]]

    async def respond(user_id: str) -> None:
        try:
            await setup.rsvps.set_rsvp(event_id, user_id, "GOING", waitlist=True)
        except Missing:
            assert (creator, user_id) in blocked

    async def block(pair: tuple[str, str]) -> None:
        await setup.blocks.set_blocks([pair], [])
        for attendee in await setup.blocks.list_attendees([pair], 10):
            await setup.blocks.remove_attendee(attendee)

    await asyncio.gather(*map(respond, users), *map(block, blocked))
    going = await setup.going_user_ids(event_id)
    assert len(going) == 4
    assert set(going) <= set(users[1::2])
    assert await setup.counts(event_id) == (4, 0)
    assert await setup.blocks.list_attendees(blocked, 10) == []


async def test_removed_attendee_stays_removed_until_the_creator_invites(setup: EventSetup) -> None:
    """An invite by another user does not undo it; the place goes to the next."""
    ben, waiting = random_id(), random_id()
    event_id = await setup.create_event(1)
    creator = await creator_of(setup, event_id)
    await setup.rsvps.set_rsvp(event_id, ben, "GOING", waitlist=False)
    await setup.rsvps.set_rsvp(event_id, waiting, "GOING", waitlist=True)
    await setup.rsvps.remove_attendee(event_id, ben)
    await setup.rsvps.remove_attendee(event_id, ben)
    assert await setup.going_user_ids(event_id) == [waiting]
    await setup.events.invite(event_id, waiting, [ben], None)
    for status in ("INTERESTED", "GOING"):
        with pytest.raises(Conflict, match="removed"):
            await setup.rsvps.set_rsvp(event_id, ben, status, waitlist=True)
    await setup.events.invite(event_id, creator, [ben], None)
    assert (await setup.rsvps.set_rsvp(event_id, ben, "INTERESTED", waitlist=True)).status == "INTERESTED"
    with pytest.raises(Missing):
        await setup.rsvps.remove_attendee(random_id(), ben)


async def test_removing_a_user_who_holds_nothing_records_nothing(setup: EventSetup) -> None:
    """So the table is not larger than what users did."""
    event_id = await setup.create_event()
    await setup.rsvps.remove_attendee(event_id, random_id())
    assert await setup.sql.fetchval("SELECT count(*) FROM event_removals") == 0
    assert await setup.database.outbox_rows("attendee.removed") == []


async def test_deletion_publishes_the_users_to_notify(setup: EventSetup) -> None:
    """All who responded, wait or are invited, in parts; not the creator, those not going, and the blocked."""
    maybe, going, waiting, invited, declined, blocked = sorted_random_ids(6)
    event_id = await setup.create_event(1)
    creator = await creator_of(setup, event_id)
    for user_id, status in (
        (going, "GOING"),
        (waiting, "GOING"),
        (maybe, "MAYBE"),
        (creator, "INTERESTED"),
        (declined, "NOT_GOING"),
        (blocked, "INTERESTED"),
    ):
        await setup.rsvps.set_rsvp(event_id, user_id, status, waitlist=True)
    await setup.events.invite(event_id, creator, [invited, declined, going], None)
    await setup.sql.execute(
        "INSERT INTO event_invites SELECT $1, gen_random_uuid(), $2 FROM generate_series(1, 1500)",
        event_id,
        creator,
    )
    await setup.blocks.set_blocks([(creator, blocked)], [])
    await setup.events.delete(event_id, creator)
    parts = await setup.database.outbox_rows("event.cancelled")
    notified = [user_id for part in parts for user_id in part.payload["user_ids"]]
    assert [len(part.payload["user_ids"]) for part in parts] == [1000, 504]
    assert len(set(notified)) == 1504
    assert set(notified) >= {maybe, going, waiting, invited}
    assert not {creator, declined, blocked} & set(notified)
    assert len(await setup.database.outbox_rows("event.deleted")) == 1
