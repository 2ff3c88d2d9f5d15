"""Events: search, changes, series and calendar files."""

from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from actors.events.bodies import EventBody, EventPatch
from actors.events.event_calendars import EventCalendars
from actors.events.event_series import EventSeriesEditor, SeriesScope
from actors.events.events import Events
from actors.events.near import NEAR_CHARACTERS, parse_near
from actors.protocol.event_objects import Event
from actors.protocol.text_validation import validate_query
from actors.protocol.timestamps import to_utc
from actors.search_text import validate_search_text
from config.limits import (
    EVENT_CATEGORY_CHARACTERS,
    EVENT_NEAR_KM_MAX,
    EVENT_SEARCH_CHARACTERS,
    SEARCH_CHARACTERS_MIN,
    SEARCH_WORDS_MAX,
    SERIES_EVENTS_MAX,
)
from server.http.rate_limiter import SEARCH_COST
from server.http.request_decoding import PageQuery
from server.http.response import Page, TextResponse
from server.http.route import Route, TypedRequest
from server.routes.page_cursors import decode_page_cursor, to_page
from storage.contracts.events import EventSearchCriteria

EVENT_NOT_FOUND = ("event.not_found",)
HOST_ONLY_ERRORS = ("permission.denied", *EVENT_NOT_FOUND)


class EventRelation(StrEnum):
    HOSTING = "hosting"
    GOING = "going"
    INVITED = "invited"


class EventQuery(PageQuery, frozen=True, rename={"from_": "from"}):
    """Filters: events that end after `from` and start before `to`.

    `mine` restricts the list to events that the caller hosts, goes to, or is invited to and has not answered.
    """

    category: Annotated[str, Meta(min_length=1, max_length=EVENT_CATEGORY_CHARACTERS)] | None = None
    from_: (
        Annotated[datetime, Meta(description="RFC 3339.", extra_json_schema={"format": "date-time"})] | None
    ) = None
    to: (
        Annotated[datetime, Meta(description="RFC 3339.", extra_json_schema={"format": "date-time"})] | None
    ) = None
    q: (
        Annotated[
            str,
            Meta(
                description=f"Up to {SEARCH_WORDS_MAX} words or beginnings of words of the title or "
                "description. Case and width do not matter; there are no operators.",
                extra_json_schema={
                    "minLength": SEARCH_CHARACTERS_MIN,
                    "maxLength": EVENT_SEARCH_CHARACTERS,
                },
            ),
        ]
        | None
    ) = None
    mine: EventRelation | None = None
    near: (
        Annotated[
            str,
            Meta(
                description="Within a distance of a point: `latitude,longitude,km`, in degrees and up to "
                f"{EVENT_NEAR_KM_MAX} km.",
                max_length=NEAR_CHARACTERS,
            ),
        ]
        | None
    ) = None


class ScopeQuery(msgspec.Struct, frozen=True):
    """For an event of a series: which events the request is for."""

    scope: SeriesScope = SeriesScope.ONE

    def request_cost(self) -> int:
        return 0 if self.scope is SeriesScope.ONE else SERIES_EVENTS_MAX


