"""Following and blocking over HTTP. Never says of a block that it is one."""

from typing import Any

from actors.protocol.objects import UserCard
from actors.protocol.social_objects import SocialStats
from actors.social.social import Social
from server.http.query_parameters import PageQuery
from server.http.route import Route
from server.http.typed_request import Page, TypedRequest
from server.routes.page_cursors import decode_page_cursor, to_page

USER_NOT_FOUND = ("user.not_found",)
OTHER_USER_ERRORS = ("user.not_found", "request.invalid")


class SocialRoutes:
    def __init__(self, social: Social) -> None:
        self._social = social

    def routes(self) -> tuple[Route, ...]:
        one = "/v1/users/{id}"
        cards = Page[UserCard]
        return (
            Route("PUT", f"{one}/follow", self.follow, status=204, errors=OTHER_USER_ERRORS),
            Route("DELETE", f"{one}/follow", self.unfollow, status=204),
            Route("PUT", f"{one}/block", self.block, status=204, errors=OTHER_USER_ERRORS),
            Route("DELETE", f"{one}/block", self.unblock, status=204),
            Route(
                "GET",
                f"{one}/followers",
                self.followers,
                query=PageQuery,
                response=cards,
                errors=USER_NOT_FOUND,
            ),
            Route(
                "GET",
                f"{one}/following",
                self.following,
                query=PageQuery,
                response=cards,
                errors=USER_NOT_FOUND,
            ),
            Route("GET", f"{one}/stats", self.stats, response=SocialStats, errors=USER_NOT_FOUND),
        )

    async def follow(self, request: TypedRequest[None, None]) -> None:
        """Follow somebody; already so is no fault."""
        await self._social.follow(request.caller.user.id, request.path_params["id"])

    async def unfollow(self, request: TypedRequest[None, None]) -> None:
        """No longer follow somebody; already so is no fault."""
        await self._social.unfollow(request.caller.user.id, request.path_params["id"])

    async def block(self, request: TypedRequest[None, None]) -> None:
        """Block somebody: follows both ways end, and neither sees the other's things."""
        await self._social.block(request.caller.user.id, request.path_params["id"])

    async def unblock(self, request: TypedRequest[None, None]) -> None:
        """Take a block of one's own back; follows do not come back."""
        await self._social.unblock(request.caller.user.id, request.path_params["id"])

    async def followers(self, request: TypedRequest[None, PageQuery]) -> Page[Any]:
        """Who follows somebody, the latest first."""
        found = await self._social.followers(
            request.caller.user.id,
            request.path_params["id"],
            decode_page_cursor(request),
            request.query.limit,
        )
        return to_page(found)

    async def following(self, request: TypedRequest[None, PageQuery]) -> Page[Any]:
        """Whom somebody follows, the latest first."""
        found = await self._social.following(
            request.caller.user.id,
            request.path_params["id"],
            decode_page_cursor(request),
            request.query.limit,
        )
        return to_page(found)

    async def stats(self, request: TypedRequest[None, None]) -> SocialStats:
        """How many follow somebody, are followed, and posts there are."""
        return await self._social.get_stats(request.caller.user.id, request.path_params["id"])
