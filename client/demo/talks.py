"""Conversations, thought up: pairs and groups, who says what, who has read it. Never asks a server."""

from collections.abc import Collection, Iterator, Sequence
from functools import partial
from itertools import combinations
from typing import Final

import msgspec

from client.demo.chance import Deck, chance_of, some_of
from client.demo.follows import Ties
from client.demo.people import Person
from client.demo.phrases import Phrases
from client.demo.script import Line, performed, voices
from client.demo.topic import Library, Topic

PAIRS_EACH: Final = 4
PAIRS_LEAST: Final = 8
PEOPLE_PER_PAIR: Final = 4.8
GROUP_LEAST: Final = 3
GROUP_MOST: Final = 18
READ_SHARE: Final = 0.65
REGULARS_READ_SHARE: Final = 0.3


class Talk(msgspec.Struct, frozen=True):
    """`members` begin with the one who opens it; a talk without a name is between two."""

    members: tuple[int, ...]
    name: str | None
    lines: tuple[Line, ...]
    readers: tuple[int, ...]


class Scene(msgspec.Struct, frozen=True):
    """A dialog, and the topic that both should care about."""

    topic: Topic
    lines: str


class Playwright:
    def __init__(self, people: Sequence[Person], ties: Ties, library: Library, seed: int) -> None:
        self._people = people
        self._ties = ties
        self._library = library
        self._chance = chance_of(seed, "talks")

    def directs(self) -> list[Talk]:
        """Talks between two who know each other; no dialog comes again before all were had."""
        everything = (self._library.town, *self._library.circles)
        town = self._library.town.name
        scenes = Deck(
            [Scene(topic, one.lines) for topic in everything for one in topic.dialogs], self._chance
        )
        found = []
        for one, other in self._pairs():
            shared = {town, *one.topics} & {town, *other.topics}
            scene = scenes.draw(partial(_about, shared))
            friend = self._chance.choice([person for person in self._people if person not in (one, other)])
            filling = Phrases(scene.topic, self._chance).filling(friend=friend.first_name)
            found.append(self._talk((one, other), None, performed(scene.lines, (one, other), filling)))
        return found

    def groups(self) -> list[Talk]:
        """One for each circle that has enough people."""
        found = []
        for topic in self._library.circles:
            group = topic.group
            caring = [person for person in self._people if topic.name in person.topics]
            if group is None or len(caring) < GROUP_LEAST:
                continue
            caring.sort(key=lambda person: person.topics[0] != topic.name)
            regulars = [person for person in caring if person.regular]
            others = [person for person in caring[:GROUP_MOST] if not person.regular]
            speakers = (some_of(others, voices(group.lines), self._chance) + regulars)[-voices(group.lines) :]
            members = [*speakers, *(person for person in others if person not in speakers)]
            lines = performed(group.lines, speakers, Phrases(topic, self._chance).filling())
            found.append(self._talk(members, group.name, lines))
        return found

    def _talk(self, members: Sequence[Person], name: str | None, lines: tuple[Line, ...]) -> Talk:
        """Those whom one logs in as have something left to read."""
        readers = [
            one.number
            for one in members
            if self._chance.random() < (REGULARS_READ_SHARE if one.regular else READ_SHARE)
        ]
        return Talk(tuple(one.number for one in members), name, lines, tuple(readers))

    def _pairs(self) -> Iterator[tuple[Person, Person]]:
        """Those whom one logs in as among themselves and with some others, then whoever follows whom."""
        count = max(PAIRS_LEAST, round((len(self._people) + 1) / PEOPLE_PER_PAIR))
        regulars = [person for person in self._people if person.regular]
        wished = list(combinations(regulars, 2))
        for regular in regulars:
            wished += [(self._people[one], regular) for one in self._friends(regular)[:PAIRS_EACH]]
        for person in some_of(self._people, len(self._people), self._chance):
            wished += [(person, self._people[one]) for one in self._friends(person)[:1]]
        known: set[frozenset[int]] = set()
        for one, other in wished:
            pair = frozenset((one.number, other.number))
            if len(known) < count and pair not in known:
                known.add(pair)
                yield (one, other)

    def _friends(self, person: Person) -> list[int]:
        """Followers in any order, those who are followed back first."""
        followers = some_of(self._ties.followers(person.number), len(self._people), self._chance)
        followers.sort(key=lambda one: person.number not in self._ties.followers(one))
        return followers


def _about(topics: Collection[str], scene: Scene) -> bool:
    return scene.topic.name in topics
