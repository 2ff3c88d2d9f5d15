"""Likes of comments."""

from typing import Any

from actors.posts.comment_likes import CommentLikes
from actors.protocol.objects import UserCard
from server.http.request_decoding import PageQuery
from server.http.response import Page
from server.http.route import Route, TypedRequest
from server.routes.page_cursors import decode_page_cursor, to_page

COMMENT_NOT_FOUND = ("comment.not_found",)


class CommentLikeRoutes:
    def __init__(self, comment_likes: CommentLikes) -> None:
        self._comment_likes = comment_likes

    def routes(self) -> tuple[Route, ...]:
        path = "/v1/comments/{id}/like"
        return (
            Route("PUT", path, self.like, status=204, errors=COMMENT_NOT_FOUND),
            Route("DELETE", path, self.unlike, status=204, errors=COMMENT_NOT_FOUND, while_silenced=True),
            Route(
                "GET",
                "/v1/comments/{id}/likes",
                self.likes,
                query=PageQuery,
                response=Page[UserCard],
                errors=COMMENT_NOT_FOUND,
            ),
        )

    async def like(self, request: TypedRequest[None, None]) -> None:
        """Like a comment.

        Idempotent.
        """
        await self._comment_likes.like(request.caller.user.id, request.path_params["id"])

    async def unlike(self, request: TypedRequest[None, None]) -> None:
        """Remove the caller's like from a comment.

        Idempotent.
        """
        await self._comment_likes.unlike(request.caller.user.id, request.path_params["id"])

    async def likes(self, request: TypedRequest[None, PageQuery]) -> Page[Any]:
        """List the users who like a comment, the latest first."""
        page = await self._comment_likes.page(
            request.caller.user.id,
            request.path_params["id"],
            decode_page_cursor(request),
            request.query.limit,
        )
        return to_page(page)
