"""Creates events, RSVPs and invites; existing events are reused."""

from collections.abc import Sequence

import msgspec

from actors.protocol.event_objects import Event, Rsvp
from client.http_requests import NewEvent, NewInvites, NewRsvp
from client.http_responses import Page
from client.retrying_http import HttpRequest, RetryingHttpClient
from examples.demo.idempotency_keys import IdempotencyKeys
from examples.demo.plan_events import EventPlan
from examples.demo.register_users import DemoUser

SEARCH_WORDS = 4
"""Words of a title that are searched for: some characters separate further words, and the limit is 8."""


class CreatedEvent(msgspec.Struct, frozen=True):
    """An event on the server; None if it was cancelled."""

    plan: EventPlan
    event: Event | None


class EventCreator:
    """`users` are indexed like the plan's users."""

    def __init__(self, http: RetryingHttpClient, keys: IdempotencyKeys, users: Sequence[DemoUser]) -> None:
        self._http = http
        self._keys = keys
        self._users = users

    async def ensure_event(self, plan: EventPlan) -> CreatedEvent:
        """Find or create the event. An event of an earlier run is kept, even if it is over."""
        host = self._users[plan.creator]
        words = " ".join(plan.title.split()[:SEARCH_WORDS])
        query = (("category", plan.category), ("q", words), ("limit", "100"))
        page = await self._http.request(
            Page[Event], HttpRequest("GET", "/v1/events", host.token, query=query)
        )
        for event in page.items:
            if event.creator.id == host.id and event.title == plan.title:
                return CreatedEvent(plan, event)
        body = NewEvent(
            title=plan.title,
            description=plan.description,
            category=plan.category,
            start_datetime=plan.start,
            end_datetime=plan.end,
            capacity=plan.capacity,
            timezone=plan.timezone,
            place=plan.place,
            rrule=plan.rrule,
        )
        key = self._keys.make_key("event", plan.title, plan.start.isoformat())
        request = HttpRequest("POST", "/v1/events", host.token, body, key)
        return CreatedEvent(plan, await self._http.request_if_allowed(Event, request))

    async def set_rsvps(self, created: CreatedEvent) -> int:
        """Send the RSVPs in order, because the first ones get the places; return their number."""
        count = 0
        for rsvp in created.plan.rsvps if created.event else ():
            assert created.event is not None
            path = f"/v1/events/{created.event.id}/rsvp"
            token = self._users[rsvp.user_index].token
            request = HttpRequest("PUT", path, token, NewRsvp(rsvp.status, guests=rsvp.guests))
            count += await self._http.request_if_allowed(Rsvp, request) is not None
        return count

    async def add_cohosts(self, created: CreatedEvent) -> int:
        """Make attendees co-hosts; return their number."""
        count = 0
        for number in created.plan.cohosts if created.event else ():
            assert created.event is not None
            path = f"/v1/events/{created.event.id}/hosts/{self._users[number].id}"
            host = self._users[created.plan.creator]
            count += await self._http.execute(HttpRequest("PUT", path, host.token))
        return count

    async def send_invites(self, created: CreatedEvent) -> int:
        """Send the invites; return their number."""
        invited = [self._users[number].id for number in created.plan.invited]
        if created.event is None or not invited:
            return 0
        host = self._users[created.plan.creator]
        key = self._keys.make_key("invites", created.event.id, *invited)
        path = f"/v1/events/{created.event.id}/invites"
        sent = await self._http.execute(HttpRequest("POST", path, host.token, NewInvites(invited), key))
        return len(invited) if sent else 0
