"""Events, answers and invites over HTTP. Never decides who gets a place."""

from datetime import UTC, datetime
from typing import Annotated, Any

from msgspec import Meta

from actors.accounts.views import to_user_card
from actors.events.calendar import to_icalendar
from actors.events.events import Events
from actors.events.requests import EventBody, EventPatch, Invites, RsvpBody
from actors.events.rsvps import Rsvps
from actors.protocol.errors import invalid_field
from actors.protocol.social_objects import Event, Rsvp, RsvpStatus
from config.limits import BODY_WITH_IDS_BYTES, EVENT_CATEGORY_CHARACTERS, SEARCH_WORDS_CHARACTERS
from server.http.call import Answer, Call, Page, Text
from server.http.query import PageQuery
from server.http.route import Route
from server.routes.keys import page_key, page_of
from storage.records.events import EventSearchCriteria

NO_EVENT = ("event.not_found",)
NOT_YOURS = ("permission.denied", *NO_EVENT)


class EventQuery(PageQuery, frozen=True, rename={"from_": "from"}):
    """Which events; those not over at `from`, and begun by `to`."""

    category: Annotated[str, Meta(min_length=1, max_length=EVENT_CATEGORY_CHARACTERS)] | None = None
    from_: (
        Annotated[datetime, Meta(description="RFC 3339.", extra_json_schema={"format": "date-time"})] | None
    ) = None
    to: (
        Annotated[datetime, Meta(description="RFC 3339.", extra_json_schema={"format": "date-time"})] | None
    ) = None
    q: Annotated[str, Meta(min_length=1, max_length=SEARCH_WORDS_CHARACTERS)] | None = None


class RsvpQuery(PageQuery, frozen=True):
    status: RsvpStatus | None = None


class EventRoutes:
    def __init__(self, events: Events, rsvps: Rsvps) -> None:
        self._events = events
        self._rsvps = rsvps

    def routes(self) -> tuple[Route, ...]:
        one = "/v1/events/{id}"
        return (
            Route(
                "POST",
                "/v1/events",
                self.create,
                body=EventBody,
                answer=Event,
                status=201,
                idempotent=True,
            ),
            Route("GET", "/v1/events", self.search, query=EventQuery, answer=Page[Event]),
            Route("GET", one, self.get, answer=Event, refuses=NO_EVENT),
            Route(
                "PATCH",
                one,
                self.change,
                body=EventPatch,
                answer=Event,
                refuses=("event.capacity_below_going", *NOT_YOURS),
            ),
            Route("DELETE", one, self.delete, status=204, refuses=NOT_YOURS),
            Route(
                "PUT",
                f"{one}/rsvp",
                self.answer,
                body=RsvpBody,
                answer=Rsvp,
                also=(202,),
                refuses=("event.full", "event.past", *NO_EVENT),
            ),
            Route("DELETE", f"{one}/rsvp", self.withdraw, answer=Rsvp, refuses=NO_EVENT),
            Route("GET", f"{one}/rsvps", self.rsvps, query=RsvpQuery, answer=Page[Rsvp], refuses=NO_EVENT),
            Route(
                "POST",
                f"{one}/invites",
                self.invite,
                body=Invites,
                status=204,
                body_bytes=BODY_WITH_IDS_BYTES,
                idempotent=True,
                refuses=("user.not_found", *NO_EVENT),
            ),
            Route(
                "GET",
                f"{one}/calendar.ics",
                self.calendar,
                answer=str,
                media_type="text/calendar",
                refuses=NO_EVENT,
            ),
        )

    async def create(self, call: Call[EventBody, None]) -> Event:
        """Make an event; its conversation is made with it."""
        return await self._events.create(call.caller.user.id, call.body, call.once)

    async def search(self, call: Call[None, EventQuery]) -> Page[Any]:
        """Events by start, those that begin soonest first; without `from` and `to` those not over yet."""
        query = call.query
        for name, text in (("category", query.category), ("q", query.q)):
            if text is not None and not text.isprintable():
                raise invalid_field(name, "Must be printable.")
        begin = query.from_ or (None if query.to else datetime.now(UTC))
        search = EventSearchCriteria(query.category, _utc(begin), _utc(query.to), query.q)
        found = await self._events.search(call.caller.user.id, search, page_key(call), query.limit)
        return page_of(found)

    async def get(self, call: Call[None, None]) -> Event:
        """One event, with one's own answer."""
        return await self._events.get(call.caller.user.id, call.path["id"])

    async def change(self, call: Call[EventPatch, None]) -> Event:
        """Change one's own event; those who answered are told."""
        return await self._events.update(call.caller.user.id, call.path["id"], call.body)

    async def delete(self, call: Call[None, None]) -> None:
        """Delete one's own event; its conversation stays with those who are in it."""
        await self._events.delete(call.caller.user.id, call.path["id"])

    async def answer(self, call: Call[RsvpBody, None]) -> Answer:
        """Answer; GOING without a place is 202 with `waitlist`, and `event.full` without."""
        body = call.body
        rsvp = await self._rsvps.set_rsvp(
            to_user_card(call.caller.user), call.path["id"], body.status, waitlist=body.waitlist
        )
        return Answer(rsvp, 200 if rsvp.waitlist_position is None else 202)

    async def withdraw(self, call: Call[None, None]) -> Rsvp:
        """Take one's answer back and leave the line."""
        return await self._rsvps.delete_rsvp(to_user_card(call.caller.user), call.path["id"])

    async def rsvps(self, call: Call[None, RsvpQuery]) -> Page[Any]:
        """Who answered, the first first."""
        found = await self._rsvps.page_rsvps(
            call.caller.user.id, call.path["id"], call.query.status, page_key(call), call.query.limit
        )
        return page_of(found)

    async def invite(self, call: Call[Invites, None]) -> None:
        """Invite people; anybody who sees an event may."""
        await self._events.invite(call.caller.user.id, call.path["id"], call.body.user_ids, call.once)

    async def calendar(self, call: Call[None, None]) -> Text:
        """The event as iCalendar (RFC 5545)."""
        return Text(to_icalendar(await self._events.get(call.caller.user.id, call.path["id"])))


def _utc(moment: datetime | None) -> datetime | None:
    if moment is None:
        return None
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment
