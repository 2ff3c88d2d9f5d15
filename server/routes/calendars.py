"""A user's calendar: a secret link to it, and the file that calendar applications fetch."""

from actors.accounts.calendar_links import CalendarLinks
from actors.events.event_calendars import EventCalendars
from actors.protocol.event_objects import CalendarLink, CalendarLinkInfo
from server.http.rate_limiter import SEARCH_COST
from server.http.response import TextResponse
from server.http.route import Route, TypedRequest

CALENDAR_NOT_FOUND = ("calendar.not_found",)


class CalendarRoutes:
    def __init__(self, links: CalendarLinks, calendars: EventCalendars) -> None:
        self._links = links
        self._calendars = calendars

    def routes(self) -> tuple[Route, ...]:
        link = "/v1/users/me/calendar"
        return (
            Route(
                "POST",
                link,
                self.create,
                response=CalendarLink,
                status=201,
                cost=SEARCH_COST,
                idempotent=True,
                response_has_secrets=True,
            ),
            Route("GET", link, self.get, response=CalendarLinkInfo),
            Route("DELETE", link, self.revoke, status=204, while_silenced=True),
            Route(
                "GET",
                "/v1/calendars/{token}.ics",
                self.calendar,
                response=str,
                media_type="text/calendar",
                requires_auth=False,
                cost=SEARCH_COST,
                errors=CALENDAR_NOT_FOUND,
            ),
        )

    async def create(self, request: TypedRequest[None, None]) -> CalendarLink:
        """Create a secret link to the calendar of all events that the caller goes to.

        It is shown only once. An earlier link of the caller ends. Calendar applications subscribe with it and
        need no other authentication, so it must be kept secret. It ends when the password is changed or
        reset, and when the account is suspended or banned.
        """
        return await self._links.create(request.caller.user.id, request.raw_idempotency_key)

    async def get(self, request: TypedRequest[None, None]) -> CalendarLinkInfo:
        """Get when the link to the caller's calendar was created."""
        return await self._links.get(request.caller.user.id)

    async def revoke(self, request: TypedRequest[None, None]) -> None:
        """End the link to the caller's calendar.

        Idempotent.
        """
        await self._links.revoke(request.caller.user.id)

    async def calendar(self, request: TypedRequest[None, None]) -> TextResponse:
        """Get the calendar of a secret link in iCalendar format (RFC 5545).

        The events that the user goes to, from those that ended within 90 days on; of more than 500 the
        nearest, first those to come. The entity tag changes only when the events do.
        """
        user_id = await self._links.get_user_id(request.path_params["token"])
        return TextResponse(await self._calendars.get_user_calendar(user_id), "convene.ics")
