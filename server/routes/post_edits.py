"""Edits of posts, and their former texts."""

from typing import Any

from actors.posts.bodies import PostPatch
from actors.posts.post_edits import PostEdits
from actors.protocol.social_objects import Post, PostRevision
from server.http.request_decoding import PageQuery
from server.http.response import Page
from server.http.route import Route, TypedRequest
from server.routes.page_cursors import decode_page_cursor, to_page
from server.routes.posts import POST_NOT_FOUND


class PostEditRoutes:
    def __init__(self, post_edits: PostEdits) -> None:
        self._post_edits = post_edits

    def routes(self) -> tuple[Route, ...]:
        post = "/v1/posts/{id}"
        return (
            Route(
                "PATCH",
                post,
                self.edit,
                body=PostPatch,
                response=Post,
                errors=("permission.denied", "post.not_editable", *POST_NOT_FOUND),
            ),
            Route(
                "GET",
                f"{post}/history",
                self.history,
                query=PageQuery,
                response=Page[PostRevision],
                errors=POST_NOT_FOUND,
            ),
        )

    async def edit(self, request: TypedRequest[PostPatch, None]) -> Post:
        """Replace the text of a post, within 15 minutes after it was created.

        Only its author can. The former text is kept in the history.
        """
        return await self._post_edits.edit(request.caller.user.id, request.path_params["id"], request.body)

    async def history(self, request: TypedRequest[None, PageQuery]) -> Page[Any]:
        """List the former texts of a post, the newest first."""
        page = await self._post_edits.page_history(
            request.caller.user.id,
            request.path_params["id"],
            decode_page_cursor(request),
            request.query.limit,
        )
        return to_page(page)
