"""Bookmarks of posts."""

from typing import Any

from actors.posts.bookmarks import Bookmarks
from actors.protocol.social_objects import Post
from server.http.request_decoding import PageQuery
from server.http.response import Page
from server.http.route import Route, TypedRequest
from server.routes.page_cursors import decode_page_cursor, to_page
from server.routes.posts import POST_NOT_FOUND


class BookmarkRoutes:
    def __init__(self, bookmarks: Bookmarks) -> None:
        self._bookmarks = bookmarks

    def routes(self) -> tuple[Route, ...]:
        bookmark = "/v1/posts/{id}/bookmark"
        return (
            Route(
                "PUT",
                bookmark,
                self.add,
                status=204,
                errors=("bookmark.limit", *POST_NOT_FOUND),
                while_silenced=True,
            ),
            Route("DELETE", bookmark, self.remove, status=204, errors=POST_NOT_FOUND, while_silenced=True),
            Route("GET", "/v1/bookmarks", self.page, query=PageQuery, response=Page[Post]),
        )

    async def add(self, request: TypedRequest[None, None]) -> None:
        """Bookmark a post.

        Idempotent. No other user sees it.
        """
        await self._bookmarks.add(request.caller.user.id, request.path_params["id"])

    async def remove(self, request: TypedRequest[None, None]) -> None:
        """Remove the caller's bookmark of a post.

        Idempotent.
        """
        await self._bookmarks.remove(request.caller.user.id, request.path_params["id"])

    async def page(self, request: TypedRequest[None, PageQuery]) -> Page[Any]:
        """List the posts that the caller has bookmarked, the latest bookmark first.

        Posts that the caller cannot see any more are left out.
        """
        page = await self._bookmarks.page(
            request.caller.user.id, decode_page_cursor(request), request.query.limit
        )
        return to_page(page)
