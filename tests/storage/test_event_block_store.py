"""Blocks and removed attendees in the Event service: what they end, and what stays refused."""

import asyncio

import pytest

from storage.contracts.events import Attendee
from storage.contracts.rsvps import RsvpState
from storage.errors import Conflict, Missing
from tests.storage.event_fixture import EventFixture
from tests.storage.service_database import random_id, sorted_random_ids
from tests.storage.test_rsvp_store import NO_RSVP, create_full_event


async def creator_of(scene: EventFixture, event_id: str) -> str:
    creator_id = await scene.events.get_creator_id(event_id)
    assert creator_id is not None
    return creator_id


@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("status", ["GOING", "INTERESTED", "MAYBE", "NOT_GOING", "waiting", "invited"])
async def test_what_blocked_users_hold_is_listed_and_removed(
    scene: EventFixture, status: str, *, reverse: bool
) -> None:
    """RSVP, waitlist entry and invite, whichever of the two is the creator; nobody else's."""
    ana, ben = random_id(), random_id()
    event_id = await scene.create_event(1, ana)
    if status == "waiting":
        await scene.rsvps.set_rsvp(event_id, random_id(), "GOING", waitlist=False)
        await scene.rsvps.set_rsvp(event_id, ben, "GOING", waitlist=True)
    elif status == "invited":
        await scene.events.invite(event_id, random_id(), [ben], None)
    else:
        await scene.rsvps.set_rsvp(event_id, ben, status, waitlist=False)
    await scene.rsvps.set_rsvp(event_id, random_id(), "MAYBE", waitlist=False)
    pair = (ben, ana) if reverse else (ana, ben)
    assert await scene.blocks.list_attendees([pair], 10) == [Attendee(event_id, ben)]
    await scene.blocks.remove_attendee(Attendee(event_id, ben))
    assert await scene.blocks.list_attendees([pair], 10) == []
    assert await scene.rsvps.get_rsvp(event_id, ben) == NO_RSVP
    (published,) = await scene.database.outbox_rows("attendee.removed")
    assert published.payload == {"event_id": event_id, "user_id": ben}
    assert await scene.sql.fetchval("SELECT count(*) FROM event_removals") == 0
    assert len(await scene.rsvps.page_rsvps(event_id, None, None, (), 10)) == (
        2 if status == "waiting" else 1
    )


async def test_place_of_a_blocked_attendee_goes_to_the_next(scene: EventFixture) -> None:
    """Not to a waiting user with a block either, who would hold it for ever."""
    blocked, first, second = sorted_random_ids(3)
    event_id, (going_user,) = await create_full_event(scene, [blocked, first, second])
    creator = await creator_of(scene, event_id)
    await scene.blocks.set_blocks([(creator, going_user), (creator, blocked)], [])
    await scene.blocks.remove_attendee(Attendee(event_id, going_user))
    assert await scene.going_user_ids(event_id) == [first]
    assert await scene.promoted_user_ids() == [first]
    await scene.blocks.remove_attendee(Attendee(event_id, blocked))
    assert await scene.rsvps.get_rsvp(event_id, second) == RsvpState(None, 1)


async def test_rsvp_with_a_block_is_refused_until_the_unblock(scene: EventFixture) -> None:
    """Under the event's lock, so no RSVP that began before the block is left over."""
    event_id, ben = await scene.create_event(), random_id()
    creator = await creator_of(scene, event_id)
    await scene.blocks.set_blocks([(ben, creator)], [])
    await scene.blocks.set_blocks([(creator, ben)], [])
    with pytest.raises(Missing):
        await scene.rsvps.set_rsvp(event_id, ben, "GOING", waitlist=True)
    await scene.blocks.set_blocks([], [(creator, ben)])
    assert (await scene.rsvps.set_rsvp(event_id, ben, "GOING", waitlist=False)).status == "GOING"
    await scene.blocks.set_blocks([(creator, ben)], [])
    await scene.blocks.clear_blocks()
    assert (await scene.rsvps.set_rsvp(event_id, ben, "MAYBE", waitlist=False)).status == "MAYBE"


