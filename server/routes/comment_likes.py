"""Likes of comments."""

from actors.posts.comment_likes import CommentLikes
from server.http.route import Route, TypedRequest

COMMENT_NOT_FOUND = ("comment.not_found",)


class CommentLikeRoutes:
    def __init__(self, comment_likes: CommentLikes) -> None:
        self._comment_likes = comment_likes

    def routes(self) -> tuple[Route, ...]:
        path = "/v1/comments/{id}/like"
        return (
            Route("PUT", path, self.like, status=204, errors=COMMENT_NOT_FOUND),
            Route("DELETE", path, self.unlike, status=204, errors=COMMENT_NOT_FOUND, while_silenced=True),
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
