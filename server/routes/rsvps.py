"""RSVPs of events, and invitations to them."""

from typing import Any

from actors.accounts.serializers import to_user_card
from actors.events.bodies import Invites, RsvpBody
from actors.events.events import Events
from actors.events.rsvps import Rsvps
from actors.protocol.event_objects import Rsvp, RsvpStatus
from config.limits import BODY_WITH_IDS_BYTES
from server.http.request_decoding import PageQuery
from server.http.response import Page, ResponseWithStatus
from server.http.route import Route, TypedRequest
from server.routes.events import EVENT_NOT_FOUND, HOST_ONLY_ERRORS
from server.routes.page_cursors import decode_page_cursor, to_page


class RsvpQuery(PageQuery, frozen=True):
    status: RsvpStatus | None = None


class RsvpRoutes:
    def __init__(self, rsvps: Rsvps, events: Events) -> None:
        self._rsvps = rsvps
        self._events = events

    def routes(self) -> tuple[Route, ...]:
        event = "/v1/events/{id}"
        return (
            Route(
                "PUT",
                f"{event}/rsvp",
                self.set,
                body=RsvpBody,
                response=Rsvp,
                other_statuses=(202,),
                errors=("event.full", "event.past", "event.cancelled", *HOST_ONLY_ERRORS),
            ),
            Route("GET", f"{event}/rsvp", self.get, response=Rsvp, errors=EVENT_NOT_FOUND),
            Route(
                "DELETE",
                f"{event}/rsvp",
                self.delete,
                response=Rsvp,
                errors=EVENT_NOT_FOUND,
                while_silenced=True,
            ),
            Route(
                "GET",
                f"{event}/rsvps",
                self.page,
                query=RsvpQuery,
                response=Page[Rsvp],
                errors=EVENT_NOT_FOUND,
            ),
            Route(
                "DELETE",
                f"{event}/rsvps/{{user_id}}",
                self.remove_attendee,
                status=204,
                errors=("request.invalid", *HOST_ONLY_ERRORS),
            ),
            Route(
                "POST",
                f"{event}/invites",
                self.invite,
                body=Invites,
                status=204,
                body_bytes_max=BODY_WITH_IDS_BYTES,
                idempotent=True,
                errors=("user.not_found", "event.cancelled", *HOST_ONLY_ERRORS),
            ),
        )

    async def set(self, request: TypedRequest[RsvpBody, None]) -> ResponseWithStatus:
        """Respond to an event.

        `GOING` to a full event joins the waitlist with status 202 if `waitlist` is true, and fails with
        `event.full` otherwise; before the start an event is full also while others wait. `guests` take
        places too: a free place goes to the first on the waitlist who fits with all guests, and more guests
        of a user who goes fail with `event.full` if the event is full. Where hosts decide who goes, `GOING`
        becomes `PENDING` with status 202, except for hosts and users whom a host invited; a pending user
        holds no place. After the start a free place goes to the first user who asks for it. A user whom a
        host has removed gets `permission.denied`.
        """
        rsvp = await self._rsvps.set_rsvp(
            to_user_card(request.caller.user), request.path_params["id"], request.body
        )
        is_decided = rsvp.waitlist_position is None and rsvp.status is not RsvpStatus.PENDING
        return ResponseWithStatus(rsvp, 200 if is_decided else 202)

    async def get(self, request: TypedRequest[None, None]) -> Rsvp:
        """Get the caller's RSVP, with guests and reminders. `status` is null without one."""
        return await self._rsvps.get_rsvp(to_user_card(request.caller.user), request.path_params["id"])

    async def delete(self, request: TypedRequest[None, None]) -> Rsvp:
        """Withdraw the caller's RSVP, and leave the waitlist.

        A user who has responded or waits can, also after a block.
        """
        return await self._rsvps.delete_rsvp(to_user_card(request.caller.user), request.path_params["id"])

    async def page(self, request: TypedRequest[None, RsvpQuery]) -> Page[Any]:
        """List the RSVPs of an event, the oldest first."""
        page = await self._rsvps.page_rsvps(
            request.caller.user.id,
            request.path_params["id"],
            request.query.status,
            decode_page_cursor(request),
            request.query.limit,
        )
        return to_page(page)

    async def remove_attendee(self, request: TypedRequest[None, None]) -> None:
        """Remove an attendee from an event.

        Only its hosts can. The user loses the RSVP, the place on the waitlist and invitations, leaves
        the event's conversation, and cannot respond again until a host invites them. Idempotent.
        """
        await self._rsvps.remove_attendee(
            request.caller.user.id, request.path_params["id"], request.path_params["user_id"]
        )

    async def invite(self, request: TypedRequest[Invites, None]) -> None:
        """Invite users to an event.

        Any user who can see a public event can. For an event with visibility `invited` only its hosts can;
        others get `permission.denied`. Users whose privacy settings demand it are asked first, and those with
        a block between them and a host are not invited; the response is the same.
        """
        await self._events.invite(
            to_user_card(request.caller.user),
            request.path_params["id"],
            request.body.user_ids,
            request.idempotency_key,
        )
