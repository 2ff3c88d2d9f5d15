"""Requests to follow the caller, whose account is private."""

from actors.protocol.social_objects import FollowRequest
from actors.social.follow_requests import FollowRequests
from server.http.request_decoding import PageQuery
from server.http.response import Page
from server.http.route import Route, TypedRequest
from server.routes.page_cursors import decode_page_cursor, to_page

REQUEST_NOT_FOUND = ("follow_request.not_found",)


class FollowRequestRoutes:
    def __init__(self, follow_requests: FollowRequests) -> None:
        self._follow_requests = follow_requests

    def routes(self) -> tuple[Route, ...]:
        request = "/v1/follow-requests/{user_id}"
        return (
            Route("GET", "/v1/follow-requests", self.page, query=PageQuery, response=Page[FollowRequest]),
            Route("PUT", request, self.accept, status=204, errors=REQUEST_NOT_FOUND),
            Route("DELETE", request, self.decline, status=204, errors=REQUEST_NOT_FOUND, while_silenced=True),
        )

    async def page(self, request: TypedRequest[None, PageQuery]) -> Page[FollowRequest]:
        """List the users who ask to follow the caller, the latest first."""
        return to_page(
            await self._follow_requests.page(
                request.caller.user.id, decode_page_cursor(request), request.query.limit
            )
        )

    async def accept(self, request: TypedRequest[None, None]) -> None:
        """Accept a request: the user follows the caller.

        Idempotent.
        """
        await self._follow_requests.accept(request.caller.user.id, request.path_params["user_id"])

    async def decline(self, request: TypedRequest[None, None]) -> None:
        """Decline a request.

        The user is not notified and may ask again. Users withdraw their own requests with
        `DELETE /v1/users/{id}/follow`.
        """
        await self._follow_requests.decline(request.caller.user.id, request.path_params["user_id"])