class EventRoutes:
    def __init__(self, events: Events, series: EventSeriesEditor, calendars: EventCalendars) -> None:
        self._events = events
        self._calendars = calendars
        self._series = series

    def routes(self) -> tuple[Route, ...]:
        event = "/v1/events/{id}"
        return (
            Route(
                "POST",
                "/v1/events",
                self.create,
                body=EventBody,
                response=Event,
                status=201,
                idempotent=True,
            ),
            Route(
                "GET",
                "/v1/events",
                self.search,
                query=EventQuery,
                response=Page[Event],
                cost=SEARCH_COST,
            ),
            Route("GET", event, self.get, response=Event, errors=EVENT_NOT_FOUND),
            Route(
                "PATCH",
                event,
                self.update,
                body=EventPatch,
                query=ScopeQuery,
                response=Event,
                errors=("event.capacity_below_going", *HOST_ONLY_ERRORS),
            ),
            Route(
                "DELETE",
                event,
                self.delete,
                query=ScopeQuery,
                status=204,
                errors=HOST_ONLY_ERRORS,
                while_silenced=True,
            ),
            Route(
                "GET",
                f"{event}/calendar.ics",
                self.calendar,
                response=str,
                media_type="text/calendar",
                errors=EVENT_NOT_FOUND,
            ),
        )

    async def create(self, request: TypedRequest[EventBody, None]) -> Event:
        """Create an event and its conversation.

        With `rrule` it creates a series of events, which keep their local time when clocks change, and
        returns the first one. Field errors of `rrule` have the codes `invalid`, `unsupported`, `endless`,
        `too_many`, `too_far` and `start_mismatch`.
        """
        return await self._series.create(request.caller.user.id, request.body, request.idempotency_key)

    async def search(self, request: TypedRequest[None, EventQuery]) -> Page[Any]:
        """Search events, ordered by start.

        Events for invited users are only in the lists of those who see them. Without `from` and `to`, events
        that have not ended yet.
        """
        query = request.query
        category = _validate_query("category", query.category, EVENT_CATEGORY_CHARACTERS)
        text = _validate_query("q", query.q, EVENT_SEARCH_CHARACTERS)
        if text is not None:
            validate_search_text(text, EVENT_SEARCH_CHARACTERS)
        starts_before = None if query.to is None else to_utc("to", query.to)
        ends_after = None if query.from_ is None else to_utc("from", query.from_)
        if ends_after is None and starts_before is None:
            ends_after = datetime.now(UTC)
        relation = None if query.mine is None else query.mine.value
        near = None if query.near is None else parse_near(query.near)
        criteria = EventSearchCriteria(category, ends_after, starts_before, text, relation, near)
        page = await self._events.search(
            request.caller.user.id, criteria, decode_page_cursor(request), query.limit
        )
        return to_page(page)

    async def get(self, request: TypedRequest[None, None]) -> Event:
        """Get an event, with the caller's RSVP.

        One that moderators have hidden has `hidden_at`, and exists for them and its creator only. The creator
        can read and delete it, no more; of its conversation the creator is the only member until it is
        restored.
        """
        return await self._events.get(
            request.caller.user.id, request.path_params["id"], is_moderator=request.is_moderator
        )

    async def update(self, request: TypedRequest[EventPatch, ScopeQuery]) -> Event:
        """Update an event.

        Only its hosts can. Hosts, users who have responded, wait, asked or were invited are notified. For an
        event of a series, `scope` `following` also changes the later ones, which become a series of their
        own, and `all` the whole series. Both leave out events that have ended or are hidden; `event.past`
        means that all are. New times move all of them by the same local difference; the field code
        `series_dates` means that the rule has no such dates. All events are changed, or none. The rule itself
        cannot be changed (`rrule` and `count` get the field code `fixed`): delete the later events, whose
        users are notified, and create another series.
        """
        return await self._series.update(
            request.caller.user.id, request.path_params["id"], request.body, request.query.scope
        )

    async def delete(self, request: TypedRequest[None, ScopeQuery]) -> None:
        """Delete an event.

        Only its creator can, also if moderators have hidden it. Its conversation remains for its members. For
        an event of a series, `scope` `following` deletes the later ones too, and `all` the whole series.
        """
        await self._series.delete(request.caller.user.id, request.path_params["id"], request.query.scope)

    async def calendar(self, request: TypedRequest[None, None]) -> TextResponse:
        """Get an event in iCalendar format (RFC 5545).

        For an event of a series it is the series, with its rule and exceptions. Times are in the time zone of
        the event, which is included. The entity tag changes only when the event or its series does.
        """
        event_id = request.path_params["id"]
        content = await self._calendars.get_calendar(request.caller.user.id, event_id)
        return TextResponse(content, f"event-{event_id}.ics")


def _validate_query(field: str, text: str | None, max_characters: int) -> str | None:
    return None if text is None else validate_query(field, text, max_characters)
