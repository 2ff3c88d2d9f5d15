"""Contract of `EventHostStore` and `RsvpRequestStore`: co-hosts, cancellation and requests to go."""

import asyncio

import pytest

from config.limits import EVENT_COHOSTS_MAX
from storage.contracts.events import EventChange
from storage.contracts.rsvps import RsvpState
from storage.errors import Conflict, Missing
from tests.storage.event_setup import EventSetup
from tests.storage.service_database import random_id, sorted_random_ids


async def cancelled_payloads(setup: EventSetup) -> list[dict[str, object]]:
    return [one.payload for one in await setup.database.outbox_rows("event.cancelled")]


async def test_cohosts_follow_the_creator_in_order(setup: EventSetup) -> None:
    """Adding and removing twice changes nothing; the RSVP of a former co-host stays."""
    ana, ben, cai = (random_id() for _ in range(3))
    event_id = await setup.create_event(creator_id=ana)
    await setup.rsvps.set_rsvp(event_id, ben, "GOING", waitlist=False)
    assert [await setup.hosts.add_host(event_id, user) for user in (ben, cai, ben, ana)] == [
        True,
        True,
        False,
        False,
    ]
    hosts = await setup.hosts.get_hosts(event_id)
    assert hosts is not None
    assert (hosts.user_ids, hosts.creator_id) == ((ana, ben, cai), ana)
    details = (await setup.hosts.find_details([event_id], ana))[event_id]
    assert [card.id for card in details.cohosts] == [ben, cai]
    assert [await setup.hosts.remove_host(event_id, ben) for _ in range(2)] == [True, False]
    assert (await setup.rsvps.get_rsvp(event_id, ben)).status == "GOING"
    hosts = await setup.hosts.get_hosts(event_id)
    assert hosts is not None
    assert hosts.user_ids == (ana, cai)
    assert await setup.hosts.get_hosts(random_id()) is None
    assert len(await setup.database.outbox_rows("host.added")) == 2


async def test_number_of_cohosts_is_bounded(setup: EventSetup) -> None:
    """Also when they are added at the same time."""
    event_id = await setup.create_event()
    results = await asyncio.gather(
        *(setup.hosts.add_host(event_id, random_id()) for _ in range(EVENT_COHOSTS_MAX + 3)),
        return_exceptions=True,
    )
    refused = [one for one in results if isinstance(one, Conflict)]
    assert [one.constraint for one in refused] == ["event.hosts_full"] * 3
    assert results.count(True) == EVENT_COHOSTS_MAX


async def test_new_cohost_hides_the_event_from_who_they_block(setup: EventSetup) -> None:
    """What these users hold ends and the place is given on; a block between co-hosts changes nothing."""
    ana, ben, cai, dee, eve = sorted_random_ids(5)
    event_id = await setup.create_event(1, creator_id=ana)
    await setup.rsvps.set_rsvp(event_id, cai, "GOING", waitlist=False)
    await setup.rsvps.set_rsvp(event_id, dee, "GOING", waitlist=True)
    await setup.hosts.add_host(event_id, eve)
    await setup.blocks.set_blocks([(ben, cai), (eve, ben)], [])
    with pytest.raises(Missing):
        await setup.hosts.add_host(event_id, ben)
    await setup.blocks.set_blocks([], [(eve, ben)])
    assert await setup.hosts.add_host(event_id, ben)
    assert await setup.going_user_ids(event_id) == [dee]
    with pytest.raises(Missing):
        await setup.rsvps.set_rsvp(event_id, cai, "INTERESTED", waitlist=False)
    await setup.blocks.set_blocks([(eve, ben)], [])
    assert await setup.blocks.list_attendees([(eve, ben)], 10) == []
    await setup.rsvps.set_rsvp(event_id, ben, "INTERESTED", waitlist=False)


async def test_block_ends_what_a_cohost_holds_of_the_creators_event(setup: EventSetup) -> None:
    """A co-host with a block between them and the creator is a host no more, nor the reverse."""
    ana, ben = random_id(), random_id()
    event_id = await setup.create_event(creator_id=ana)
    await setup.hosts.add_host(event_id, ben)
    await setup.blocks.set_blocks([(ben, ana)], [])
    (held,) = await setup.blocks.list_attendees([(ben, ana)], 10)
    assert (held.event_id, held.user_id) == (event_id, ben)
    await setup.blocks.remove_attendee(held)
    hosts = await setup.hosts.get_hosts(event_id)
    assert hosts is not None
    assert hosts.user_ids == (ana,)


async def test_deleted_cohost_is_no_host(setup: EventSetup) -> None:
    """The event stays, without the user."""
    ana, ben = random_id(), random_id()
    event_id = await setup.create_event(creator_id=ana)
    await setup.hosts.add_host(event_id, ben)
    await setup.events.remove_user(ben)
    hosts = await setup.hosts.get_hosts(event_id)
    assert hosts is not None
    assert hosts.user_ids == (ana,)


