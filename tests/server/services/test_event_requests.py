"""Tests of the Python client's requests about events, against a server."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
import pytest_asyncio

from actors.protocol.event_objects import Event, EventVisibility, Place, RsvpStatus
from client.errors import RequestRejected
from client.event_requests import SeriesScope
from client.http_client import HttpClient
from client.http_requests import EventUpdate, NewEvent, NewRsvp
from server.instance import Instance
from tests.server.registered_users import RegisteredUser, RegisteredUsers

pytestmark = pytest.mark.asyncio(loop_scope="module")
HOUR = timedelta(hours=1)
GOING = NewRsvp(RsvpStatus.GOING)


def new_event(title: str = "Boules", *, approval: bool = False, rrule: str | None = None) -> NewEvent:
    start = datetime.now(UTC).replace(microsecond=0) + timedelta(days=2)
    return NewEvent(
        title=title,
        category="SPORT",
        start_datetime=start,
        end_datetime=start + HOUR,
        capacity=5,
        timezone="Europe/Berlin",
        place=Place("Park", None, 52.5, 13.4),
        approval=approval,
        rrule=rrule,
    )


def client_of(instance: Instance, user: RegisteredUser) -> HttpClient:
    return HttpClient(f"http://127.0.0.1:{instance.port}", user.token)


@pytest_asyncio.fixture(loop_scope="module")
async def clients(
    instance: Instance, people: RegisteredUsers
) -> AsyncIterator[tuple[HttpClient, HttpClient, RegisteredUser, RegisteredUser]]:
    """A host's and a guest's client, and the two users."""
    host, guest = await people.register(2, instance)
    async with client_of(instance, host) as as_host, client_of(instance, guest) as as_guest:
        yield as_host, as_guest, host, guest


Clients = tuple[HttpClient, HttpClient, RegisteredUser, RegisteredUser]


async def test_events_are_created_changed_found_and_deleted(clients: Clients) -> None:
    """With a key once; a place is cleared by None; searches by word, place, time and relation."""
    as_host, as_guest, host, _ = clients
    events, word = as_host.events, f"w{uuid4().hex}"
    key = uuid4().hex
    body = new_event(word)
    event = await events.create(body, key)
    assert await events.create(body, key) == event
    assert event.place == Place("Park", None, 52.5, 13.4)
    renamed = await events.update(event.id, EventUpdate(url="https://example.org/", capacity=9))
    assert (renamed.title, renamed.url, renamed.capacity) == (word, "https://example.org/", 9)

    async def found(**criteria: object) -> list[str]:
        page = await as_guest.events.search(word, **criteria)  # type: ignore[arg-type]
        return [one.id for one in page.items]

    assert await found(near=(52.5, 13.4, 10.0), category="SPORT") == [event.id]
    assert await found(near=(0.0, 0.0, 10.0)) == []
    start = datetime.fromisoformat(event.start_datetime)
    assert await found(starts_before=start - HOUR) == []
    assert await found(ends_after=start, starts_before=start + HOUR) == [event.id]
    assert [one.id for one in (await events.search(mine="hosting")).items] == [event.id]
    assert (await events.update(event.id, EventUpdate(place=None, url=None))).place is None
    assert [one.id for one in (await as_guest.events.get(event.id)).hosts] == [host.id]
    assert "BEGIN:VEVENT" in await as_guest.events.calendar_file(event.id)
    await events.delete(event.id)
    with pytest.raises(RequestRejected, match=r"event\.not_found"):
        await as_guest.events.get(event.id)


async def test_a_series_is_changed_and_deleted_by_scope(clients: Clients) -> None:
    """One event, the following ones, or all."""
    events = clients[0].events
    first = await events.create(new_event(rrule="FREQ=WEEKLY;COUNT=4"))

    async def titles() -> list[str]:
        return [one.title for one in (await events.search(mine="hosting")).items]

    third: Event = (await events.search(mine="hosting")).items[2]
    await events.update(third.id, EventUpdate(title="Later"), SeriesScope.FOLLOWING)
    assert await titles() == ["Boules", "Boules", "Later", "Later"]
    await events.update(first.id, EventUpdate(title="First"))
    assert await titles() == ["First", "Boules", "Later", "Later"]
    await events.delete(third.id, SeriesScope.FOLLOWING)
    await events.update(first.id, EventUpdate(title="All"), SeriesScope.ALL)
    assert await titles() == ["All", "All"]
    await events.delete(first.id, SeriesScope.ALL)
    assert await titles() == []


async def test_guests_respond_and_are_checked_in(clients: Clients) -> None:
    """RSVPs with guests and reminders, the list of attendees, check-in, and removal."""
    as_host, as_guest, _, guest = clients
    event = await as_host.events.create(new_event())
    rsvp = await as_guest.events.set_rsvp(event.id, NewRsvp(RsvpStatus.GOING, guests=2, reminders=[30]))
    assert (rsvp.status, rsvp.guests, rsvp.reminders) == (RsvpStatus.GOING, 2, [30])
    assert await as_guest.events.rsvp(event.id) == rsvp
    assert [one.user.id for one in (await as_host.events.rsvps(event.id, RsvpStatus.GOING)).items] == [
        guest.id
    ]
    assert rsvp.check_in_code is not None
    checked_in = await as_host.events.check_in(event.id, guest.id, rsvp.check_in_code)
    assert checked_in.checked_in_at is not None
    assert guest.username in await as_host.events.attendance(event.id)
    assert (await as_guest.events.delete_rsvp(event.id)).status is None
    await as_guest.events.set_rsvp(event.id, GOING)
    await as_host.events.remove_attendee(event.id, guest.id)
    with pytest.raises(RequestRejected, match=r"permission\.denied"):
        await as_guest.events.set_rsvp(event.id, GOING)
    await as_host.events.invite(event.id, [guest.id], uuid4().hex)
    assert (await as_guest.events.set_rsvp(event.id, GOING)).status is RsvpStatus.GOING


async def test_hosts_decide_announce_and_cancel(clients: Clients) -> None:
    """Requests to go, co-hosts, announcements, visibility and cancellation."""
    as_host, as_guest, host, guest = clients
    event = await as_host.events.create(new_event(approval=True))
    for decide in (as_host.events.decline_request, as_host.events.accept_request):
        assert (await as_guest.events.set_rsvp(event.id, GOING)).status is RsvpStatus.PENDING
        assert [one.user.id for one in (await as_host.events.requests(event.id)).items] == [guest.id]
        await decide(event.id, guest.id)
    assert (await as_guest.events.rsvp(event.id)).status is RsvpStatus.GOING
    await as_host.events.add_host(event.id, guest.id)
    assert (await as_guest.events.announce(event.id, "Bring cups", uuid4().hex)).author.id == guest.id
    changed = await as_guest.events.update(event.id, EventUpdate(visibility=EventVisibility.INVITED))
    assert [one.id for one in changed.hosts] == [host.id, guest.id]
    await as_guest.events.remove_host(event.id, guest.id)
    assert (await as_host.events.cancel(event.id, "Rain")).cancel_reason == "Rain"


async def test_link_to_the_calendar(clients: Clients) -> None:
    """Created, known and revoked."""
    _, as_guest, _, _ = clients
    assert (await as_guest.events.calendar_link()).created_at is None
    link = await as_guest.events.create_calendar_link(uuid4().hex)
    assert link.url.startswith("webcal://")
    assert (await as_guest.events.calendar_link()).created_at == link.created_at
    await as_guest.events.revoke_calendar_link()
    assert (await as_guest.events.calendar_link()).created_at is None
