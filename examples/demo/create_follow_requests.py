"""Makes the account of one login user private, and lets users who do not follow it ask to."""

from collections.abc import Collection, Sequence
from typing import Final

import msgspec

from actors.protocol.objects import OwnUser
from client.http_requests import PrivacyOfAccount
from client.retrying_http import HttpRequest, RetryingHttpClient
from examples.demo.plan_follows import Follow
from examples.demo.plan_users import UserPlan
from examples.demo.register_users import DemoUser

REQUESTERS: Final = 3


class FollowRequestPlan(msgspec.Struct, frozen=True):
    """Indexes of two users; the account of `requested` is private."""

    requester: int
    requested: int


def plan_follow_requests(users: Sequence[UserPlan], follows: Collection[Follow]) -> list[FollowRequestPlan]:
    """Plan requests to the last login user by others who do not follow that user."""
    requested = [user.index for user in users if user.is_login_user][-1]
    followers = {follow.follower for follow in follows if follow.followed == requested} | {requested}
    requesters = [user.index for user in users if user.index not in followers and not user.is_login_user]
    return [FollowRequestPlan(requester, requested) for requester in requesters[:REQUESTERS]]


class FollowRequestCreator:
    """`users` are indexed like the plan's users."""

    def __init__(self, http: RetryingHttpClient, users: Sequence[DemoUser]) -> None:
        self._http = http
        self._users = users

    async def ensure_request(self, plan: FollowRequestPlan) -> bool:
        """Make the account private and ask to follow it. Returns False if a block prevents it."""
        requested, requester = self._users[plan.requested], self._users[plan.requester]
        await self._http.request(
            OwnUser, HttpRequest("PATCH", "/v1/users/me", requested.token, PrivacyOfAccount(private=True))
        )
        path = f"/v1/users/{requested.id}/follow"
        return await self._http.execute(HttpRequest("PUT", path, requester.token))