async def test_cancelled_event_keeps_answers_and_takes_no_new_ones(setup: EventSetup) -> None:
    """All who answered, wait, asked or were invited are named once; the first reason stays."""
    ana, ben, cai, dee, eve, fay = (random_id() for _ in range(6))
    event_id = await setup.create_event(1, creator_id=ana)
    await setup.rsvps.set_rsvp(event_id, ben, "GOING", waitlist=False)
    await setup.rsvps.set_rsvp(event_id, cai, "GOING", waitlist=True)
    await setup.rsvps.set_rsvp(event_id, dee, "NOT_GOING", waitlist=False)
    await setup.events.invite(event_id, ana, [eve], None)
    await setup.hosts.add_host(event_id, fay)
    assert await setup.hosts.cancel(event_id, fay, "rain")
    assert not await setup.hosts.cancel(event_id, ana, "other")
    (payload,) = await cancelled_payloads(setup)
    assert payload["user_ids"] == sorted([ana, ben, cai, eve])
    assert (payload["actor_id"], payload["creator_id"], payload["reason"]) == (fay, ana, "rain")
    details = (await setup.hosts.find_details([event_id], ben))[event_id]
    assert details.cancelled_at is not None
    assert details.cancel_reason == "rain"
    for status in ("GOING", "INTERESTED"):
        with pytest.raises(Conflict, match=r"event\.cancelled"):
            await setup.rsvps.set_rsvp(event_id, random_id(), status, waitlist=True)
    # A freed place is given to no one any more.
    await setup.events.change(event_id, EventChange(capacity=5))
    await setup.rsvps.delete_rsvp(event_id, ben)
    assert await setup.rsvps.get_rsvp(event_id, cai) == RsvpState(None, 1)
    assert await setup.promoted_user_ids() == []


async def test_cancellation_without_guests_is_published(setup: EventSetup) -> None:
    """The conversation of the event needs it; an event that is over or missing is not cancelled."""
    ana = random_id()
    event_id = await setup.create_event(creator_id=ana)
    await setup.hosts.cancel(event_id, ana, None)
    assert [one["user_ids"] for one in await cancelled_payloads(setup)] == [[]]
    over = await setup.create_event(creator_id=ana)
    await setup.mark_ended(over)
    with pytest.raises(Conflict, match=r"event\.past"):
        await setup.hosts.cancel(over, ana, None)
    with pytest.raises(Missing):
        await setup.hosts.cancel(random_id(), ana, None)


async def test_request_holds_no_place_until_a_host_accepts(setup: EventSetup) -> None:
    """It replaces an earlier answer, is published once, and is accepted once."""
    ana, ben = random_id(), random_id()
    event_id = await setup.create_event(1, creator_id=ana, approval=True)
    await setup.rsvps.set_rsvp(event_id, ben, "MAYBE", waitlist=False)
    for guests in (2, 0):
        state = await setup.rsvps.set_rsvp(event_id, ben, "GOING", waitlist=False, guests=guests)
        assert state == RsvpState("PENDING", None, guests)
        assert await setup.rsvps.get_rsvp(event_id, ben) == state
    assert (await setup.hosts.find_details([event_id], ben))[event_id].is_pending
    assert await setup.counts(event_id) == (0, 0)
    assert len(await setup.database.outbox_rows("rsvp.requested")) == 1
    (record,) = await setup.requests.page_requests(event_id, None, (), 10)
    assert (record.user.id, record.status) == (ben, "PENDING")
    for _ in range(2):
        assert await setup.requests.accept_request(event_id, ben, ana) == RsvpState("GOING", None)
    assert await setup.counts(event_id) == (1, 0)
    assert len(await setup.database.outbox_rows("rsvp.accepted")) == 1
    assert await setup.requests.page_requests(event_id, None, (), 10) == []


async def test_hosts_and_those_they_invited_need_no_approval(setup: EventSetup) -> None:
    """An invitation by another user is none of a host."""
    ana, ben, cai, dee = (random_id() for _ in range(4))
    event_id = await setup.create_event(creator_id=ana, approval=True)
    await setup.hosts.add_host(event_id, ben)
    await setup.events.invite(event_id, ben, [cai], None)
    await setup.events.invite(event_id, cai, [dee], None)
    statuses = [
        (await setup.rsvps.set_rsvp(event_id, user, "GOING", waitlist=False)).status
        for user in (ana, ben, cai, dee)
    ]
    assert statuses == ["GOING", "GOING", "GOING", "PENDING"]


