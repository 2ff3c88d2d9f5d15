"""Plans follows: mostly between users who share a topic, and of a few popular users."""

from collections import Counter
from collections.abc import Sequence
from typing import Final

import msgspec

from examples.demo.plan_users import UserPlan
from examples.demo.seeded_random import seeded_random

SAME_MAIN_TOPIC_PROBABILITY: Final = 0.22
SHARED_TOPIC_PROBABILITY: Final = 0.09
NO_SHARED_TOPIC_PROBABILITY: Final = 0.008
FOLLOW_PROBABILITY_MAX: Final = 0.85
REFERENCE_USER_COUNT: Final = 120
DENSITY_FACTOR_MAX: Final = 3.0
LOGIN_USER_FACTOR: Final = 2.2
FOLLOW_BACK_PROBABILITY: Final = 0.35
FOLLOWED_MIN: Final = 3


class Follow(msgspec.Struct, frozen=True):
    """Indexes of two users."""

    follower: int
    followed: int


class FollowGraph:
    """The planned follows. The number of follows per user does not grow with the number of users."""

    def __init__(self, users: Sequence[UserPlan], seed: int) -> None:
        rng = seeded_random(seed, "follows")
        density = min(DENSITY_FACTOR_MAX, REFERENCE_USER_COUNT / len(users))
        follows: dict[Follow, None] = {}
        for follower in users:
            activity = LOGIN_USER_FACTOR if follower.is_login_user else 1.0
            for followed in users:
                if follower is followed:
                    continue
                follow = Follow(follower.index, followed.index)
                probability = min(
                    FOLLOW_PROBABILITY_MAX,
                    _follow_probability(follower, followed) * followed.popularity * density * activity,
                )
                if rng.random() < probability or (
                    Follow(follow.followed, follow.follower) in follows
                    and rng.random() < FOLLOW_BACK_PROBABILITY
                ):
                    follows[follow] = None
        popular = sorted(users, key=lambda user: -user.popularity)[:FOLLOWED_MIN]
        following = Counter(follow.follower for follow in follows)
        for follower in users:
            if following[follower.index] < FOLLOWED_MIN:
                follows.update(
                    (Follow(follower.index, followed.index), None)
                    for followed in popular
                    if followed is not follower
                )
        self.follows = list(follows)
        rng.shuffle(self.follows)
        self._followers: dict[int, list[int]] = {user.index: [] for user in users}
        for follow in follows:
            self._followers[follow.followed].append(follow.follower)

    def followers(self, index: int) -> Sequence[int]:
        return self._followers[index]


def _follow_probability(follower: UserPlan, followed: UserPlan) -> float:
    if follower.topics[0] == followed.topics[0]:
        return SAME_MAIN_TOPIC_PROBABILITY
    return (
        SHARED_TOPIC_PROBABILITY
        if set(follower.topics) & set(followed.topics)
        else NO_SHARED_TOPIC_PROBABILITY
    )
