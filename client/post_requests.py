"""Requests about posts: comments, reposts, followed tags and the public timeline."""

from collections.abc import Mapping
from typing import Protocol, TypeVar
from urllib.parse import quote

from actors.protocol.objects import UserCard
from actors.protocol.social_objects import Comment, Post, PostVisibility, Tag
from client.http_responses import Page

Response = TypeVar("Response")


class SendRequest(Protocol):
    """Sends one request and decodes the response. Errors as in `client.http_client`."""

    async def __call__(
        self,
        response_type: type[Response] | None,
        method: str,
        path: str,
        *,
        query: Mapping[str, str | int | None] | None = None,
        body: Mapping[str, object] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Response: ...


class PostRequests:
    """Methods of `HttpClient.posts`. Those that create something take an idempotency key."""

    def __init__(self, send: SendRequest) -> None:
        self._send = send

    async def comment(
        self, post_id: str, content: str, parent_id: str | None = None, idempotency_key: str | None = None
    ) -> Comment:
        """Comment on a post, or reply to a comment on it."""
        body = {"content": content, "parent_id": parent_id}
        headers = _key_header(idempotency_key)
        return await self._send(Comment, "POST", _post_path(post_id, "comments"), body=body, headers=headers)

    async def comments(self, post_id: str, cursor: str | None = None, limit: int = 100) -> Page[Comment]:
        """Return a page of the comments and replies, the oldest first."""
        query = {"cursor": cursor, "limit": limit}
        return await self._send(Page[Comment], "GET", _post_path(post_id, "comments"), query=query)

    async def like_comment(self, comment_id: str) -> None:
        await self._send(None, "PUT", f"/v1/comments/{quote(comment_id, safe='')}/like")

    async def unlike_comment(self, comment_id: str) -> None:
        await self._send(None, "DELETE", f"/v1/comments/{quote(comment_id, safe='')}/like")

    async def comment_likes(
        self, comment_id: str, cursor: str | None = None, limit: int = 100
    ) -> Page[UserCard]:
        """Return a page of the users who like a comment, the latest first."""
        query = {"cursor": cursor, "limit": limit}
        path = f"/v1/comments/{quote(comment_id, safe='')}/likes"
        return await self._send(Page[UserCard], "GET", path, query=query)

    async def repost(
        self,
        post_id: str,
        content: str | None = None,
        idempotency_key: str | None = None,
        visibility: PostVisibility = PostVisibility.PUBLIC,
    ) -> Post:
        """Repost a post, or quote it with a text, which may be for followers only. Returns the repost."""
        body = {} if content is None else {"content": content, "visibility": visibility.value}
        headers = _key_header(idempotency_key)
        return await self._send(Post, "POST", _post_path(post_id, "repost"), body=body, headers=headers)

    async def remove_repost(self, post_id: str) -> None:
        """Delete this user's repost of a post. Quotes stay."""
        await self._send(None, "DELETE", _post_path(post_id, "repost"))

    async def tag(self, tag: str) -> Tag:
        """Return a tag, given without `#`, and whether this user follows it."""
        return await self._send(Tag, "GET", _tag_path(tag))

    async def follow_tag(self, tag: str) -> None:
        """Show posts with a tag in the home feed."""
        await self._send(None, "PUT", f"{_tag_path(tag)}/follow")

    async def unfollow_tag(self, tag: str) -> None:
        await self._send(None, "DELETE", f"{_tag_path(tag)}/follow")

    async def followed_tags(self, cursor: str | None = None, limit: int = 100) -> Page[Tag]:
        """Return a page of the tags that this user follows, the latest first."""
        query = {"cursor": cursor, "limit": limit}
        return await self._send(Page[Tag], "GET", "/v1/users/me/followed-tags", query=query)

    async def public_timeline(self, cursor: str | None = None, limit: int = 20) -> Page[Post]:
        """Return a page of the posts of everyone, the newest first."""
        query = {"cursor": cursor, "limit": limit}
        return await self._send(Page[Post], "GET", "/v1/timeline/public", query=query)


def _key_header(idempotency_key: str | None) -> dict[str, str]:
    return {} if idempotency_key is None else {"Idempotency-Key": idempotency_key}


def _post_path(post_id: str, segment: str) -> str:
    return f"/v1/posts/{quote(post_id, safe='')}/{segment}"


def _tag_path(tag: str) -> str:
    return f"/v1/tags/{quote(tag, safe='')}"
