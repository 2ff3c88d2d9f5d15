"""Posts, likes, comments and the home feed over HTTP. Never shows what is between people apart."""

from typing import Annotated, Any

import msgspec
from msgspec import Meta

from actors.feed.home_feed import HomeFeed
from actors.posts.posts import Posts
from actors.posts.reactions import Reactions
from actors.protocol.objects import UserCard
from actors.protocol.social_objects import Comment, Post
from config.limits import POST_CHARACTERS
from server.http.query_parameters import PageQuery
from server.http.route import Route
from server.http.typed_request import Page, TypedRequest
from server.routes.page_cursors import decode_page_cursor, to_page

Id = Annotated[str, Meta(max_length=64)]
# Counted after trimming, by code points: the bound is only told here, and kept by the service.
PostText = Annotated[str, Meta(extra_json_schema={"minLength": 1, "maxLength": POST_CHARACTERS})]
POST_NOT_FOUND = ("post.not_found",)


class NewPost(msgspec.Struct, frozen=True):
    content: PostText
    event_id: Id | None = None


class NewComment(msgspec.Struct, frozen=True):
    content: PostText


class PostRoutes:
    def __init__(self, posts: Posts, reactions: Reactions, feed: HomeFeed) -> None:
        self._posts = posts
        self._reactions = reactions
        self._feed = feed

    def routes(self) -> tuple[Route, ...]:
        one = "/v1/posts/{id}"
        return (
            Route(
                "POST",
                "/v1/posts",
                self.create,
                body=NewPost,
                response=Post,
                status=201,
                idempotent=True,
                errors=("event.not_found",),
            ),
            Route("GET", one, self.get, response=Post, errors=POST_NOT_FOUND),
            Route("DELETE", one, self.delete, status=204, errors=("permission.denied", *POST_NOT_FOUND)),
            Route("PUT", f"{one}/like", self.like, status=204, errors=POST_NOT_FOUND),
            Route("DELETE", f"{one}/like", self.unlike, status=204, errors=POST_NOT_FOUND),
            Route(
                "GET",
                f"{one}/likes",
                self.likes,
                query=PageQuery,
                response=Page[UserCard],
                errors=POST_NOT_FOUND,
            ),
            Route(
                "GET",
                f"{one}/comments",
                self.comments,
                query=PageQuery,
                response=Page[Comment],
                errors=POST_NOT_FOUND,
            ),
            Route(
                "POST",
                f"{one}/comments",
                self.comment,
                body=NewComment,
                response=Comment,
                status=201,
                idempotent=True,
                errors=POST_NOT_FOUND,
            ),
            Route(
                "DELETE",
                "/v1/comments/{id}",
                self.delete_comment,
                status=204,
                errors=("permission.denied", "comment.not_found"),
            ),
            Route(
                "GET",
                "/v1/users/{id}/posts",
                self.by_author,
                query=PageQuery,
                response=Page[Post],
                errors=("user.not_found",),
            ),
            Route("GET", "/v1/feed", self.feed, query=PageQuery, response=Page[Post]),
        )

    async def create(self, request: TypedRequest[NewPost, None]) -> Post:
        """Post something, perhaps about an event."""
        body = request.body
        return await self._posts.create(
            request.caller.user.id, body.content, body.event_id, request.idempotency_key
        )

    async def get(self, request: TypedRequest[None, None]) -> Post:
        """One post."""
        return await self._posts.get(request.caller.user.id, request.path_params["id"])

    async def delete(self, request: TypedRequest[None, None]) -> None:
        """Delete one's own post, with its likes and comments."""
        await self._posts.delete(request.caller.user.id, request.path_params["id"])

    async def like(self, request: TypedRequest[None, None]) -> None:
        """Like a post; already so is no fault."""
        await self._reactions.like(request.caller.user.id, request.path_params["id"])

    async def unlike(self, request: TypedRequest[None, None]) -> None:
        """No longer like a post; already so is no fault."""
        await self._reactions.unlike(request.caller.user.id, request.path_params["id"])

    async def likes(self, request: TypedRequest[None, PageQuery]) -> Page[Any]:
        """Who likes a post, the latest first."""
        found = await self._reactions.page_likes(
            request.caller.user.id,
            request.path_params["id"],
            decode_page_cursor(request),
            request.query.limit,
        )
        return to_page(found)

    async def comments(self, request: TypedRequest[None, PageQuery]) -> Page[Any]:
        """What was said about a post, the oldest first."""
        found = await self._reactions.page_comments(
            request.caller.user.id,
            request.path_params["id"],
            decode_page_cursor(request),
            request.query.limit,
        )
        return to_page(found)

    async def comment(self, request: TypedRequest[NewComment, None]) -> Comment:
        """Say something about a post."""
        return await self._reactions.create_comment(
            request.caller.user.id, request.path_params["id"], request.body.content, request.idempotency_key
        )

    async def delete_comment(self, request: TypedRequest[None, None]) -> None:
        """Delete one's own comment, or one about one's own post."""
        await self._reactions.delete_comment(request.caller.user.id, request.path_params["id"])

    async def by_author(self, request: TypedRequest[None, PageQuery]) -> Page[Any]:
        """Somebody's posts, the newest first."""
        found = await self._posts.page_by_author(
            request.caller.user.id,
            request.path_params["id"],
            decode_page_cursor(request),
            request.query.limit,
        )
        return to_page(found)

    async def feed(self, request: TypedRequest[None, PageQuery]) -> Page[Any]:
        """One's own posts and those of whom one follows, the newest first."""
        found = await self._feed.page(
            request.caller.user.id, decode_page_cursor(request), request.query.limit
        )
        return to_page(found)
