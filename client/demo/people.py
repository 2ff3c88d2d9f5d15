"""The people of the town, as they are thought up: names, what they do, what they care about, how they write.

Somebody is the same person in a town of any size. Never asks a server.
"""

from enum import StrEnum
from typing import Final

import msgspec

from client.demo.chance import Deck, chance_of
from client.demo.names import Register, read_names
from client.demo.topic import Library

FEWEST: Final = 12
MOST: Final = 1000
SILENT_BIO_SHARE: Final = 0.12
SECOND_TOPIC_SHARE: Final = 0.6
THIRD_TOPIC_SHARE: Final = 0.2
RENOWN_SHAPE: Final = 1.7
RENOWN_MOST: Final = 7.0


class Voice(StrEnum):
    """How somebody writes in passing."""

    CAREFUL = "careful"
    LOOSE = "loose"
    LOWER = "lower"


class Person(msgspec.Struct, frozen=True):
    """The first topic is the dearest; `renown` is how many times as likely one is followed as most are.

    A regular is in every town, to log in as.
    """

    number: int
    username: str
    display_name: str
    bio: str | None
    topics: tuple[str, ...]
    renown: float
    voice: Voice
    regular: bool = False

    @property
    def first_name(self) -> str:
        return self.display_name.split()[0]

    @property
    def email(self) -> str:
        return f"{self.username}@aldermere.example"

    def says(self, text: str) -> str:
        """A text as this person would type it."""
        loose = text.removesuffix(".") if not text.endswith("..") else text
        match self.voice:
            case Voice.CAREFUL:
                return text
            case Voice.LOOSE:
                return loose
            case Voice.LOWER:
                return loose.lower()


def invent_people(count: int, seed: int, library: Library) -> tuple[Person, ...]:
    """Raises `ValueError` where there is no such town."""
    if not FEWEST <= count <= MOST:
        raise ValueError(f"a town has {FEWEST} to {MOST} people")
    names, chance = read_names(), chance_of(seed, "people")
    register = Register(names, chance)
    jobs, quirks = Deck(names.jobs, chance), Deck(names.quirks, chance)
    bios = {topic.name: Deck(topic.bios, chance) for topic in library.circles}
    topics = Deck([topic.name for topic in library.circles for _ in range(topic.weight)], chance)
    people = [
        Person(
            number,
            one.username,
            one.display_name,
            one.bio,
            one.topics,
            one.renown,
            Voice.CAREFUL,
            regular=True,
        )
        for number, one in enumerate(names.regulars)
    ]
    for number in range(len(people), count):
        named = register.next()
        chosen = [topics.draw()]
        for share in (SECOND_TOPIC_SHARE, THIRD_TOPIC_SHARE):
            other = chance.choice(library.circles).name
            if chance.random() < share and other not in chosen:
                chosen.append(other)
        parts = [jobs.draw(), bios[chosen[0]].draw(), quirks.draw()]
        bio = " ".join(parts[: chance.choice((1, 2, 2, 2, 3))]) if chance.random() < 0.7 else parts[1]
        voice = chance.choices(list(Voice), (5, 4, 1))[0]
        person = Person(
            number=number,
            username=named.username,
            display_name=named.display_name,
            bio=None if chance.random() < SILENT_BIO_SHARE else bio,
            topics=tuple(chosen),
            renown=min(RENOWN_MOST, chance.paretovariate(RENOWN_SHAPE)),
            voice=voice,
        )
        people.append(person)
    return tuple(people[:count])
