"""Tags that the caller follows."""

from typing import Any

from actors.feed.tag_follows import TagFollows
from actors.protocol.social_objects import Tag
from server.http.request_decoding import PageQuery
from server.http.response import Page
from server.http.route import Route, TypedRequest
from server.routes.page_cursors import decode_page_cursor, to_page


class FollowedTagRoutes:
    def __init__(self, tag_follows: TagFollows) -> None:
        self._tag_follows = tag_follows

    def routes(self) -> tuple[Route, ...]:
        tag = "/v1/tags/{tag}"
        return (
            Route("GET", tag, self.get, response=Tag, errors=("request.invalid",)),
            Route("PUT", f"{tag}/follow", self.follow, status=204, errors=("request.invalid", "tag.limit")),
            Route(
                "DELETE",
                f"{tag}/follow",
                self.unfollow,
                status=204,
                errors=("request.invalid",),
                while_silenced=True,
            ),
            Route("GET", "/v1/users/me/followed-tags", self.page, query=PageQuery, response=Page[Tag]),
        )

    async def get(self, request: TypedRequest[None, None]) -> Tag:
        """Get a tag, and whether the caller follows it.

        The tag is given without `#`, in any case.
        """
        return await self._tag_follows.get(request.caller.user.id, request.path_params["tag"])

    async def follow(self, request: TypedRequest[None, None]) -> None:
        """Follow a tag: its posts appear in the caller's home feed.

        Idempotent.
        """
        await self._tag_follows.follow(request.caller.user.id, request.path_params["tag"])

    async def unfollow(self, request: TypedRequest[None, None]) -> None:
        """Unfollow a tag.

        Idempotent.
        """
        await self._tag_follows.unfollow(request.caller.user.id, request.path_params["tag"])

    async def page(self, request: TypedRequest[None, PageQuery]) -> Page[Any]:
        """List the tags that the caller follows, the latest first."""
        page = await self._tag_follows.page(
            request.caller.user.id, decode_page_cursor(request), request.query.limit
        )
        return to_page(page)
