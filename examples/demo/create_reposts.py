"""Lets the login users repost, quote and follow tags; existing ones are reused."""

from collections.abc import Sequence
from typing import Final

import msgspec

from actors.protocol.social_objects import Post
from client.http_requests import NewRepost
from client.retrying_http import HttpRequest, RetryingHttpClient
from examples.demo.create_posts import CreatedPost
from examples.demo.idempotency_keys import IdempotencyKeys
from examples.demo.plan_users import UserPlan
from examples.demo.register_users import DemoUser

QUOTE: Final = "Worth a look:"


class RepostPlan(msgspec.Struct, frozen=True):
    """`user` is an index; `content` is the text of a quote."""

    user: int
    post_id: str
    content: str | None = None


class TagFollow(msgspec.Struct, frozen=True):
    user: int
    tag: str


def plan_reposts(users: Sequence[UserPlan], posts: Sequence[CreatedPost]) -> list[RepostPlan]:
    """Plan that each login user reposts the most liked post that they like, and quotes the second one.

    A quote that exists already is not planned again.
    """
    plans = []
    for user in (user.index for user in users if user.is_login_user):
        liked = [post for post in posts if post.id is not None and user in post.plan.likers]
        liked.sort(key=lambda post: len(post.plan.likers), reverse=True)
        for post, content in zip(liked, (None, QUOTE), strict=False):
            plans.append(RepostPlan(user, post.id or "", content))
    return plans


def plan_tag_follows(users: Sequence[UserPlan]) -> list[TagFollow]:
    """Plan that each login user follows the tags of their topics."""
    return [TagFollow(user.index, topic) for user in users if user.is_login_user for topic in user.topics]


class RepostCreator:
    """`users` are indexed like the plan's users."""

    def __init__(self, http: RetryingHttpClient, keys: IdempotencyKeys, users: Sequence[DemoUser]) -> None:
        self._http = http
        self._keys = keys
        self._users = users

    async def ensure_repost(self, plan: RepostPlan) -> bool:
        """Repost or quote a post. Returns False if it was deleted."""
        user = self._users[plan.user]
        if plan.content is not None and user.already_existed:
            # The idempotency key of the first run may have expired, and quotes can repeat.
            return True
        key = self._keys.make_key("repost", user.plan.username, plan.post_id, plan.content)
        body = NewRepost() if plan.content is None else NewRepost(plan.content)
        request = HttpRequest("POST", f"/v1/posts/{plan.post_id}/repost", user.token, body, key)
        return await self._http.request_if_allowed(Post, request) is not None

    async def follow_tag(self, plan: TagFollow) -> bool:
        path = f"/v1/tags/{plan.tag}/follow"
        return await self._http.execute(HttpRequest("PUT", path, self._users[plan.user].token))