async def test_accepting_on_a_full_event_waits_or_is_refused(setup: EventSetup) -> None:
    """As GOING does: with `waitlist` the user waits, otherwise the request stays."""
    ana, ben, cai = (random_id() for _ in range(3))
    event_id = await setup.create_event(1, creator_id=ana, approval=True)
    await setup.rsvps.set_rsvp(event_id, ana, "GOING", waitlist=False)
    await setup.rsvps.set_rsvp(event_id, ben, "GOING", waitlist=False)
    await setup.rsvps.set_rsvp(event_id, cai, "GOING", waitlist=True)
    with pytest.raises(Conflict, match=r"event\.full"):
        await setup.requests.accept_request(event_id, ben, ana)
    for _ in range(2):
        assert await setup.requests.accept_request(event_id, cai, ana) == RsvpState(None, 1)
    assert (await setup.rsvps.get_rsvp(event_id, ben)).status == "PENDING"
    await setup.rsvps.delete_rsvp(event_id, ana)
    assert (await setup.rsvps.get_rsvp(event_id, cai)).status == "GOING"


async def test_declined_or_withdrawn_request_is_gone(setup: EventSetup) -> None:
    """A declined user can ask again; a removed one cannot."""
    ana, ben = random_id(), random_id()
    event_id = await setup.create_event(creator_id=ana, approval=True)
    await setup.rsvps.set_rsvp(event_id, ben, "GOING", waitlist=False)
    assert [await setup.requests.decline_request(event_id, ben, ana) for _ in range(2)] == [True, False]
    assert await setup.rsvps.get_rsvp(event_id, ben) == RsvpState(None, None)
    for other in ("INTERESTED", None):
        await setup.rsvps.set_rsvp(event_id, ben, "GOING", waitlist=False)
        if other is None:
            await setup.rsvps.delete_rsvp(event_id, ben)
        else:
            await setup.rsvps.set_rsvp(event_id, ben, other, waitlist=False)
        with pytest.raises(Missing):
            await setup.requests.accept_request(event_id, ben, ana)
    await setup.rsvps.set_rsvp(event_id, ben, "GOING", waitlist=False)
    await setup.rsvps.remove_attendee(event_id, ben)
    with pytest.raises(Conflict, match="removed"):
        await setup.rsvps.set_rsvp(event_id, ben, "GOING", waitlist=False)
    assert await setup.requests.page_requests(event_id, None, (), 10) == []


async def test_audience_is_every_user_concerned(setup: EventSetup) -> None:
    """Hosts whatever they answered, users who answered, wait or asked, and invited users, in id order."""
    creator, cohost, guest, waiting, asking, invited, refusing = sorted_random_ids(7)
    event_id = await setup.create_event(capacity=1, creator_id=creator)
    await setup.hosts.add_host(event_id, cohost)
    await setup.events.invite(event_id, creator, [invited, refusing], None)
    await setup.rsvps.set_rsvp(event_id, cohost, "NOT_GOING", waitlist=False)
    await setup.rsvps.set_rsvp(event_id, refusing, "NOT_GOING", waitlist=False)
    await setup.rsvps.set_rsvp(event_id, guest, "GOING", waitlist=False)
    await setup.rsvps.set_rsvp(event_id, waiting, "GOING", waitlist=True)
    await setup.events.change(event_id, EventChange(approval=True))
    await setup.rsvps.set_rsvp(event_id, asking, "GOING", waitlist=False)
    answered = [creator, cohost, guest, waiting, asking]

    async def audience(*, with_invited: bool) -> list[str]:
        found: list[str] = []
        after = ""
        while page := await setup.attendance.list_audience(event_id, after, 2, with_invited=with_invited):
            assert len(page) <= 2
            found += page
            after = page[-1]
        return found

    assert await audience(with_invited=False) == answered
    assert await audience(with_invited=True) == [*answered, invited]


async def test_change_names_who_made_it(setup: EventSetup) -> None:
    """A change without an actor names none, also after one with an actor on the same connection."""
    event_id = await setup.create_event()
    cohost = random_id()
    await setup.events.change(event_id, EventChange(title="First"), cohost)
    await setup.events.change(event_id, EventChange(title="Second"))
    events = await setup.database.outbox_rows("event.updated")
    assert [event.payload.get("actor_id") for event in events] == [cohost, None]


async def test_no_announcement_of_hidden_event(setup: EventSetup) -> None:
    """Moderators may have hidden it after the host's sight of it was checked."""
    event_id = await setup.create_event()
    await setup.sql.execute("UPDATE events SET hidden_at = now() WHERE id = $1", event_id)
    with pytest.raises(Missing):
        await setup.attendance.announce(event_id, random_id(), "Bring cups", None)
    with pytest.raises(Missing):
        await setup.rsvps.set_rsvp(event_id, random_id(), "GOING", waitlist=False)
