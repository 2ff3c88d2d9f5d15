"""Creates follows, posts, likes and comments; existing ones are reused."""

from collections.abc import Sequence

import msgspec

from actors.protocol.social_objects import Comment, Post
from client.http_requests import NewComment, NewPost
from client.http_responses import Page
from client.retrying_http import HttpRequest, RetryingHttpClient
from examples.demo.idempotency_keys import IdempotencyKeys
from examples.demo.plan_follows import Follow
from examples.demo.plan_posts import PostPlan
from examples.demo.register_users import DemoUser


class CreatedPost(msgspec.Struct, frozen=True):
    """A post on the server; None if it was deleted."""

    plan: PostPlan
    id: str | None
    already_existed: bool = False


class Like(msgspec.Struct, frozen=True):
    user_index: int
    post_id: str


class PostCreator:
    """`users` are indexed like the plan's users."""

    def __init__(self, http: RetryingHttpClient, keys: IdempotencyKeys, users: Sequence[DemoUser]) -> None:
        self._http = http
        self._keys = keys
        self._users = users
        self._existing_posts: dict[str, dict[str, str]] = {}

    async def follow(self, follow: Follow) -> bool:
        path = f"/v1/users/{self._users[follow.followed].id}/follow"
        return await self._http.execute(HttpRequest("PUT", path, self._users[follow.follower].token))

    async def load_existing_posts(self, user: DemoUser) -> None:
        """Read the posts of a user who existed before this run."""
        post_ids = self._existing_posts.setdefault(user.id, {})
        cursor: str | None = ""
        while cursor is not None:
            query = (("limit", "100"), *((("cursor", cursor),) if cursor else ()))
            path = f"/v1/users/{user.id}/posts"
            page = await self._http.request(Page[Post], HttpRequest("GET", path, user.token, query=query))
            post_ids.update((post.content, post.id) for post in page.items)
            cursor = page.next_cursor

    async def ensure_post(self, plan: PostPlan, event_id: str | None) -> CreatedPost:
        author = self._users[plan.author]
        existing_id = self._existing_posts.get(author.id, {}).get(plan.content)
        if existing_id is not None:
            return CreatedPost(plan, existing_id, already_existed=True)
        key = self._keys.make_key("post", author.plan.username, plan.content, event_id)
        request = HttpRequest(
            "POST", "/v1/posts", author.token, NewPost(plan.content, event_id, plan.visibility), key
        )
        post = await self._http.request_if_allowed(Post, request)
        return CreatedPost(plan, None if post is None else post.id)

    async def like(self, like: Like) -> bool:
        path = f"/v1/posts/{like.post_id}/like"
        return await self._http.execute(HttpRequest("PUT", path, self._users[like.user_index].token))

    async def ensure_comments(self, post: CreatedPost) -> int:
        """Create the comments of a post in order; return how many exist. Authors like what they reply to."""
        if post.id is None:
            return 0
        path = f"/v1/posts/{post.id}/comments"
        existing = (
            await self._existing_comments(path, self._users[post.plan.author]) if post.already_existed else {}
        )
        ids: list[str | None] = []
        for number, plan in enumerate(post.plan.comments):
            author = self._users[plan.author]
            parent_id = None if plan.reply_to is None else ids[plan.reply_to]
            comment_id = existing.get((author.id, plan.content))
            if comment_id is None:
                key = self._keys.make_key("comment", post.id, number, plan.content, parent_id)
                body = NewComment(plan.content, parent_id)
                request = HttpRequest("POST", path, author.token, body, key)
                created = await self._http.request_if_allowed(Comment, request)
                comment_id = None if created is None else created.id
            if parent_id is not None:
                like = HttpRequest("PUT", f"/v1/comments/{parent_id}/like", author.token)
                await self._http.execute(like)
            ids.append(comment_id)
        return sum(comment_id is not None for comment_id in ids)

    async def _existing_comments(self, path: str, reader: DemoUser) -> dict[tuple[str, str], str]:
        request = HttpRequest("GET", path, reader.token, query=(("limit", "100"),))
        page = await self._http.request_if_allowed(Page[Comment], request)
        return {(comment.author.id, comment.content): comment.id for comment in page.items} if page else {}
