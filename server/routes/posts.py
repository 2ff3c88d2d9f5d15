"""Posts, likes, comments and the home feed over HTTP. Never shows what is between people apart."""

from typing import Annotated, Any

import msgspec
from msgspec import Meta

from actors.feed.feed import HomeFeed
from actors.posts.posts import Posts
from actors.posts.reactions import Reactions
from actors.protocol.objects import UserCard
from actors.protocol.social_objects import Comment, Post
from config.limits import POST_CHARACTERS
from server.http.call import Call, Page
from server.http.query import PageQuery
from server.http.route import Route
from server.routes.keys import page_key, page_of

Id = Annotated[str, Meta(max_length=64)]
# Counted after trimming, by code points: the bound is only told here, and kept by the service.
Words = Annotated[str, Meta(extra_json_schema={"minLength": 1, "maxLength": POST_CHARACTERS})]
NO_POST = ("post.not_found",)


class NewPost(msgspec.Struct, frozen=True):
    content: Words
    event_id: Id | None = None


class NewComment(msgspec.Struct, frozen=True):
    content: Words


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
                answer=Post,
                status=201,
                idempotent=True,
                refuses=("event.not_found",),
            ),
            Route("GET", one, self.get, answer=Post, refuses=NO_POST),
            Route("DELETE", one, self.delete, status=204, refuses=("permission.denied", *NO_POST)),
            Route("PUT", f"{one}/like", self.like, status=204, refuses=NO_POST),
            Route("DELETE", f"{one}/like", self.unlike, status=204, refuses=NO_POST),
            Route("GET", f"{one}/likes", self.likes, query=PageQuery, answer=Page[UserCard], refuses=NO_POST),
            Route(
                "GET",
                f"{one}/comments",
                self.comments,
                query=PageQuery,
                answer=Page[Comment],
                refuses=NO_POST,
            ),
            Route(
                "POST",
                f"{one}/comments",
                self.comment,
                body=NewComment,
                answer=Comment,
                status=201,
                idempotent=True,
                refuses=NO_POST,
            ),
            Route(
                "DELETE",
                "/v1/comments/{id}",
                self.delete_comment,
                status=204,
                refuses=("permission.denied", "comment.not_found"),
            ),
            Route(
                "GET",
                "/v1/users/{id}/posts",
                self.by_author,
                query=PageQuery,
                answer=Page[Post],
                refuses=("user.not_found",),
            ),
            Route("GET", "/v1/feed", self.feed, query=PageQuery, answer=Page[Post]),
        )

    async def create(self, call: Call[NewPost, None]) -> Post:
        """Post something, perhaps about an event."""
        body = call.body
        return await self._posts.create(call.caller.user.id, body.content, body.event_id, call.once)

    async def get(self, call: Call[None, None]) -> Post:
        """One post."""
        return await self._posts.get(call.caller.user.id, call.path["id"])

    async def delete(self, call: Call[None, None]) -> None:
        """Delete one's own post, with its likes and comments."""
        await self._posts.delete(call.caller.user.id, call.path["id"])

    async def like(self, call: Call[None, None]) -> None:
        """Like a post; already so is no fault."""
        await self._reactions.like(call.caller.user.id, call.path["id"])

    async def unlike(self, call: Call[None, None]) -> None:
        """No longer like a post; already so is no fault."""
        await self._reactions.unlike(call.caller.user.id, call.path["id"])

    async def likes(self, call: Call[None, PageQuery]) -> Page[Any]:
        """Who likes a post, the latest first."""
        found = await self._reactions.page_likes(
            call.caller.user.id, call.path["id"], page_key(call), call.query.limit
        )
        return page_of(found)

    async def comments(self, call: Call[None, PageQuery]) -> Page[Any]:
        """What was said about a post, the oldest first."""
        found = await self._reactions.page_comments(
            call.caller.user.id, call.path["id"], page_key(call), call.query.limit
        )
        return page_of(found)

    async def comment(self, call: Call[NewComment, None]) -> Comment:
        """Say something about a post."""
        return await self._reactions.create_comment(
            call.caller.user.id, call.path["id"], call.body.content, call.once
        )

    async def delete_comment(self, call: Call[None, None]) -> None:
        """Delete one's own comment, or one about one's own post."""
        await self._reactions.delete_comment(call.caller.user.id, call.path["id"])

    async def by_author(self, call: Call[None, PageQuery]) -> Page[Any]:
        """Somebody's posts, the newest first."""
        found = await self._posts.page_by_author(
            call.caller.user.id, call.path["id"], page_key(call), call.query.limit
        )
        return page_of(found)

    async def feed(self, call: Call[None, PageQuery]) -> Page[Any]:
        """One's own posts and those of whom one follows, the newest first."""
        found = await self._feed.page(call.caller.user.id, page_key(call), call.query.limit)
        return page_of(found)
