"""The people of the town, as they are thought up: names, what they do, what they care about, how they write.

Somebody is the same person in a town of any size. Never asks a server.
"""

from enum import StrEnum
from typing import Final

import msgspec

from examples.demo.seeded_random import ShuffledCycle, seeded_random
from examples.demo.topic import TopicLibrary
from examples.demo.user_names import NameGenerator, read_names

USERS_MIN: Final = 12
USERS_MAX: Final = 1000
NO_BIO_SHARE: Final = 0.12
SECOND_TOPIC_SHARE: Final = 0.6
THIRD_TOPIC_SHARE: Final = 0.2
POPULARITY_SHAPE: Final = 1.7
POPULARITY_MAX: Final = 7.0


class WritingStyle(StrEnum):
    """How somebody writes in passing."""

    CAREFUL = "careful"
    LOOSE = "loose"
    LOWER = "lower"


class UserPlan(msgspec.Struct, frozen=True):
    """The first topic is the dearest; `renown` is how many times as likely one is followed as most are.

    A regular is in every town, to log in as.
    """

    index: int
    username: str
    display_name: str
    bio: str | None
    topics: tuple[str, ...]
    popularity: float
    writing_style: WritingStyle
    is_login_user: bool = False

    @property
    def first_name(self) -> str:
        return self.display_name.split()[0]

    @property
    def email(self) -> str:
        return f"{self.username}@aldermere.example"

    def apply_writing_style(self, text: str) -> str:
        """A text as this person would type it."""
        loose = text.removesuffix(".") if not text.endswith("..") else text
        match self.writing_style:
            case WritingStyle.CAREFUL:
                return text
            case WritingStyle.LOOSE:
                return loose
            case WritingStyle.LOWER:
                return loose.lower()


def plan_users(count: int, seed: int, library: TopicLibrary) -> tuple[UserPlan, ...]:
    """Raises `ValueError` where there is no such town."""
    if not USERS_MIN <= count <= USERS_MAX:
        raise ValueError(f"a town has {USERS_MIN} to {USERS_MAX} people")
    names, chance = read_names(), seeded_random(seed, "people")
    register = NameGenerator(names, chance)
    jobs, quirks = ShuffledCycle(names.jobs, chance), ShuffledCycle(names.quirks, chance)
    bios = {topic.name: ShuffledCycle(topic.bios, chance) for topic in library.interests}
    topics = ShuffledCycle([topic.name for topic in library.interests for _ in range(topic.weight)], chance)
    people = [
        UserPlan(
            number,
            one.username,
            one.display_name,
            one.bio,
            one.topics,
            one.popularity,
            WritingStyle.CAREFUL,
            is_login_user=True,
        )
        for number, one in enumerate(names.login_users)
    ]
    for number in range(len(people), count):
        named = register.generate()
        chosen = [topics.draw()]
        for share in (SECOND_TOPIC_SHARE, THIRD_TOPIC_SHARE):
            other = chance.choice(library.interests).name
            if chance.random() < share and other not in chosen:
                chosen.append(other)
        parts = [jobs.draw(), bios[chosen[0]].draw(), quirks.draw()]
        bio = " ".join(parts[: chance.choice((1, 2, 2, 2, 3))]) if chance.random() < 0.7 else parts[1]
        voice = chance.choices(list(WritingStyle), (5, 4, 1))[0]
        person = UserPlan(
            index=number,
            username=named.username,
            display_name=named.display_name,
            bio=None if chance.random() < NO_BIO_SHARE else bio,
            topics=tuple(chosen),
            popularity=min(POPULARITY_MAX, chance.paretovariate(POPULARITY_SHAPE)),
            writing_style=voice,
        )
        people.append(person)
    return tuple(people[:count])
