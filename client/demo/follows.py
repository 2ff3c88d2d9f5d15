"""Who follows whom: those who share a topic mostly, and a few whom many follow. Never asks a server."""

from collections import Counter
from collections.abc import Sequence
from typing import Final

import msgspec

from client.demo.chance import chance_of
from client.demo.people import Person

DEAREST_SHARED: Final = 0.22
SHARED: Final = 0.09
STRANGERS: Final = 0.008
LIKELIEST: Final = 0.85
USUAL_PEOPLE: Final = 120
DENSEST: Final = 3.0
REGULARS_FOLLOW: Final = 2.2
BACK: Final = 0.35
FEWEST: Final = 3


class Follow(msgspec.Struct, frozen=True):
    """Numbers of two people."""

    who: int
    whom: int


class Ties:
    """The follows of a town, and who sees whose posts; people know as many in a large town."""

    def __init__(self, people: Sequence[Person], seed: int) -> None:
        chance = chance_of(seed, "follows")
        denser = min(DENSEST, USUAL_PEOPLE / len(people))
        found: dict[Follow, None] = {}
        for one in people:
            eager = REGULARS_FOLLOW if one.regular else 1.0
            for other in people:
                if one is other:
                    continue
                follow = Follow(one.number, other.number)
                likely = min(LIKELIEST, _likelihood(one, other) * other.renown * denser * eager)
                if chance.random() < likely or (
                    Follow(follow.whom, follow.who) in found and chance.random() < BACK
                ):
                    found[follow] = None
        known = sorted(people, key=lambda person: -person.renown)[:FEWEST]
        following = Counter(follow.who for follow in found)
        for one in people:
            if following[one.number] < FEWEST:
                found.update((Follow(one.number, other.number), None) for other in known if other is not one)
        self.follows = list(found)
        chance.shuffle(self.follows)
        self._followers: dict[int, list[int]] = {person.number: [] for person in people}
        for follow in found:
            self._followers[follow.whom].append(follow.who)

    def followers(self, number: int) -> Sequence[int]:
        return self._followers[number]


def _likelihood(one: Person, other: Person) -> float:
    if one.topics[0] == other.topics[0]:
        return DEAREST_SHARED
    return SHARED if set(one.topics) & set(other.topics) else STRANGERS
