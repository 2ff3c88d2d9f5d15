"""Posts, likes, comments and the home feed.

Content of users who have blocked the caller, or are blocked by the caller, is hidden. So are posts that are
only for followers of their author.
"""

from typing import Any

import msgspec

from actors.feed.home_feed import HomeFeed
from actors.posts.bodies import NewComment, NewPost
from actors.posts.posts import Posts
from actors.posts.reactions import Reactions
from actors.protocol.objects import UserCard
from actors.protocol.social_objects import Comment, Post, Suggestion
from actors.social.suggestions import Suggestions
from server.http.request_decoding import PageQuery
from server.http.response import Page
from server.http.route import Route, TypedRequest
from server.routes.page_cursors import decode_page_cursor, to_page

POST_NOT_FOUND = ("post.not_found",)


class FeedPage(Page[Post], frozen=True):
    """One page of the home feed.

    The first page of a user who follows no one has `follows_no_one`, and `suggestions` of users to follow.
    """

    follows_no_one: bool = False
    suggestions: list[Suggestion] = msgspec.field(default_factory=list)


class PostRoutes:
    def __init__(self, posts: Posts, reactions: Reactions, feed: HomeFeed, suggestions: Suggestions) -> None:
        self._posts = posts
        self._reactions = reactions
        self._feed = feed
        self._suggestions = suggestions

    def routes(self) -> tuple[Route, ...]:
        post = "/v1/posts/{id}"
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
            Route("GET", post, self.get, response=Post, errors=POST_NOT_FOUND),
            Route(
                "DELETE",
                post,
                self.delete,
                status=204,
                errors=("permission.denied", *POST_NOT_FOUND),
                while_silenced=True,
            ),
            Route("PUT", f"{post}/like", self.like, status=204, errors=POST_NOT_FOUND),
            Route(
                "DELETE", f"{post}/like", self.unlike, status=204, errors=POST_NOT_FOUND, while_silenced=True
            ),
            Route(
                "GET",
                f"{post}/likes",
                self.likes,
                query=PageQuery,
                response=Page[UserCard],
                errors=POST_NOT_FOUND,
            ),
            Route(
                "GET",
                f"{post}/comments",
                self.comments,
                query=PageQuery,
                response=Page[Comment],
                errors=POST_NOT_FOUND,
            ),
            Route(
                "POST",
                f"{post}/comments",
                self.comment,
                body=NewComment,
                response=Comment,
                status=201,
                idempotent=True,
                errors=("comment.not_found", *POST_NOT_FOUND),
            ),
            Route(
                "DELETE",
                "/v1/comments/{id}",
                self.delete_comment,
                status=204,
                while_silenced=True,
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
            Route(
                "GET",
                "/v1/tags/{tag}/posts",
                self.by_tag,
                query=PageQuery,
                response=Page[Post],
                errors=("request.invalid",),
            ),
            Route("GET", "/v1/feed", self.feed, query=PageQuery, response=FeedPage),
        )

    async def create(self, request: TypedRequest[NewPost, None]) -> Post:
        """Create a post, optionally about an event.

        With the visibility `followers`, and on a private account, only the author's followers can see it.
        """
        return await self._posts.create(request.caller.user.id, request.body, request.idempotency_key)

    async def get(self, request: TypedRequest[None, None]) -> Post:
        """Get a post.

        One that moderators have hidden has `hidden_at`, and exists for them and its author only.
        """
        return await self._posts.get(
            request.caller.user.id, request.path_params["id"], is_moderator=request.is_moderator
        )

    async def delete(self, request: TypedRequest[None, None]) -> None:
        """Delete a post, with its likes and comments.

        Only its author can.
        """
        await self._posts.delete(request.caller.user.id, request.path_params["id"])

    async def like(self, request: TypedRequest[None, None]) -> None:
        """Like a post.

        Idempotent.
        """
        await self._reactions.like(request.caller.user.id, request.path_params["id"])

    async def unlike(self, request: TypedRequest[None, None]) -> None:
        """Remove the caller's like from a post.

        Idempotent.
        """
        await self._reactions.unlike(request.caller.user.id, request.path_params["id"])

    async def likes(self, request: TypedRequest[None, PageQuery]) -> Page[Any]:
        """List the users who like a post, the latest first."""
        page = await self._reactions.page_likes(
            request.caller.user.id,
            request.path_params["id"],
            decode_page_cursor(request),
            request.query.limit,
        )
        return to_page(page)

    async def comments(self, request: TypedRequest[None, PageQuery]) -> Page[Any]:
        """List the comments of a post, the oldest first.

        Those that moderators have hidden have `hidden_at`, and are listed for them and their author only.
        """
        page = await self._reactions.page_comments(
            request.caller.user.id,
            request.path_params["id"],
            decode_page_cursor(request),
            request.query.limit,
            is_moderator=request.is_moderator,
        )
        return to_page(page)

    async def comment(self, request: TypedRequest[NewComment, None]) -> Comment:
        """Comment on a post, or reply to a comment on it.

        A reply to a reply becomes a reply to the comment that this one replies to.
        """
        body = request.body
        return await self._reactions.create_comment(
            request.caller.user.id,
            request.path_params["id"],
            body.content,
            body.parent_id,
            request.idempotency_key,
        )

    async def delete_comment(self, request: TypedRequest[None, None]) -> None:
        """Delete a comment, with its replies and likes.

        Its author and the author of the post can. A silenced user deletes own comments only.
        """
        await self._reactions.delete_comment(
            request.caller.user.id, request.path_params["id"], own_only=request.is_silenced
        )

    async def by_author(self, request: TypedRequest[None, PageQuery]) -> Page[Any]:
        """List the posts of a user that the caller can see, the newest first.

        Of a private account, others than its followers get an empty list.
        """
        page = await self._posts.page_by_author(
            request.caller.user.id,
            request.path_params["id"],
            decode_page_cursor(request),
            request.query.limit,
        )
        return to_page(page)

    async def by_tag(self, request: TypedRequest[None, PageQuery]) -> Page[Any]:
        """List the posts with a tag, the newest first.

        The tag is given without `#`, in any case. Posts that the caller cannot see are left out; a page may
        then have fewer than `limit` posts before the end of the list.
        """
        page = await self._posts.page_by_tag(
            request.caller.user.id,
            request.path_params["tag"],
            decode_page_cursor(request),
            request.query.limit,
        )
        return to_page(page)

    async def feed(self, request: TypedRequest[None, PageQuery]) -> FeedPage:
        """List posts of the caller, of the users they follow and with the tags they follow, the newest first.

        The first page of a caller who follows no one says so, and suggests users to follow.
        """
        caller_id, before = request.caller.user.id, decode_page_cursor(request)
        if before is not None:
            page = to_page(await self._feed.page(caller_id, before, request.query.limit))
            return FeedPage(page.items, page.next_cursor)
        first = await self._feed.first_page(caller_id, request.query.limit)
        page = to_page(first.page)
        suggestions = await self._suggestions.find(caller_id) if first.follows_no_one else []
        return FeedPage(page.items, page.next_cursor, first.follows_no_one, suggestions)
