"""Privacy settings, and the requests that they lead to."""

import msgspec
from msgspec import UNSET, UnsetType

from actors.accounts.serializers import to_user_card
from actors.consent.conversation_requests import ConversationRequests
from actors.consent.privacy_settings import PrivacySettings
from actors.consent.request_acceptance import RequestAcceptance
from actors.protocol.errors import invalid_cursor
from actors.protocol.objects import Audience, ConversationRequest, Privacy
from server.http.request_decoding import PageQuery
from server.http.response import Page
from server.http.route import Route, TypedRequest
from server.routes.page_cursors import CURSOR_TIME_MAX_US, to_page
from storage.contracts.identifiers import is_id

REQUEST_NOT_FOUND = ("conversation_request.not_found",)


class PrivacyPatch(msgspec.Struct, frozen=True):
    """Absent fields stay unchanged."""

    groups: Audience | UnsetType = UNSET
    invites: Audience | UnsetType = UNSET


class PrivacyRoutes:
    def __init__(
        self, settings: PrivacySettings, requests: ConversationRequests, acceptance: RequestAcceptance
    ) -> None:
        self._settings = settings
        self._requests = requests
        self._acceptance = acceptance

    def routes(self) -> tuple[Route, ...]:
        privacy = "/v1/users/me/privacy"
        requests = "/v1/conversations/requests"
        request = f"{requests}/{{conversation_id}}"
        return (
            Route("GET", privacy, self.get_privacy, response=Privacy),
            Route(
                "PATCH",
                privacy,
                self.change_privacy,
                body=PrivacyPatch,
                response=Privacy,
                while_silenced=True,
            ),
            Route("GET", requests, self.page, query=PageQuery, response=Page[ConversationRequest]),
            Route(
                "PUT",
                request,
                self.accept,
                status=204,
                errors=(*REQUEST_NOT_FOUND, "user.not_found", "conversation.full", "conversation.limit"),
            ),
            Route("DELETE", request, self.decline, status=204, errors=REQUEST_NOT_FOUND, while_silenced=True),
        )

    async def get_privacy(self, request: TypedRequest[None, None]) -> Privacy:
        """Get the caller's privacy settings."""
        return await self._settings.get(request.caller.user.id)

    async def change_privacy(self, request: TypedRequest[PrivacyPatch, None]) -> Privacy:
        """Change the caller's privacy settings.

        Where they do not permit an addition or invite, it makes a request; with `nobody` not even that.
        """
        body = request.body
        return await self._settings.change(
            request.caller.user.id,
            None if body.groups is UNSET else body.groups,
            None if body.invites is UNSET else body.invites,
        )

    async def page(self, request: TypedRequest[None, PageQuery]) -> Page[ConversationRequest]:
        """List the requests to the caller that are not answered, the latest first."""
        key = request.cursor(tuple[int, str])
        if key is not None and not (0 <= key[0] <= CURSOR_TIME_MAX_US and is_id(key[1])):
            raise invalid_cursor()
        return to_page(await self._requests.page(request.caller.user.id, key, request.query.limit))

    async def accept(self, request: TypedRequest[None, None]) -> None:
        """Accept a request.

        The caller joins the conversation, or is invited to the event, if the user who asked may still add or
        invite the caller.
        """
        await self._acceptance.accept(
            to_user_card(request.caller.user), request.path_params["conversation_id"]
        )

    async def decline(self, request: TypedRequest[None, None]) -> None:
        """Decline a request.

        The same conversation is not requested again for 30 days. The user who asked is not notified.
        """
        await self._requests.decline(request.caller.user.id, request.path_params["conversation_id"])
