"""Reports two posts to the moderators, so that their queue is not empty."""

from collections.abc import Sequence
from typing import Final

import msgspec

from actors.protocol.social_objects import PostVisibility
from client.http_requests import NewReport
from client.retrying_http import HttpRequest, RetryingHttpClient
from examples.demo.create_posts import CreatedPost
from examples.demo.plan_users import UserPlan
from examples.demo.register_users import DemoUser

REASONS: Final = ("This is an advertisement.", "I think this is about me, and it is not kind.")


class ReportPlan(msgspec.Struct, frozen=True):
    """The index of the user who reports a post."""

    reporter: int
    post_id: str
    reason: str


def plan_reports(users: Sequence[UserPlan], posts: Sequence[CreatedPost]) -> list[ReportPlan]:
    """Plan reports of the first posts of others by two users who are no login users."""
    plans = []
    ordinary = {user.index for user in users if not user.is_login_user}
    reportable = (
        post
        for post in posts
        if post.plan.author in ordinary and post.plan.visibility is PostVisibility.PUBLIC
    )
    for post, reason in zip(reportable, REASONS, strict=False):
        if post.id is not None:
            plans.append(ReportPlan(min(ordinary - {post.plan.author}), post.id, reason))
    return plans


class ReportCreator:
    """`users` are indexed like the plan's users."""

    def __init__(self, http: RetryingHttpClient, users: Sequence[DemoUser]) -> None:
        self._http = http
        self._users = users

    async def ensure_report(self, plan: ReportPlan) -> bool:
        """Report a post. Repeating it has no effect. Returns False if the post was deleted."""
        body = NewReport("post", plan.post_id, plan.reason)
        return await self._http.execute(
            HttpRequest("POST", "/v1/reports", self._users[plan.reporter].token, body)
        )
