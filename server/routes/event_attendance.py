"""Announcements to the attendees of an event, and their attendance."""

from actors.accounts.serializers import to_user_card
from actors.events.attendance import Attendance
from actors.events.bodies import AnnouncementBody, CheckIn
from actors.protocol.event_objects import Announcement, Rsvp
from server.http.rate_limiter import SEARCH_COST
from server.http.response import TextResponse
from server.http.route import Route, TypedRequest
from server.routes.events import HOST_ONLY_ERRORS


class EventAttendanceRoutes:
    def __init__(self, attendance: Attendance) -> None:
        self._attendance = attendance

    def routes(self) -> tuple[Route, ...]:
        event = "/v1/events/{id}"
        return (
            Route(
                "POST",
                f"{event}/announcements",
                self.announce,
                body=AnnouncementBody,
                response=Announcement,
                status=201,
                idempotent=True,
                errors=HOST_ONLY_ERRORS,
            ),
            Route(
                "GET",
                f"{event}/attendance.csv",
                self.export,
                response=str,
                media_type="text/csv",
                cost=SEARCH_COST,
                errors=HOST_ONLY_ERRORS,
            ),
            Route(
                "PUT",
                f"{event}/attendance/{{user_id}}",
                self.check_in,
                body=CheckIn,
                response=Rsvp,
                errors=("rsvp.not_found", "event.cancelled", *HOST_ONLY_ERRORS),
            ),
        )

    async def announce(self, request: TypedRequest[AnnouncementBody, None]) -> Announcement:
        """Announce something to the attendees of an event.

        Only its hosts can. All who have responded, wait or asked to go are notified, except those who do not
        go, and the event's conversation gets a SYSTEM message. An event can have a few announcements in an
        hour; past them the response is `rate.limited`.
        """
        return await self._attendance.announce(
            to_user_card(request.caller.user),
            request.path_params["id"],
            request.body,
            request.idempotency_key,
        )

    async def export(self, request: TypedRequest[None, None]) -> TextResponse:
        """Get the users who go to an event as CSV (RFC 4180).

        Only its hosts can. Cells that a spreadsheet would run as a formula start with an apostrophe.
        """
        event_id = request.path_params["id"]
        return TextResponse(
            await self._attendance.export(request.caller.user.id, event_id), f"attendance-{event_id}.csv"
        )

    async def check_in(self, request: TypedRequest[CheckIn, None]) -> Rsvp:
        """Check in a user who goes to an event.

        Only its hosts can, with the `check_in_code` of the user's RSVP. Idempotent: the first time stays.
        """
        return await self._attendance.check_in(
            request.caller.user.id,
            request.path_params["id"],
            request.path_params["user_id"],
            request.body.code,
        )
