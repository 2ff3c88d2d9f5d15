"""Plans the users: names, bios, topics and writing styles.

The first users are the same whatever the number of users.
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
    """How a user types short texts."""

    CAREFUL = "careful"
    LOOSE = "loose"
    LOWER = "lower"


class UserPlan(msgspec.Struct, frozen=True):
    """The first topic is the main one. `popularity` multiplies the probability of being followed.

    Login users exist in every plan, for logging in.
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
        """Return the text as this user would type it."""
        loose = text.removesuffix(".") if not text.endswith("..") else text
        match self.writing_style:
            case WritingStyle.CAREFUL:
                return text
            case WritingStyle.LOOSE:
                return loose
            case WritingStyle.LOWER:
                return loose.lower()


def plan_users(count: int, seed: int, library: TopicLibrary) -> tuple[UserPlan, ...]:
    """Raises `ValueError` if `count` is out of range."""
    if not USERS_MIN <= count <= USERS_MAX:
        raise ValueError(f"the number of users must be from {USERS_MIN} to {USERS_MAX}")
    names, rng = read_names(), seeded_random(seed, "people")
    name_generator = NameGenerator(names, rng)
    jobs, quirks = ShuffledCycle(names.jobs, rng), ShuffledCycle(names.quirks, rng)
    bios = {topic.name: ShuffledCycle(topic.bios, rng) for topic in library.interests}
    topics = ShuffledCycle([topic.name for topic in library.interests for _ in range(topic.weight)], rng)
    users = [
        UserPlan(
            number,
            login_user.username,
            login_user.display_name,
            login_user.bio,
            login_user.topics,
            login_user.popularity,
            WritingStyle.CAREFUL,
            is_login_user=True,
        )
        for number, login_user in enumerate(names.login_users)
    ]
    for number in range(len(users), count):
        name = name_generator.generate()
        chosen = [topics.draw()]
        for share in (SECOND_TOPIC_SHARE, THIRD_TOPIC_SHARE):
            extra_topic = rng.choice(library.interests).name
            if rng.random() < share and extra_topic not in chosen:
                chosen.append(extra_topic)
        parts = [jobs.draw(), bios[chosen[0]].draw(), quirks.draw()]
        bio = " ".join(parts[: rng.choice((1, 2, 2, 2, 3))]) if rng.random() < 0.7 else parts[1]
        writing_style = rng.choices(list(WritingStyle), (5, 4, 1))[0]
        user = UserPlan(
            index=number,
            username=name.username,
            display_name=name.display_name,
            bio=None if rng.random() < NO_BIO_SHARE else bio,
            topics=tuple(chosen),
            popularity=min(POPULARITY_MAX, rng.paretovariate(POPULARITY_SHAPE)),
            writing_style=writing_style,
        )
        users.append(user)
    return tuple(users[:count])