async def test_concurrent_rsvps_and_blocks_leave_no_blocked_attendee(scene: EventFixture) -> None:
    """Whichever is first: the RSVP is withdrawn, or refused; every free place is taken."""
    users = sorted_random_ids(12)
    event_id = await scene.create_event(4)
    creator = await creator_of(scene, event_id)
    blocked = [(creator, user_id) for user_id in users[::2]]

    async def respond(user_id: str) -> None:
        try:
            await scene.rsvps.set_rsvp(event_id, user_id, "GOING", waitlist=True)
        except Missing:
            assert (creator, user_id) in blocked

    async def block(pair: tuple[str, str]) -> None:
        await scene.blocks.set_blocks([pair], [])
        for attendee in await scene.blocks.list_attendees([pair], 10):
            await scene.blocks.remove_attendee(attendee)

    await asyncio.gather(*map(respond, users), *map(block, blocked))
    going = await scene.going_user_ids(event_id)
    assert len(going) == 4
    assert set(going) <= set(users[1::2])
    assert await scene.counts(event_id) == (4, 0)
    assert await scene.blocks.list_attendees(blocked, 10) == []


async def test_removed_attendee_stays_removed_until_the_creator_invites(scene: EventFixture) -> None:
    """An invite by somebody else does not undo it; the place goes to the next."""
    ben, waiting = random_id(), random_id()
    event_id = await scene.create_event(1)
    creator = await creator_of(scene, event_id)
    await scene.rsvps.set_rsvp(event_id, ben, "GOING", waitlist=False)
    await scene.rsvps.set_rsvp(event_id, waiting, "GOING", waitlist=True)
    await scene.rsvps.remove_attendee(event_id, ben)
    await scene.rsvps.remove_attendee(event_id, ben)
    assert await scene.going_user_ids(event_id) == [waiting]
    await scene.events.invite(event_id, waiting, [ben], None)
    for status in ("INTERESTED", "GOING"):
        with pytest.raises(Conflict, match="removed"):
            await scene.rsvps.set_rsvp(event_id, ben, status, waitlist=True)
    await scene.events.invite(event_id, creator, [ben], None)
    assert (await scene.rsvps.set_rsvp(event_id, ben, "INTERESTED", waitlist=True)).status == "INTERESTED"
    with pytest.raises(Missing):
        await scene.rsvps.remove_attendee(random_id(), ben)


async def test_removing_a_user_who_holds_nothing_records_nothing(scene: EventFixture) -> None:
    """So the table is not larger than what users did."""
    event_id = await scene.create_event()
    await scene.rsvps.remove_attendee(event_id, random_id())
    assert await scene.sql.fetchval("SELECT count(*) FROM event_removals") == 0
    assert await scene.database.outbox_rows("attendee.removed") == []


async def test_deletion_publishes_whom_to_notify(scene: EventFixture) -> None:
    """All who responded, wait or are invited, in parts; not the creator, those not going, and the blocked."""
    maybe, going, waiting, invited, declined, blocked = sorted_random_ids(6)
    event_id = await scene.create_event(1)
    creator = await creator_of(scene, event_id)
    for user_id, status in (
        (going, "GOING"),
        (waiting, "GOING"),
        (maybe, "MAYBE"),
        (creator, "INTERESTED"),
        (declined, "NOT_GOING"),
        (blocked, "INTERESTED"),
    ):
        await scene.rsvps.set_rsvp(event_id, user_id, status, waitlist=True)
    await scene.events.invite(event_id, creator, [invited, declined, going], None)
    await scene.sql.execute(
        "INSERT INTO event_invites SELECT $1, gen_random_uuid(), $2 FROM generate_series(1, 1500)",
        event_id,
        creator,
    )
    await scene.blocks.set_blocks([(creator, blocked)], [])
    await scene.events.delete(event_id, creator)
    parts = await scene.database.outbox_rows("event.cancelled")
    notified = [user_id for part in parts for user_id in part.payload["user_ids"]]
    assert [len(part.payload["user_ids"]) for part in parts] == [1000, 504]
    assert len(set(notified)) == 1504
    assert set(notified) >= {maybe, going, waiting, invited}
    assert not {creator, declined, blocked} & set(notified)
    assert len(await scene.database.outbox_rows("event.deleted")) == 1
