"""Requests about posts: posts, comments, reposts, bookmarks, tags and timelines."""

from actors.protocol.objects import UserCard
from actors.protocol.social_objects import Comment, Post, PostRevision, PostVisibility, Tag
from client.http_responses import FeedPage, Page
from client.http_transport import HttpTransport, key_header, resource_path


class PostRequests:
    """Methods of `HttpClient.posts`. Those that create something take an idempotency key."""

    def __init__(self, http: HttpTransport) -> None:
        self._http = http

    async def create(
        self,
        content: str,
        event_id: str | None = None,
        idempotency_key: str | None = None,
        visibility: PostVisibility = PostVisibility.PUBLIC,
    ) -> Post:
        """Create a post, which may be about an event, and may be for followers only."""
        body = {"content": content, "event_id": event_id, "visibility": visibility.value}
        return await self._http.request(
            Post, "POST", "/v1/posts", body=body, headers=key_header(idempotency_key)
        )

    async def get(self, post_id: str) -> Post:
        return await self._http.request(Post, "GET", _post_path(post_id))

    async def edit(self, post_id: str, content: str) -> Post:
        """Replace the text of a post, within 15 minutes after it was created."""
        return await self._http.request(Post, "PATCH", _post_path(post_id), body={"content": content})

    async def history(self, post_id: str, cursor: str | None = None, limit: int = 100) -> Page[PostRevision]:
        """Return a page of the former texts of a post, the newest first."""
        query = {"cursor": cursor, "limit": limit}
        return await self._http.request(
            Page[PostRevision], "GET", _post_path(post_id, "history"), query=query
        )

    async def delete(self, post_id: str) -> None:
        await self._http.request(None, "DELETE", _post_path(post_id))

    async def like(self, post_id: str) -> None:
        await self._http.request(None, "PUT", _post_path(post_id, "like"))

    async def unlike(self, post_id: str) -> None:
        await self._http.request(None, "DELETE", _post_path(post_id, "like"))

    async def likes(self, post_id: str, cursor: str | None = None, limit: int = 100) -> Page[UserCard]:
        """Return a page of the users who like a post, the latest first."""
        query = {"cursor": cursor, "limit": limit}
        return await self._http.request(Page[UserCard], "GET", _post_path(post_id, "likes"), query=query)

    async def bookmark(self, post_id: str) -> None:
        """Bookmark a post. No other user sees it."""
        await self._http.request(None, "PUT", _post_path(post_id, "bookmark"))

    async def remove_bookmark(self, post_id: str) -> None:
        await self._http.request(None, "DELETE", _post_path(post_id, "bookmark"))

    async def bookmarks(self, cursor: str | None = None, limit: int = 20) -> Page[Post]:
        """Return a page of the posts that this user has bookmarked, the latest bookmark first."""
        return await self._http.request(
            Page[Post], "GET", "/v1/bookmarks", query={"cursor": cursor, "limit": limit}
        )

    async def comment(
        self, post_id: str, content: str, parent_id: str | None = None, idempotency_key: str | None = None
    ) -> Comment:
        """Comment on a post, or reply to a comment on it."""
        body = {"content": content, "parent_id": parent_id}
        headers = key_header(idempotency_key)
        return await self._http.request(
            Comment, "POST", _post_path(post_id, "comments"), body=body, headers=headers
        )

    async def comments(self, post_id: str, cursor: str | None = None, limit: int = 100) -> Page[Comment]:
        """Return a page of the comments and replies, the oldest first."""
        query = {"cursor": cursor, "limit": limit}
        return await self._http.request(Page[Comment], "GET", _post_path(post_id, "comments"), query=query)

    async def delete_comment(self, comment_id: str) -> None:
        """Delete a comment, with its replies."""
        await self._http.request(None, "DELETE", resource_path("/v1/comments", comment_id))

    async def like_comment(self, comment_id: str) -> None:
        await self._http.request(None, "PUT", resource_path("/v1/comments", comment_id, "like"))

    async def unlike_comment(self, comment_id: str) -> None:
        await self._http.request(None, "DELETE", resource_path("/v1/comments", comment_id, "like"))

    async def comment_likes(
        self, comment_id: str, cursor: str | None = None, limit: int = 100
    ) -> Page[UserCard]:
        """Return a page of the users who like a comment, the latest first."""
        query = {"cursor": cursor, "limit": limit}
        path = resource_path("/v1/comments", comment_id, "likes")
        return await self._http.request(Page[UserCard], "GET", path, query=query)

    async def repost(
        self,
        post_id: str,
        content: str | None = None,
        idempotency_key: str | None = None,
        visibility: PostVisibility = PostVisibility.PUBLIC,
    ) -> Post:
        """Repost a post, or quote it with a text, which may be for followers only. Returns the repost."""
        body = {} if content is None else {"content": content, "visibility": visibility.value}
        headers = key_header(idempotency_key)
        return await self._http.request(
            Post, "POST", _post_path(post_id, "repost"), body=body, headers=headers
        )

    async def remove_repost(self, post_id: str) -> None:
        """Delete this user's repost of a post. Quotes stay."""
        await self._http.request(None, "DELETE", _post_path(post_id, "repost"))

    async def tag(self, tag: str) -> Tag:
        """Return a tag, given without `#`, and whether this user follows it."""
        return await self._http.request(Tag, "GET", _tag_path(tag))

    async def follow_tag(self, tag: str) -> None:
        """Show posts with a tag in the home feed."""
        await self._http.request(None, "PUT", _tag_path(tag, "follow"))

    async def unfollow_tag(self, tag: str) -> None:
        await self._http.request(None, "DELETE", _tag_path(tag, "follow"))

    async def followed_tags(self, cursor: str | None = None, limit: int = 100) -> Page[Tag]:
        """Return a page of the tags that this user follows, the latest first."""
        query = {"cursor": cursor, "limit": limit}
        return await self._http.request(Page[Tag], "GET", "/v1/users/me/followed-tags", query=query)

    async def by_tag(self, tag: str, cursor: str | None = None, limit: int = 20) -> Page[Post]:
        """Return a page of the posts with a tag, the newest first."""
        query = {"cursor": cursor, "limit": limit}
        return await self._http.request(Page[Post], "GET", _tag_path(tag, "posts"), query=query)

    async def by_author(self, user_id: str, cursor: str | None = None, limit: int = 20) -> Page[Post]:
        """Return a page of the posts of a user, the newest first."""
        query = {"cursor": cursor, "limit": limit}
        path = resource_path("/v1/users", user_id, "posts")
        return await self._http.request(Page[Post], "GET", path, query=query)

    async def atom_feed(self, user_id: str) -> str:
        """Return the public posts of a user as an Atom feed. Needs no token."""
        return await self._http.request(str, "GET", resource_path("/v1/users", user_id, "posts.atom"))

    async def feed(self, cursor: str | None = None, limit: int = 20) -> FeedPage:
        """Return a page of the home feed, the newest first."""
        return await self._http.request(FeedPage, "GET", "/v1/feed", query={"cursor": cursor, "limit": limit})

    async def public_timeline(self, cursor: str | None = None, limit: int = 20) -> Page[Post]:
        """Return a page of the public posts of all users, the newest first."""
        query = {"cursor": cursor, "limit": limit}
        return await self._http.request(Page[Post], "GET", "/v1/timeline/public", query=query)


def _post_path(post_id: str, *segments: str) -> str:
    return resource_path("/v1/posts", post_id, *segments)


def _tag_path(tag: str, *segments: str) -> str:
    return resource_path("/v1/tags", tag, *segments)
