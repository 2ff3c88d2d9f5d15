"""What moderators did to the caller, and appeals against it."""

from typing import Annotated

from msgspec import Meta

from actors.moderation.appeals import Appeals
from actors.moderation.bodies import AccountAppealRequest, AppealAnswerRequest, AppealRequest
from actors.protocol.moderation_objects import Appeal, AppealReview, OwnModerationAction
from server.http.rate_limiter import RequestRateClass, address_bucket_key
from server.http.request_decoding import PageQuery
from server.http.response import Page
from server.http.route import Route, TypedRequest
from server.routes.page_cursors import decode_page_cursor, to_page
from storage.contracts.users import Role


class AppealQuery(PageQuery, frozen=True):
    open: Annotated[bool, Meta(description="Only appeals that are not answered.")] = True


class AppealRoutes:
    def __init__(self, appeals: Appeals) -> None:
        self._appeals = appeals

    def routes(self) -> tuple[Route, ...]:
        return (
            Route(
                "GET",
                "/v1/users/me/moderation-actions",
                self.page_own_actions,
                query=PageQuery,
                response=Page[OwnModerationAction],
            ),
            Route(
                "POST",
                "/v1/appeals",
                self.create,
                body=AppealRequest,
                response=Appeal,
                status=201,
                idempotent=True,
                errors=("action.not_found", "appeal.exists"),
                while_silenced=True,
            ),
            Route(
                "POST",
                "/v1/account-appeals",
                self.create_for_account,
                body=AccountAppealRequest,
                response=Appeal,
                status=201,
                requires_auth=False,
                rate_class=RequestRateClass.LOGIN,
                errors=("auth.invalid_credentials", "action.not_found", "appeal.exists"),
            ),
            Route(
                "GET",
                "/v1/admin/appeals",
                self.page,
                query=AppealQuery,
                response=Page[AppealReview],
                role=Role.MODERATOR,
            ),
            Route(
                "PUT",
                "/v1/admin/appeals/{id}/answer",
                self.answer,
                body=AppealAnswerRequest,
                status=204,
                errors=("appeal.not_found",),
                role=Role.MODERATOR,
            ),
        )

    async def page_own_actions(self, request: TypedRequest[None, PageQuery]) -> Page[OwnModerationAction]:
        """List what moderators did to the caller and the caller's contents, the latest first.

        Each with the caller's appeal, if there is one.
        """
        return to_page(
            await self._appeals.page_own_actions(
                request.caller.user.id, decode_page_cursor(request), request.query.limit
            )
        )

    async def create(self, request: TypedRequest[AppealRequest, None]) -> Appeal:
        """Appeal against an action on the caller, once."""
        return await self._appeals.create(request.caller.user.id, request.body, request.idempotency_key)

    async def create_for_account(self, request: TypedRequest[AccountAppealRequest, None]) -> Appeal:
        """Appeal against the suspension or ban of an account, with its login and password, once."""
        return await self._appeals.create_for_account(
            request.body, address_bucket_key(request.client_address)
        )

    async def page(self, request: TypedRequest[None, AppealQuery]) -> Page[AppealReview]:
        """List appeals, the oldest first."""
        query = request.query
        key = decode_page_cursor(request)
        return to_page(await self._appeals.page(key, query.limit, open_only=query.open))

    async def answer(self, request: TypedRequest[AppealAnswerRequest, None]) -> None:
        """Answer an open appeal.

        Its author is notified. Accepting it changes nothing else: lift the restriction, or restore the
        content.
        """
        await self._appeals.answer(request.caller.user.id, request.path_params["id"], request.body)
