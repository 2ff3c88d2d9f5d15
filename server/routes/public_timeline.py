"""The public timeline."""

from typing import Any

from actors.feed.public_timeline import PublicTimeline
from actors.protocol.social_objects import Post
from server.http.rate_limiter import LIST_COST
from server.http.request_decoding import PageQuery
from server.http.response import Page
from server.http.route import Route, TypedRequest
from server.routes.page_cursors import decode_page_cursor, to_page


class PublicTimelineRoutes:
    def __init__(self, public_timeline: PublicTimeline) -> None:
        self._public_timeline = public_timeline

    def routes(self) -> tuple[Route, ...]:
        return (
            Route(
                "GET",
                "/v1/timeline/public",
                self.page,
                query=PageQuery,
                response=Page[Post],
                cost=LIST_COST,
            ),
        )

    async def page(self, request: TypedRequest[None, PageQuery]) -> Page[Any]:
        """List all public posts, the newest first.

        Posts of users with a block between them and the caller are left out, and those of users whose posts
        the caller mutes.
        """
        page = await self._public_timeline.page(
            request.caller.user.id, decode_page_cursor(request), request.query.limit
        )
        return to_page(page)
