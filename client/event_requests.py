"""Requests about events: events, series, RSVPs, hosts, attendance and calendars."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Literal

import msgspec

from actors.protocol.event_objects import (
    Announcement,
    CalendarLink,
    CalendarLinkInfo,
    Event,
    Rsvp,
    RsvpStatus,
)
from client.http_requests import EventUpdate, NewEvent, NewRsvp
from client.http_responses import Page
from client.http_transport import HttpTransport, key_header, resource_path

Relation = Literal["hosting", "going", "invited"]
CALENDAR_LINK = "/v1/users/me/calendar"


class SeriesScope(StrEnum):
    """Which events of a series a request is for."""

    ONE = "one"
    FOLLOWING = "following"
    ALL = "all"


class EventRequests:
    """Methods of `HttpClient.events`. Those that create something take an idempotency key."""

    def __init__(self, http: HttpTransport) -> None:
        self._http = http

    async def create(self, event: NewEvent, idempotency_key: str | None = None) -> Event:
        """Create an event, or with `rrule` a series of them; returns the first one."""
        headers = key_header(idempotency_key)
        return await self._http.request(Event, "POST", "/v1/events", body=_to_body(event), headers=headers)

    async def search(
        self,
        text: str | None = None,
        *,
        category: str | None = None,
        ends_after: datetime | None = None,
        starts_before: datetime | None = None,
        mine: Relation | None = None,
        near: tuple[float, float, float] | None = None,
        cursor: str | None = None,
        limit: int = 20,
    ) -> Page[Event]:
        """Return a page of events, ordered by start. Without times, those that have not ended.

        `near` is latitude, longitude and the distance in km.
        """
        query = {
            "q": text,
            "category": category,
            "from": None if ends_after is None else ends_after.isoformat(),
            "to": None if starts_before is None else starts_before.isoformat(),
            "mine": mine,
            "near": None if near is None else ",".join(str(number) for number in near),
            "cursor": cursor,
            "limit": limit,
        }
        return await self._http.request(Page[Event], "GET", "/v1/events", query=query)

    async def get(self, event_id: str) -> Event:
        return await self._http.request(Event, "GET", _path(event_id))

    async def update(self, event_id: str, change: EventUpdate, scope: SeriesScope = SeriesScope.ONE) -> Event:
        """Change an event, as a host, or several of its series, as the creator. Returns the event."""
        query = {"scope": scope.value}
        return await self._http.request(Event, "PATCH", _path(event_id), query=query, body=_to_body(change))

    async def delete(self, event_id: str, scope: SeriesScope = SeriesScope.ONE) -> None:
        """Delete an event or several of its series, as the creator."""
        await self._http.request(None, "DELETE", _path(event_id), query={"scope": scope.value})

    # --- RSVPs

    async def set_rsvp(self, event_id: str, rsvp: NewRsvp) -> Rsvp:
        """Respond to an event. The result may be a place on the waitlist, or PENDING."""
        return await self._http.request(Rsvp, "PUT", _path(event_id, "rsvp"), body=_to_body(rsvp))

    async def rsvp(self, event_id: str) -> Rsvp:
        """Return this user's RSVP, with reminders and the check-in code."""
        return await self._http.request(Rsvp, "GET", _path(event_id, "rsvp"))

    async def delete_rsvp(self, event_id: str) -> Rsvp:
        """Withdraw this user's RSVP, and leave the waitlist."""
        return await self._http.request(Rsvp, "DELETE", _path(event_id, "rsvp"))

    async def rsvps(
        self, event_id: str, status: RsvpStatus | None = None, cursor: str | None = None, limit: int = 100
    ) -> Page[Rsvp]:
        """Return a page of the RSVPs of an event, the oldest first."""
        query = {"status": None if status is None else status.value, "cursor": cursor, "limit": limit}
        return await self._http.request(Page[Rsvp], "GET", _path(event_id, "rsvps"), query=query)

    async def invite(
        self, event_id: str, user_ids: Sequence[str], idempotency_key: str | None = None
    ) -> None:
        body, headers = {"user_ids": list(user_ids)}, key_header(idempotency_key)
        await self._http.request(None, "POST", _path(event_id, "invites"), body=body, headers=headers)

    # --- hosts

    async def add_host(self, event_id: str, user_id: str) -> None:
        """Make a user a co-host, as the creator."""
        await self._http.request(None, "PUT", _path(event_id, "hosts", user_id))

    async def remove_host(self, event_id: str, user_id: str) -> None:
        """End being a co-host, as the creator or that co-host."""
        await self._http.request(None, "DELETE", _path(event_id, "hosts", user_id))

    async def cancel(self, event_id: str, reason: str | None = None) -> Event:
        """Cancel an event, as a host. RSVPs stay."""
        return await self._http.request(
            Event, "POST", _path(event_id, "cancellation"), body={"reason": reason}
        )

    async def requests(self, event_id: str, cursor: str | None = None, limit: int = 100) -> Page[Rsvp]:
        """Return a page of the requests to go to an event, as a host, the oldest first."""
        query = {"cursor": cursor, "limit": limit}
        return await self._http.request(Page[Rsvp], "GET", _path(event_id, "requests"), query=query)

    async def accept_request(self, event_id: str, user_id: str) -> Rsvp:
        """Let a user go who asked to, as a host. The user waits if the event is full."""
        return await self._http.request(Rsvp, "PUT", _path(event_id, "requests", user_id))

    async def decline_request(self, event_id: str, user_id: str) -> None:
        await self._http.request(None, "DELETE", _path(event_id, "requests", user_id))

    async def remove_attendee(self, event_id: str, user_id: str) -> None:
        """Remove an attendee, as a host, until a host invites the user."""
        await self._http.request(None, "DELETE", _path(event_id, "rsvps", user_id))

    async def announce(self, event_id: str, content: str, idempotency_key: str | None = None) -> Announcement:
        """Announce something to all who responded, as a host."""
        body, headers = {"content": content}, key_header(idempotency_key)
        path = _path(event_id, "announcements")
        return await self._http.request(Announcement, "POST", path, body=body, headers=headers)

    async def attendance(self, event_id: str) -> str:
        """Return the users who go as CSV, to a host."""
        return await self._http.request(str, "GET", _path(event_id, "attendance.csv"))

    async def check_in(self, event_id: str, user_id: str, code: str) -> Rsvp:
        """Check in a user who goes, as a host, with the `check_in_code` of the user's RSVP."""
        return await self._http.request(
            Rsvp, "PUT", _path(event_id, "attendance", user_id), body={"code": code}
        )

    # --- calendars

    async def calendar_file(self, event_id: str) -> str:
        """Return an event or its series in iCalendar format."""
        return await self._http.request(str, "GET", _path(event_id, "calendar.ics"))

    async def create_calendar_link(self, idempotency_key: str | None = None) -> CalendarLink:
        """Create a secret link to the calendar of all events that this user goes to; ends an earlier one."""
        return await self._http.request(
            CalendarLink, "POST", CALENDAR_LINK, headers=key_header(idempotency_key)
        )

    async def calendar_link(self) -> CalendarLinkInfo:
        """Return when the link to this user's calendar was created."""
        return await self._http.request(CalendarLinkInfo, "GET", CALENDAR_LINK)

    async def revoke_calendar_link(self) -> None:
        await self._http.request(None, "DELETE", CALENDAR_LINK)


def _to_body(fields: msgspec.Struct) -> Mapping[str, object]:
    """Return the fields of a request body that are set."""
    body: dict[str, object] = msgspec.to_builtins(fields)
    return body


def _path(event_id: str, *segments: str) -> str:
    return resource_path("/v1/events", event_id, *segments)
