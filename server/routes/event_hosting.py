"""Hosts of events: co-hosts, cancellation, and requests to go."""

from typing import Any

from actors.events.bodies import Cancellation
from actors.events.event_hosting import EventHosting
from actors.events.rsvp_requests import RsvpRequests
from actors.protocol.event_objects import Event, Rsvp
from server.http.request_decoding import PageQuery
from server.http.response import Page, ResponseWithStatus
from server.http.route import Route, TypedRequest, names_caller
from server.routes.events import HOST_ONLY_ERRORS
from server.routes.page_cursors import decode_page_cursor, to_page

REQUEST_ERRORS = ("rsvp_request.not_found", *HOST_ONLY_ERRORS)


class EventHostingRoutes:
    def __init__(self, hosting: EventHosting, requests: RsvpRequests) -> None:
        self._hosting = hosting
        self._requests = requests

    def routes(self) -> tuple[Route, ...]:
        event = "/v1/events/{id}"
        host, request = f"{event}/hosts/{{user_id}}", f"{event}/requests/{{user_id}}"
        return (
            Route(
                "POST",
                f"{event}/cancellation",
                self.cancel,
                body=Cancellation,
                response=Event,
                errors=("event.past", *HOST_ONLY_ERRORS),
                body_optional=True,
            ),
            Route(
                "PUT",
                host,
                self.add_host,
                status=204,
                errors=("user.not_found", "event.hosts_full", "event.cancelled", *HOST_ONLY_ERRORS),
            ),
            Route(
                "DELETE",
                host,
                self.remove_host,
                status=204,
                errors=("request.invalid", *HOST_ONLY_ERRORS),
                while_silenced=names_caller,
            ),
            Route(
                "GET",
                f"{event}/requests",
                self.list_requests,
                query=PageQuery,
                response=Page[Rsvp],
                errors=HOST_ONLY_ERRORS,
            ),
            Route(
                "PUT",
                request,
                self.accept,
                response=Rsvp,
                other_statuses=(202,),
                errors=("event.full", "event.past", "event.cancelled", *REQUEST_ERRORS),
            ),
            Route("DELETE", request, self.decline, status=204, errors=REQUEST_ERRORS),
        )

    async def cancel(self, request: TypedRequest[Cancellation, None]) -> Event:
        """Cancel an event.

        Only its hosts can. RSVPs stay, and new ones fail with `event.cancelled`. All who have responded, wait
        or were invited are notified, and the event's conversation gets a SYSTEM message. The event stays in
        lists, with `cancelled_at`. Idempotent: the first reason stays.
        """
        return await self._hosting.cancel(request.caller.user.id, request.path_params["id"], request.body)

    async def add_host(self, request: TypedRequest[None, None]) -> None:
        """Make a user a co-host of an event.

        Only its creator can. Co-hosts can do what the creator can, except delete the event and change its
        hosts, and are members of its conversation. A user who has not responded to the event must allow to be
        invited by the creator, else the response is `permission.denied`. Users with a block between them and
        the co-host no longer see the event, and lose their RSVPs and invitations. Idempotent.
        """
        await self._hosting.add_host(
            request.caller.user.id, request.path_params["id"], request.path_params["user_id"]
        )

    async def remove_host(self, request: TypedRequest[None, None]) -> None:
        """End being a co-host of an event.

        Only its creator and that co-host can. The RSVP stays. Idempotent.
        """
        await self._hosting.remove_host(
            request.caller.user.id, request.path_params["id"], request.path_params["user_id"]
        )

    async def list_requests(self, request: TypedRequest[None, PageQuery]) -> Page[Any]:
        """List requests to go to an event, the oldest first.

        Only its hosts can. `status` is `PENDING`.
        """
        page = await self._requests.page(
            request.caller.user.id,
            request.path_params["id"],
            decode_page_cursor(request),
            request.query.limit,
        )
        return to_page(page)

    async def accept(self, request: TypedRequest[None, None]) -> ResponseWithStatus:
        """Accept a request to go to an event.

        Only its hosts can. The user is notified and goes, or joins the waitlist of a full event with
        status 202 if the request had `waitlist`; else the response is `event.full` and the request stays.
        Idempotent.
        """
        rsvp = await self._requests.accept(
            request.caller.user.id, request.path_params["id"], request.path_params["user_id"]
        )
        return ResponseWithStatus(rsvp, 200 if rsvp.waitlist_position is None else 202)

    async def decline(self, request: TypedRequest[None, None]) -> None:
        """Decline a request to go to an event.

        Only its hosts can. The user is notified, and can ask again unless a host removes the user.
        """
        await self._requests.decline(
            request.caller.user.id, request.path_params["id"], request.path_params["user_id"]
        )
