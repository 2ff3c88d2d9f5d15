"""Who follows whom: those who share a topic mostly, and a few whom many follow. Never asks a server."""

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
    """Numbers of two people."""

    follower: int
    followed: int


class FollowGraph:
    """The follows of a town, and who sees whose posts; people know as many in a large town."""

    def __init__(self, users: Sequence[UserPlan], seed: int) -> None:
        chance = seeded_random(seed, "follows")
        denser = min(DENSITY_FACTOR_MAX, REFERENCE_USER_COUNT / len(users))
        found: dict[Follow, None] = {}
        for one in users:
            eager = LOGIN_USER_FACTOR if one.is_login_user else 1.0
            for other in users:
                if one is other:
                    continue
                follow = Follow(one.index, other.index)
                likely = min(
                    FOLLOW_PROBABILITY_MAX,
                    _follow_probability(one, other) * other.popularity * denser * eager,
                )
                if chance.random() < likely or (
                    Follow(follow.followed, follow.follower) in found
                    and chance.random() < FOLLOW_BACK_PROBABILITY
                ):
                    found[follow] = None
        known = sorted(users, key=lambda person: -person.popularity)[:FOLLOWED_MIN]
        following = Counter(follow.follower for follow in found)
        for one in users:
            if following[one.index] < FOLLOWED_MIN:
                found.update((Follow(one.index, other.index), None) for other in known if other is not one)
        self.follows = list(found)
        chance.shuffle(self.follows)
        self._followers: dict[int, list[int]] = {person.index: [] for person in users}
        for follow in found:
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
