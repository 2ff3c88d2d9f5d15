"""Posts are made, liked and commented on; what is there already is left alone."""

from collections.abc import Sequence

import msgspec

from actors.protocol.social_objects import Comment, Post
from client.http_responses import Page
from client.retrying_http import HttpRequest, RetryingHttpClient
from examples.demo.idempotency_keys import IdempotencyKeys
from examples.demo.plan_follows import Follow
from examples.demo.plan_posts import PostPlan
from examples.demo.register_users import DemoUser


class NewPost(msgspec.Struct, frozen=True):
    content: str
    event_id: str | None = None


class NewComment(msgspec.Struct, frozen=True):
    content: str


class CreatedPost(msgspec.Struct, frozen=True):
    """A post as the server has it; None where it was taken back since."""

    plan: PostPlan
    id: str | None
    already_existed: bool = False


class Like(msgspec.Struct, frozen=True):
    user_index: int
    post_id: str


class PostCreator:
    """`residents` stand at the numbers of their people."""

    def __init__(self, http: RetryingHttpClient, keys: IdempotencyKeys, users: Sequence[DemoUser]) -> None:
        self._http = http
        self._keys = keys
        self._users = users
        self._existing_posts: dict[str, dict[str, str]] = {}

    async def follow(self, follow: Follow) -> bool:
        path = f"/v1/users/{self._users[follow.followed].id}/follow"
        return await self._http.execute(HttpRequest("PUT", path, self._users[follow.follower].token))

    async def load_existing_posts(self, user: DemoUser) -> None:
        """Read what somebody who returned has posted before."""
        found = self._existing_posts.setdefault(user.id, {})
        cursor: str | None = ""
        while cursor is not None:
            query = (("limit", "100"), *((("cursor", cursor),) if cursor else ()))
            path = f"/v1/users/{user.id}/posts"
            page = await self._http.request(Page[Post], HttpRequest("GET", path, user.token, query=query))
            found.update((post.content, post.id) for post in page.items)
            cursor = page.next_cursor

    async def ensure_post(self, plan: PostPlan, event_id: str | None) -> CreatedPost:
        author = self._users[plan.author]
        standing = self._existing_posts.get(author.id, {}).get(plan.content)
        if standing is not None:
            return CreatedPost(plan, standing, already_existed=True)
        key = self._keys.make_key("post", author.plan.username, plan.content, event_id)
        request = HttpRequest("POST", "/v1/posts", author.token, NewPost(plan.content, event_id), key)
        post = await self._http.request_if_allowed(Post, request)
        return CreatedPost(plan, None if post is None else post.id)

    async def like(self, like: Like) -> bool:
        path = f"/v1/posts/{like.post_id}/like"
        return await self._http.execute(HttpRequest("PUT", path, self._users[like.user_index].token))

    async def ensure_comments(self, post: CreatedPost) -> int:
        """Say what is said to a post, one after another; answers how many comments there are of these."""
        if post.id is None:
            return 0
        path = f"/v1/posts/{post.id}/comments"
        known = (
            await self._existing_comments(path, self._users[post.plan.author])
            if post.already_existed
            else frozenset()
        )
        said = 0
        for number, remark in enumerate(post.plan.comments):
            author = self._users[remark.author]
            if (author.id, remark.content) not in known:
                key = self._keys.make_key("comment", post.id, number, remark.content)
                request = HttpRequest("POST", path, author.token, NewComment(remark.content), key)
                said += await self._http.request_if_allowed(Comment, request) is not None
            else:
                said += 1
        return said

    async def _existing_comments(self, path: str, reader: DemoUser) -> frozenset[tuple[str, str]]:
        request = HttpRequest("GET", path, reader.token, query=(("limit", "100"),))
        page = await self._http.request_if_allowed(Page[Comment], request)
        return frozenset((one.author.id, one.content) for one in page.items) if page else frozenset()
