"""Lets the login users mute another user, so that their lists are not empty."""

from collections.abc import Collection, Sequence
from typing import Final

import msgspec

from client.http_requests import NewMute
from client.retrying_http import HttpRequest, RetryingHttpClient
from examples.demo.plan_follows import Follow
from examples.demo.plan_users import UserPlan
from examples.demo.register_users import DemoUser

FOLLOWED_MIN: Final = 2
"""Followed users from which a login user mutes one."""


class MutePlan(msgspec.Struct, frozen=True):
    """Indexes of two users."""

    muter: int
    muted: int


def plan_mutes(users: Sequence[UserPlan], follows: Collection[Follow]) -> list[MutePlan]:
    """Plan that each login user mutes the notifications of the least popular followed user."""
    plans = []
    for muter in (user.index for user in users if user.is_login_user):
        followed = [users[follow.followed] for follow in follows if follow.follower == muter]
        if len(followed) >= FOLLOWED_MIN:
            muted = min(followed, key=lambda user: (user.popularity, user.index))
            plans.append(MutePlan(muter, muted.index))
    return plans


class MuteCreator:
    """`users` are indexed like the plan's users."""

    def __init__(self, http: RetryingHttpClient, users: Sequence[DemoUser]) -> None:
        self._http = http
        self._users = users

    async def mute(self, plan: MutePlan) -> bool:
        """Mute the notifications of a user. Returns False if the user was deleted."""
        path = f"/v1/users/{self._users[plan.muted].id}/mute"
        body = NewMute(posts=False)
        return await self._http.execute(HttpRequest("PUT", path, self._users[plan.muter].token, body))
